"""What snapshots leave in the trail: when taken, restored, undone and deleted."""

from datetime import datetime
from typing import Any

import pytest

from shuffify.audit import bind
from shuffify.models.db import PlaylistSnapshot, User
from tests.models.trails import NOON, Trail, changes, facts


def make_snapshot(user: User, **values: Any) -> PlaylistSnapshot:
    return PlaylistSnapshot(
        **{
            "user_id": user.id, "playlist_id": "p1", "playlist_name": "Mix",
            "track_uris": ["a", None, "b"], "track_count": 3, "created_at": NOON, **values,
        }
    )


@pytest.mark.parametrize(
    ("snapshot_type", "sentence"),
    [
        ("manual", "Created snapshot of 'Mix' (3 tracks)"),
        ("auto_pre_shuffle", "Saved 'Mix' before shuffle"),
        ("auto_pre_commit", "Saved 'Mix' before workshop commit"),
        ("auto_pre_restore", "Saved 'Mix' before restore"),
        ("auto_pre_raid", "Saved 'Mix' before raid"),
        ("scheduled_pre_execution", "Saved 'Mix' before scheduled shuffle"),
    ],
)
def test_a_new_snapshot_says_what_it_was_taken_for(
    trail: Trail, user: User, snapshot_type: str, sentence: str
) -> None:
    state = None if snapshot_type == "manual" else "pending"
    snapshot = make_snapshot(user, snapshot_type=snapshot_type, write_state=state)
    row = trail.one(snapshot)
    assert (row.activity_type, row.description) == ("snapshot_create", sentence)
    assert (row.playlist_id, row.playlist_name) == ("p1", "Mix")
    assert facts(row) == {
        "snapshot_id": snapshot.id, "snapshot_type": snapshot_type, "track_count": 3,
        "automatic": snapshot_type != "manual",
    }
    assert set(changes(row)["track_uris"][1]) == {"count", "bytes", "sha256"}


def test_a_snapshot_of_one_track_is_singular(trail: Trail, user: User) -> None:
    row = trail.one(make_snapshot(user, track_uris=["a"], track_count=1))
    assert row.description == "Created snapshot of 'Mix' (1 track)"


def test_bookkeeping_of_a_snapshot_leaves_nothing(trail: Trail, user: User) -> None:
    snapshot = make_snapshot(user, write_state="pending", snapshot_type="auto_pre_shuffle")
    trail.commit(snapshot)
    snapshot.write_state, snapshot.write_target = "applied", "d" * 64
    assert trail.commit() == []
    snapshot.track_uris, snapshot.track_count, snapshot.playlist_name = ["a"], 1, "Mix 2"
    assert trail.commit() == []
    snapshot.undone_at = NOON
    assert trail.commit() == []


def test_a_restore_an_undo_and_a_restore_of_what_was_undone(trail: Trail, user: User) -> None:
    snapshot = make_snapshot(user, snapshot_type="auto_pre_shuffle", write_state="applied")
    trail.commit(snapshot)
    expected = {
        "snapshot_id": snapshot.id, "snapshot_type": "auto_pre_shuffle", "track_count": 3,
        "taken_at": "2026-11-23T14:02:03+00:00",
    }
    snapshot.restored_at = snapshot.undone_at = NOON
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "snapshot_restore", "Undid the last change to 'Mix'",
    )
    assert facts(row) == {**expected, "undo": True}

    snapshot.restored_at = datetime(2026, 11, 24)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "snapshot_restore", "Restored 'Mix' to the snapshot of 2026-11-23 14:02 UTC",
    )
    assert facts(row) == {**expected, "undo": False}


def test_a_snapshot_is_deleted_by_hand_or_by_retention(trail: Trail, user: User) -> None:
    manual, old = make_snapshot(user), make_snapshot(user, snapshot_type="auto_pre_raid")
    trail.commit(manual, old)
    manual_id = manual.id
    trail.db.session.delete(manual)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "snapshot_delete", "Deleted snapshot of 'Mix' from 2026-11-23 14:02 UTC",
    )
    assert facts(row) == {
        "snapshot_id": manual_id, "snapshot_type": "manual", "track_count": 3,
        "taken_at": "2026-11-23T14:02:03+00:00", "automatic": False,
    }
    trail.db.session.delete(old)
    with bind(reason="retention"):
        row = trail.one()
    assert row.description == "Removed old snapshot of 'Mix' from 2026-11-23 14:02 UTC"
    assert facts(row)["automatic"] is True
    assert facts(row)["reason"] == "retention"
