from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError,
    PlaylistChangedError,
    PlaylistNotFoundError,
    PlaylistService,
    PlaylistSnapshotService,
    PlaylistWriteError,
)
from shuffify.spotify.errors import UnwritableRowsError
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
MIXED = library.PLAYLISTS["mixed"]


def base(sandbox: Sandbox, playlist_id: str = PLAYLIST) -> tuple[list[str], str]:
    """Return what a client may send back, and the version that it saw."""
    uris = [uri for uri in sandbox.uris(playlist_id) if uri is not None]
    return uris, sandbox.snapshot_id(playlist_id)


def snapshots(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


def test_commit_writes_the_list_and_leaves_its_rows(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris, version = base(sandbox)
    new = sandbox.uris(library.PLAYLISTS["twelve"])[0] or ""
    wanted = [new, *uris[2:], uris[0]]

    done = PlaylistService.commit(mira, PLAYLIST, wanted, version)

    assert sandbox.uris(PLAYLIST) == wanted
    assert (done.changed, done.undo_steps) == (True, 1)
    assert (done.diff.added, done.diff.removed, done.diff.moved) == (1, 1, 1)
    snapshot = snapshots(outside)[0]
    assert (snapshot.snapshot_type, snapshot.track_uris) == ("auto_pre_commit", uris)
    assert trail.sentences == [
        ("snapshot_create", f"Saved '{NAME}' before workshop commit"),
        ("workshop_commit", f"Committed workshop changes to '{NAME}'"),
    ]
    assert trail.last.metadata_json == {
        "track_count": 120,
        "added": 1,
        "removed": 1,
        "moved": 1,
        "method": "replace",
        "outcome": "applied",
        "snapshot_id": snapshot.id,
    }
    assert (trail.last.user_id, trail.last.playlist_id) == (mira, PLAYLIST)


def test_commit_can_empty_a_list_and_be_undone(mira: int, sandbox: Sandbox) -> None:
    uris, version = base(sandbox)

    PlaylistService.commit(mira, PLAYLIST, [], version)
    assert sandbox.uris(PLAYLIST) == []

    undone = PlaylistSnapshotService.undo(mira, PLAYLIST)
    assert not undone.changed
    assert undone.not_restored == len(uris)
    assert undone.reason is not None and "stands in that order already" in undone.reason
    PlaylistSnapshotService.restore(mira, undone.snapshot_id)
    assert sandbox.uris(PLAYLIST) == uris


def test_commit_of_what_stands_changes_nothing(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    assert not PlaylistService.commit(mira, PLAYLIST, *base(sandbox)).changed
    assert trail.rows == []


def test_list_that_moved_meanwhile_is_left_alone(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris, version = base(sandbox)
    sandbox.edit(PLAYLIST, "move", range_start=0, insert_before=5)
    now = sandbox.uris(PLAYLIST)

    with pytest.raises(PlaylistChangedError) as refusal:
        PlaylistService.commit(mira, PLAYLIST, uris[::-1], version)

    assert refusal.value.snapshot_id == sandbox.snapshot_id(PLAYLIST)
    assert sandbox.uris(PLAYLIST) == now
    assert snapshots(outside) == []
    assert trail.rows == []


def test_null_rows_keep_their_places_and_local_files_may_move(
    mira: int, sandbox: Sandbox
) -> None:
    before = sandbox.uris(MIXED)
    uris, version = base(sandbox, MIXED)

    PlaylistService.commit(mira, MIXED, uris[::-1], version)

    after = sandbox.uris(MIXED)
    assert Counter(after) == Counter(before)
    assert [uri for uri in after if uri] == uris[::-1]


def test_commit_that_drops_a_local_file_is_refused(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris, version = base(sandbox, MIXED)
    kept = [uri for uri in uris if not uri.startswith("spotify:local:")]

    with pytest.raises(UnwritableRowsError):
        PlaylistService.commit(mira, MIXED, kept, version)
    assert [uri for uri in sandbox.uris(MIXED) if uri] == uris
    assert snapshots(outside) == []
    assert trail.rows == []


def test_list_of_somebody_else_is_not_committed(mira: int, trail: Trail) -> None:
    with pytest.raises(PlaylistAccessError):
        PlaylistService.commit(mira, library.PLAYLISTS["foreign_public"], [], "version")
    with pytest.raises(PlaylistNotFoundError):
        PlaylistService.commit(mira, "0" * 22, [], "version")
    assert trail.rows == []


def test_interrupted_commit_is_in_the_trail(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris, version = base(sandbox)
    items = f"/v1/playlists/{PLAYLIST}/items"
    sandbox.fault("rate_limit", path=items, method="POST", count=None, retry_after=3600)
    sandbox.fault("rate_limit", path=items, method="PUT", position=2, count=None, retry_after=3600)

    with pytest.raises(PlaylistWriteError):
        PlaylistService.commit(mira, PLAYLIST, uris[::-1], version)

    assert snapshots(outside)[0].write_state == "interrupted"
    assert trail.sentences[1:] == [
        ("workshop_commit", f"Committing workshop changes to '{NAME}' was interrupted")
    ]
    assert (trail.last.metadata_json or {})["outcome"] == "interrupted"
