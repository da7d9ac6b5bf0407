from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError,
    PlaylistSnapshotLimitError,
    PlaylistSnapshotNotFoundError,
    PlaylistSnapshotService,
    PlaylistSnapshotValidationError,
    ShuffleService,
    UserSettingsService,
)
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["mixed"]
NAME = library.PLAYLIST_NAMES["mixed"]
LONG_AGO = datetime(2026, 1, 1)


def stored(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


def put(outside: Session, user_id: int, day: int, **columns: object) -> int:
    """Store an automatic snapshot of a day in January, a step of undo unless told otherwise."""
    snapshot = PlaylistSnapshot(
        **{
            "user_id": user_id,
            "playlist_id": PLAYLIST,
            "playlist_name": NAME,
            "track_uris": [],
            "track_count": 0,
            "snapshot_type": "auto_pre_shuffle",
            "write_state": "applied",
            "created_at": LONG_AGO + timedelta(days=day),
            **columns,
        }
    )
    outside.add(snapshot)
    outside.commit()
    return snapshot.id


def test_snapshot_by_hand_holds_every_row_of_the_fresh_list(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris = sandbox.uris(PLAYLIST)

    snapshot = PlaylistSnapshotService.create_snapshot(
        mira, PLAYLIST, trigger_description="  before the party "
    )

    row = stored(outside)[0]
    assert (row.id, row.track_uris, row.track_count) == (snapshot.id, uris, len(uris))
    assert None in row.track_uris
    assert (row.snapshot_type, row.write_state) == ("manual", None)
    assert row.trigger_description == "before the party"
    assert trail.sentences == [
        ("snapshot_create", f"Created snapshot of '{NAME}' ({len(uris)} tracks)")
    ]
    entry = trail.last
    assert (entry.user_id, entry.playlist_id, entry.playlist_name) == (mira, PLAYLIST, NAME)
    assert (entry.metadata_json or {})["automatic"] is False


def test_list_that_may_not_be_read_has_no_snapshot(mira: int, outside: Session) -> None:
    with pytest.raises(PlaylistAccessError):
        PlaylistSnapshotService.create_snapshot(mira, library.PLAYLISTS["foreign_public"])
    assert stored(outside) == []


@pytest.mark.parametrize("text", ["x" * 501, "a\0b"])
def test_description_that_cannot_be_kept_is_refused(
    mira: int, outside: Session, text: str
) -> None:
    with pytest.raises(PlaylistSnapshotValidationError):
        PlaylistSnapshotService.create_snapshot(mira, PLAYLIST, trigger_description=text)
    assert stored(outside) == []


def test_fifty_first_snapshot_by_hand_is_refused_and_none_is_evicted(
    mira: int, outside: Session, trail: Trail
) -> None:
    for day in range(50):
        put(outside, mira, day, snapshot_type="manual", write_state=None)

    with pytest.raises(PlaylistSnapshotLimitError, match="50 snapshots"):
        PlaylistSnapshotService.create_snapshot(mira, PLAYLIST)
    assert PlaylistSnapshotService.prune(mira, PLAYLIST) == 0
    assert len(stored(outside)) == 50
    assert trail.rows == []


def test_snapshots_are_listed_newest_first_and_limited(
    mira: int, jonas: int, outside: Session
) -> None:
    ids = [put(outside, mira, day) for day in range(4)]
    put(outside, jonas, 9)
    put(outside, mira, 9, playlist_id=library.PLAYLISTS["one"])

    listed = PlaylistSnapshotService.list(mira, PLAYLIST, limit=3)
    assert [snapshot.id for snapshot in listed] == ids[:0:-1]


def test_deleted_snapshot_is_gone_and_named_in_the_trail(
    mira: int, outside: Session, trail: Trail
) -> None:
    snapshot_id = put(outside, mira, 0)

    PlaylistSnapshotService.delete_snapshot(mira, snapshot_id)

    assert stored(outside) == []
    assert trail.sentences == [
        ("snapshot_delete", f"Deleted snapshot of '{NAME}' from 2026-01-01 00:00 UTC")
    ]
    assert (trail.last.source, trail.last.playlist_name) == ("test", NAME)
    with pytest.raises(PlaylistSnapshotNotFoundError):
        PlaylistSnapshotService.delete_snapshot(mira, snapshot_id)


def test_snapshots_of_others_are_not_found(mira: int, jonas: int, outside: Session) -> None:
    snapshot_id = put(outside, jonas, 0)

    with pytest.raises(PlaylistSnapshotNotFoundError):
        PlaylistSnapshotService.get(mira, snapshot_id)
    with pytest.raises(PlaylistSnapshotNotFoundError):
        PlaylistSnapshotService.delete_snapshot(mira, snapshot_id)
    assert PlaylistSnapshotService.get(jonas, snapshot_id).id == snapshot_id
    assert PlaylistSnapshotService.list(mira, PLAYLIST) == []


def test_retention_removes_what_is_no_step_first_and_then_the_oldest(
    mira: int, outside: Session, trail: Trail
) -> None:
    oldest = put(outside, mira, 1)
    put(outside, mira, 2)
    put(outside, mira, 3, undone_at=LONG_AGO)
    put(outside, mira, 4)
    put(outside, mira, 5, write_state="void")
    kept = [
        put(outside, mira, 0, write_state="pending"),
        put(outside, mira, 0, write_state="interrupted"),
        put(outside, mira, 0, snapshot_type="manual", write_state=None),
        put(outside, mira, 0, playlist_id=library.PLAYLISTS["one"]),
    ]
    UserSettingsService.update(mira, max_snapshots_per_playlist=2)

    assert PlaylistSnapshotService.prune(mira, PLAYLIST) == 3

    left = stored(outside)
    assert {row.id for row in left}.issuperset(kept)
    days = [row.created_at.day - 1 for row in left if row.id not in kept]
    assert days == [2, 4]
    assert oldest not in {row.id for row in left}
    removed = [row for row in trail.rows if row.activity_type == "snapshot_delete"]
    assert {row.source for row in removed} == {"retention"}
    assert PlaylistSnapshotService.prune(mira, PLAYLIST) == 0


def test_steps_of_undo_are_counted_for_each_user_and_list(
    mira: int, jonas: int, outside: Session
) -> None:
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    put(outside, mira, 1, undone_at=LONG_AGO)
    put(outside, mira, 2, write_state="void")
    put(outside, mira, 3, snapshot_type="manual", write_state=None)
    put(outside, jonas, 4)

    assert PlaylistSnapshotService.undo_steps(mira, PLAYLIST) == 1
    assert PlaylistSnapshotService.undo_steps(jonas, PLAYLIST) == 1
    assert PlaylistSnapshotService.undo_steps(mira, library.PLAYLISTS["one"]) == 0
