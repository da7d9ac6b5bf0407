"""Undo and restore through the sandbox, and the pure orders behind them."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    JOB,
    REQUEST,
    NothingToUndoError,
    PlaylistSnapshotNotFoundError,
    PlaylistSnapshotService,
    PlaylistWriteError,
    ShuffleService,
    UserSettingsService,
)
from shuffify.services.undo import SnapshotDiff, undo_order
from shuffify.spotify.errors import UnwritableRowsError
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
MIXED = library.PLAYLISTS["mixed"]
LOCAL_FILE = "spotify:local:Ana:Casa:Mar:187"
ITEMS = f"/v1/playlists/{PLAYLIST}/items"

rows = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=12)


def stored(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


@given(fresh=rows, older=rows)
def test_undo_loses_no_row_and_invents_none(
    fresh: list[str | None], older: list[str | None]
) -> None:
    order = undo_order(fresh, older)

    assert Counter(order.target) == Counter(fresh)
    assert [i for i, uri in enumerate(order.target) if uri is None] == [
        i for i, uri in enumerate(fresh) if uri is None
    ]
    known = [uri for uri in older if uri is not None]
    there = [uri for uri in fresh if uri is not None]
    assert order.kept_added == (Counter(there) - Counter(known)).total()
    assert order.not_restored == (Counter(known) - Counter(there)).total()


@given(fresh=rows, older=rows)
def test_undo_follows_the_older_order(fresh: list[str | None], older: list[str | None]) -> None:
    order = undo_order(fresh, older)
    followed = [uri for uri in order.target if uri is not None]
    followed = followed[: len(followed) - order.kept_added]

    remaining = iter([uri for uri in older if uri is not None])
    assert all(any(uri == other for other in remaining) for uri in followed)


@pytest.mark.parametrize(
    ("fresh", "older", "target"),
    [
        ("cab", "abc", "abc"),
        ("cxab", "abc", "abcx"),
        ("ca", "abc", "ac"),
        ("aab", "aba", "aba"),
        ("xyab", "bay", "bayx"),
        ("", "abc", ""),
    ],
)
def test_undo_of_small_lists(fresh: str, older: str, target: str) -> None:
    assert "".join(uri or "" for uri in undo_order(fresh, older).target) == target


def test_undo_brings_the_order_back_and_leaves_its_rows(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    taken = stored(outside)[0]

    undone = PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert sandbox.uris(PLAYLIST) == before
    assert (undone.changed, undone.reason, undone.undo_steps) == (True, None, 0)
    assert (undone.kept_added, undone.not_restored) == (0, 0)
    assert undone.snapshot_id == taken.id
    step, own = stored(outside)
    assert step.undone_at is not None
    assert step.restored_at is not None
    assert (own.snapshot_type, own.write_state) == ("auto_pre_restore", "applied")
    assert own.undone_at is not None
    assert own.restores_id == step.id
    assert trail.sentences[2:] == [
        ("snapshot_create", f"Saved '{NAME}' before restore"),
        ("snapshot_restore", f"Undid the last change to '{NAME}'"),
    ]
    facts = trail.last.metadata_json or {}
    assert (facts["undo"], facts["snapshot_id"], facts["track_count"]) == (True, step.id, 120)
    assert (trail.last.user_id, trail.last.playlist_name) == (mira, NAME)


def test_each_undo_goes_one_step_further_back(mira: int, sandbox: Sandbox) -> None:
    orders = [sandbox.uris(PLAYLIST)]
    for seed in (1, 2, 3):
        ShuffleService.shuffle(mira, PLAYLIST, seed=seed)
        orders.append(sandbox.uris(PLAYLIST))

    for steps_left, order in zip((2, 1, 0), orders[-2::-1], strict=True):
        undone = PlaylistSnapshotService.undo(mira, PLAYLIST)
        assert sandbox.uris(PLAYLIST) == order
        assert undone.undo_steps == steps_left
    with pytest.raises(NothingToUndoError):
        PlaylistSnapshotService.undo(mira, PLAYLIST)


def test_rows_added_since_stay_and_rows_removed_since_do_not_return(
    mira: int, sandbox: Sandbox
) -> None:
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    new = sandbox.uris(library.PLAYLISTS["twelve"])[:2]
    sandbox.edit(PLAYLIST, "add", uris=new, position=0)
    gone = next(uri for uri in before if uri not in new)
    sandbox.edit(PLAYLIST, "remove", uris=[gone])

    undone = PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert sandbox.uris(PLAYLIST) == [uri for uri in before if uri != gone] + new
    assert (undone.kept_added, undone.not_restored) == (2, 1)


def test_step_whose_order_stands_is_marked_without_a_write_or_a_row(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    sandbox.edit(PLAYLIST, "replace", uris=before)
    rows_before = len(trail.rows)

    undone = PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert (undone.changed, undone.undo_steps) == (False, 0)
    assert undone.reason
    step = stored(outside)[0]
    assert (step.undone_at is not None, step.restored_at) == (True, None)
    assert len(trail.rows) == rows_before
    assert len(stored(outside)) == 1


def test_nothing_to_undo_is_said_without_a_write(
    mira: int, jonas: int, sandbox: Sandbox, trail: Trail
) -> None:
    shared = library.PLAYLISTS["shared"]
    ShuffleService.shuffle(jonas, shared, seed=1)
    rows_before = len(trail.rows)

    with pytest.raises(NothingToUndoError):
        PlaylistSnapshotService.undo(mira, shared)
    assert len(trail.rows) == rows_before


def test_failed_undo_keeps_its_step(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    order = sandbox.uris(PLAYLIST)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=1, retry_after=3600)

    with pytest.raises(PlaylistWriteError) as failure:
        PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert failure.value.restored
    assert sandbox.uris(PLAYLIST) == order
    assert PlaylistSnapshotService.undo_steps(mira, PLAYLIST) == 1
    assert trail.last.description == f"Saved '{NAME}' before restore"


@pytest.mark.parametrize("exactly", [False, True])
def test_what_a_job_did_to_a_long_list_with_a_local_file_can_be_taken_back(
    mira: int, sandbox: Sandbox, outside: Session, exactly: bool
) -> None:
    songs = [uri for uri in sandbox.uris(library.PLAYLISTS["four_thirty"]) if uri][:320]
    sandbox.edit(PLAYLIST, "replace", uris=[LOCAL_FILE, *songs])
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1, limits=JOB)
    assert sandbox.uris(PLAYLIST) != before

    if exactly:
        PlaylistSnapshotService.restore(mira, stored(outside)[0].id)
    else:
        PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert sandbox.uris(PLAYLIST) == before


def test_advice_about_what_takes_too_long_to_take_back_can_be_followed(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    sandbox.edit(PLAYLIST, "add", uris=[LOCAL_FILE])
    few = replace(REQUEST, calls=3)

    with pytest.raises(UnwritableRowsError, match="and 3 are allowed. Take the local files"):
        PlaylistSnapshotService.undo(mira, PLAYLIST, limits=few)

    sandbox.edit(PLAYLIST, "remove_at", positions=[120])
    PlaylistSnapshotService.undo(mira, PLAYLIST, limits=few)
    assert sandbox.uris(PLAYLIST) == before


def test_undone_change_can_be_restored(mira: int, sandbox: Sandbox, outside: Session) -> None:
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    shuffled = sandbox.uris(PLAYLIST)
    PlaylistSnapshotService.undo(mira, PLAYLIST)

    restored = PlaylistSnapshotService.restore(mira, stored(outside)[-1].id)

    assert sandbox.uris(PLAYLIST) == shuffled
    assert (restored.changed, restored.undo_steps) == (True, 1)


def test_undo_in_a_full_history_leaves_all_its_rows(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    UserSettingsService.update(mira, max_snapshots_per_playlist=1)
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)

    PlaylistSnapshotService.undo(mira, PLAYLIST)

    assert sandbox.uris(PLAYLIST) == before
    assert [kind for kind, _ in trail.sentences][-2:] == ["snapshot_create", "snapshot_restore"]
    assert trail.last.source == "test"


@pytest.mark.parametrize("playlist_id", [PLAYLIST, MIXED])
def test_restore_is_exact_and_leaves_its_rows(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail, playlist_id: str
) -> None:
    uris = sandbox.uris(playlist_id)
    manual = PlaylistSnapshotService.create_snapshot(mira, playlist_id)
    taken_at = f"{manual.created_at:%Y-%m-%d %H:%M} UTC"
    snapshot_id = manual.id
    ShuffleService.shuffle(mira, playlist_id, seed=1)

    restored = PlaylistSnapshotService.restore(mira, snapshot_id)

    assert sandbox.uris(playlist_id) == uris
    assert (restored.changed, restored.undo_steps) == (True, 2)
    assert stored(outside)[0].restored_at is not None
    name = trail.last.playlist_name
    assert trail.sentences[-2:] == [
        ("snapshot_create", f"Saved '{name}' before restore"),
        ("snapshot_restore", f"Restored '{name}' to the snapshot of {taken_at}"),
    ]
    facts = trail.last.metadata_json or {}
    assert (facts["undo"], facts["snapshot_type"]) == (False, "manual")


def test_restore_can_empty_a_list(mira: int, sandbox: Sandbox, outside: Session) -> None:
    playlist_id = library.PLAYLISTS["empty"]
    snapshot_id = PlaylistSnapshotService.create_snapshot(mira, playlist_id).id
    sandbox.edit(playlist_id, "add", uris=sandbox.uris(PLAYLIST)[:3])

    PlaylistSnapshotService.restore(mira, snapshot_id)

    assert sandbox.uris(playlist_id) == []


def test_restore_of_what_stands_changes_nothing(
    mira: int, outside: Session, trail: Trail
) -> None:
    snapshot_id = PlaylistSnapshotService.create_snapshot(mira, PLAYLIST).id

    assert not PlaylistSnapshotService.restore(mira, snapshot_id).changed
    assert stored(outside)[0].restored_at is None
    assert len(trail.rows) == 1


def test_restore_that_would_lose_a_local_file_asks_first(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    playlist_id = library.PLAYLISTS["local_files"]
    snapshot_id = PlaylistSnapshotService.create_snapshot(mira, playlist_id).id
    uris = sandbox.uris(playlist_id)
    local = next(uri for uri in uris if uri and uri.startswith("spotify:local:"))
    sandbox.edit(playlist_id, "remove_at", positions=[uris.index(local)])
    rows_before = len(trail.rows)

    difference = PlaylistSnapshotService.diff(mira, snapshot_id)
    assert difference is not None
    assert difference.to_dict() == {"added": 1, "removed": 0, "moved": 0, "unwritable": 1}
    with pytest.raises(UnwritableRowsError):
        PlaylistSnapshotService.restore(mira, snapshot_id)
    assert len(trail.rows) == rows_before

    sandbox.edit(playlist_id, "move", range_start=0, insert_before=2)
    PlaylistSnapshotService.restore(mira, snapshot_id, accept_local_loss=True)
    expected = [uri for index, uri in enumerate(uris) if index != uris.index(local)]
    assert sandbox.uris(playlist_id) == expected


def test_snapshots_of_others_are_not_restored(
    mira: int, jonas: int, sandbox: Sandbox
) -> None:
    shared = library.PLAYLISTS["shared"]
    snapshot_id = PlaylistSnapshotService.create_snapshot(jonas, shared).id

    with pytest.raises(PlaylistSnapshotNotFoundError):
        PlaylistSnapshotService.restore(mira, snapshot_id)
    with pytest.raises(PlaylistSnapshotNotFoundError):
        PlaylistSnapshotService.diff(mira, snapshot_id)


def test_comparison_waits_for_spotify_to_come_back(mira: int, sandbox: Sandbox) -> None:
    snapshot_id = PlaylistSnapshotService.create_snapshot(mira, PLAYLIST).id

    assert PlaylistSnapshotService.diff(mira, snapshot_id) == SnapshotDiff(0, 0, 0, 0)
    sandbox.fault("error_before", count=None)
    assert PlaylistSnapshotService.diff(mira, snapshot_id) is None


def test_snapshot_stays_readable_when_its_list_or_the_connection_is_gone(
    mira: int, sandbox: Sandbox
) -> None:
    snapshot_id = PlaylistSnapshotService.create_snapshot(mira, PLAYLIST).id

    sandbox.edit(PLAYLIST, "delete")
    assert PlaylistSnapshotService.diff(mira, snapshot_id) is None
    sandbox.expire_access_tokens()
    sandbox.revoke()
    assert PlaylistSnapshotService.diff(mira, snapshot_id) is None
    assert PlaylistSnapshotService.get(mira, snapshot_id).track_count > 0
