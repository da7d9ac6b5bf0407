"""What each model leaves in the trail: type, sentence, playlist and facts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shuffify.audit import bind
from shuffify.models.db import (
    ActivityLog,
    JobExecution,
    LoginHistory,
    PlaylistSnapshot,
    Schedule,
    SchedulerState,
    UpstreamSource,
    User,
    UserSettings,
    WorkshopSession,
)

NOON = datetime(2026, 11, 23, 14, 2, 3)


class Trail:
    """The rows that each step added."""

    def __init__(self, db: SQLAlchemy) -> None:
        self.db = db
        self.seen = 0

    def commit(self, *rows: Any) -> list[ActivityLog]:
        """Commit, with new rows given, and return what the trail gained."""
        self.db.session.add_all(rows)
        self.db.session.commit()
        new = select(ActivityLog).where(ActivityLog.id > self.seen).order_by(ActivityLog.id)
        found = list(self.db.session.scalars(new))
        self.seen = max((row.id for row in found), default=self.seen)
        self.db.session.commit()
        return found

    def one(self, *rows: Any) -> ActivityLog:
        """Commit and return the one row that the trail gained."""
        found = self.commit(*rows)
        assert len(found) == 1, found
        assert found[0].source == "test"
        return found[0]


@pytest.fixture
def trail(db: SQLAlchemy, user: User) -> Iterator[Trail]:
    with bind(user_id=user.id, source="test", request_id="r-1"):
        yield Trail(db)


def facts(row: ActivityLog) -> dict[str, Any]:
    """Return the metadata without the changes."""
    return {key: value for key, value in (row.metadata_json or {}).items() if key != "changes"}


def changes(row: ActivityLog) -> dict[str, Any]:
    return dict((row.metadata_json or {})["changes"])


def make_schedule(user: User, **values: Any) -> Schedule:
    return Schedule(
        **{
            "user_id": user.id, "job_type": "shuffle", "target_playlist_id": "p1",
            "target_playlist_name": "Mix", "algorithm_name": "BasicShuffle",
            "algorithm_params": {"keep_first": 2}, **values,
        }
    )


def make_snapshot(user: User, **values: Any) -> PlaylistSnapshot:
    return PlaylistSnapshot(
        **{
            "user_id": user.id, "playlist_id": "p1", "playlist_name": "Mix",
            "track_uris": ["a", None, "b"], "track_count": 3, "created_at": NOON, **values,
        }
    )


def test_a_workshop_session_is_saved_updated_renamed_and_deleted(
    trail: Trail, user: User
) -> None:
    session = WorkshopSession(
        user_id=user.id, playlist_id="p1", playlist_name="Mix", session_name="Draft",
        track_uris=["a", "b"],
    )
    row = trail.one(session)
    assert (row.activity_type, row.description) == (
        "workshop_session_save", "Saved workshop session 'Draft'",
    )
    assert (row.playlist_id, row.playlist_name) == ("p1", "Mix")
    assert (row.entity_type, row.entity_id) == ("workshop_session", str(session.id))
    base = {"session_name": "Draft", "track_count": 2, "session_id": session.id}
    assert facts(row) == {**base, "operation": "create"}

    session.track_uris = ["b"]
    row = trail.one()
    assert row.description == "Updated workshop session 'Draft'"
    assert facts(row) == {**base, "track_count": 1, "operation": "update"}
    assert set(changes(row)) == {"track_uris"}
    assert {"count", "bytes", "sha256"} == set(changes(row)["track_uris"][0])

    session.session_name = "Final"
    row = trail.one()
    assert row.description == "Renamed workshop session 'Draft' to 'Final'"
    assert changes(row) == {"session_name": ["Draft", "Final"]}
    assert facts(row)["track_count"] == 1

    session.playlist_name = "Mix 2"
    assert trail.commit() == []

    trail.db.session.delete(session)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "workshop_session_delete", "Deleted workshop session 'Final'",
    )
    assert (row.playlist_id, row.playlist_name) == ("p1", "Mix 2")
    assert facts(row) == {
        "session_name": "Final", "track_count": 1, "session_id": int(row.entity_id or 0),
    }


def test_a_source_is_added_and_removed_and_its_refreshed_names_are_nobodys_act(
    trail: Trail, user: User
) -> None:
    source = UpstreamSource(
        user_id=user.id, target_playlist_id="p1", target_playlist_name="Mix",
        source_playlist_id="s1", source_name="Fresh", source_type="external",
    )
    row = trail.one(source)
    assert (row.activity_type, row.description, row.playlist_id, row.playlist_name) == (
        "upstream_source_add", "Added upstream source 'Fresh' to 'Mix'", "p1", "Mix",
    )
    expected = {
        "source_playlist_id": "s1", "source_type": "external", "source_name": "Fresh",
        "source_id": source.id,
    }
    assert facts(row) == expected

    source.source_name = "Fresher"
    source.target_playlist_name = "Mix 2"
    assert trail.commit() == []

    trail.db.session.delete(source)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "upstream_source_delete", "Removed upstream source 'Fresher' from 'Mix 2'",
    )
    assert facts(row) == {**expected, "source_name": "Fresher"}


def test_a_schedule_is_created_updated_toggled_and_deleted(trail: Trail, user: User) -> None:
    schedule = make_schedule(user)
    row = trail.one(schedule)
    assert (row.activity_type, row.description, row.playlist_id, row.playlist_name) == (
        "schedule_create", "Created shuffle schedule for 'Mix'", "p1", "Mix",
    )
    common = {
        "schedule_id": schedule.id, "job_type": "shuffle", "schedule_value": "daily",
        "algorithm_name": "BasicShuffle",
    }
    assert facts(row) == {
        **common, "schedule_type": "interval", "source_count": 0, "is_enabled": True,
    }
    assert changes(row)["algorithm_params"] == [None, {"keep_first": 2}]

    schedule.schedule_value = "weekly"
    schedule.algorithm_params = {"keep_first": 3}
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "schedule_update", "Updated shuffle schedule for 'Mix' (algorithm_params, schedule_value)",
    )
    assert facts(row) == {
        "schedule_id": schedule.id, "updated_fields": ["algorithm_params", "schedule_value"],
    }
    assert changes(row) == {
        "algorithm_params": [{"keep_first": 2}, {"keep_first": 3}],
        "schedule_value": ["daily", "weekly"],
    }

    schedule.is_enabled = False
    schedule.next_run_at = None
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "schedule_toggle", "Disabled shuffle schedule for 'Mix'",
    )
    assert facts(row) == {"schedule_id": schedule.id, "is_enabled": False}

    schedule.is_enabled = True
    schedule.schedule_value = "daily"
    row = trail.one()
    assert row.activity_type == "schedule_update"
    assert facts(row)["updated_fields"] == ["is_enabled", "schedule_value"]

    schedule.is_enabled = False
    trail.one()
    schedule.is_enabled = True
    assert trail.one().description == "Enabled shuffle schedule for 'Mix'"

    schedule.last_run_at = schedule.anchor_at = schedule.next_run_at = NOON
    schedule.last_status, schedule.last_error = "failed", "Gone"
    schedule.target_playlist_name = "Mix 2"
    assert trail.commit() == []

    trail.db.session.delete(schedule)
    row = trail.one()
    assert (row.activity_type, row.description, row.playlist_name) == (
        "schedule_delete", "Deleted shuffle schedule for 'Mix 2'", "Mix 2",
    )
    assert facts(row) == common


def test_deleting_a_schedule_with_runs_leaves_one_row(trail: Trail, user: User) -> None:
    schedule = make_schedule(user, job_type="raid_and_shuffle")
    trail.commit(schedule, JobExecution(schedule=schedule, trigger="manual"))
    trail.db.session.delete(schedule)
    row = trail.one()
    assert row.description == "Deleted raid and shuffle schedule for 'Mix'"
    assert trail.db.session.scalars(select(JobExecution)).all() == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"trigger": "manual", "status": "success"},
         "Manually ran shuffle schedule for 'Mix'"),
        ({"trigger": "manual", "status": "failed", "error_message": "Spotify is away."},
         "Manual run of shuffle schedule for 'Mix' failed: Spotify is away."),
        ({"trigger": "scheduler", "status": "success", "due_at": NOON},
         "Scheduled shuffle on 'Mix' completed"),
        ({"trigger": "scheduler", "status": "failed", "due_at": NOON, "error_message": "Gone."},
         "Scheduled shuffle on 'Mix' failed: Gone."),
        ({"trigger": "scheduler", "status": "skipped", "due_at": NOON, "error_message": "Busy."},
         "Scheduled shuffle on 'Mix' skipped: Busy."),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_run_leaves_its_row_when_it_ends(
    trail: Trail, user: User, values: dict[str, Any], sentence: str, at_once: bool
) -> None:
    schedule = make_schedule(user)
    trail.commit(schedule)
    ending = {"tracks_added": 4, "tracks_total": 9, "completed_at": NOON, **values}
    if at_once:
        run = JobExecution(schedule_id=schedule.id, **ending)
        row = trail.one(run)
    else:
        run = JobExecution(
            schedule_id=schedule.id, trigger=values["trigger"], due_at=values.get("due_at")
        )
        assert trail.commit(run) == []
        for name, value in ending.items():
            setattr(run, name, value)
        row = trail.one()
    assert (row.activity_type, row.description) == ("schedule_run", sentence)
    assert (row.user_id, row.playlist_id, row.playlist_name) == (user.id, "p1", "Mix")
    expected = {
        "schedule_id": schedule.id, "execution_id": run.id, "job_type": "shuffle",
        "triggered_by": values["trigger"], "result": values["status"],
        "outcome": values["status"], "tracks_added": 4, "tracks_total": 9,
        "schedule_enabled": True,
    }
    if "due_at" in values:
        expected["due_at"] = "2026-11-23T14:02:03+00:00"
    if "error_message" in values:
        expected["error"] = values["error_message"]
    assert {key: facts(row)[key] for key in expected} == expected

    run.error_message = "Corrected."
    assert trail.commit() == []
    trail.db.session.delete(run)
    assert trail.commit() == []


@pytest.mark.report(31)
def test_a_run_belongs_to_the_schedules_owner_when_nobody_is_bound(
    db: SQLAlchemy, user: User
) -> None:
    schedule = make_schedule(user)
    db.session.add(schedule)
    db.session.commit()
    db.session.add(JobExecution(schedule_id=schedule.id, trigger="scheduler", status="success"))
    db.session.commit()
    row = db.session.scalars(
        select(ActivityLog).where(ActivityLog.activity_type == "schedule_run")
    ).one()
    assert row.user_id == user.id
    assert facts(row)["actor"]["kind"] == "unknown"


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


def test_changed_settings_are_named_and_creating_them_is_not_recorded(
    trail: Trail, user: User
) -> None:
    settings = trail.db.session.scalars(select(UserSettings)).one()
    settings.timezone, settings.theme = "Europe/Berlin", "dark"
    row = trail.one()
    assert (row.activity_type, row.description, row.playlist_id, row.playlist_name) == (
        "settings_change", "Changed settings (theme, timezone)", None, None,
    )
    assert row.metadata_json == {
        "changes": {"theme": ["system", "dark"], "timezone": ["UTC", "Europe/Berlin"]}
    }
    settings.theme = "dark"
    assert trail.commit() == []
    trail.db.session.delete(settings)
    assert trail.commit() == []
    assert trail.commit(UserSettings(user_id=user.id)) == []


def test_of_an_account_only_its_being_active_is_recorded_and_without_its_name(
    trail: Trail, user: User
) -> None:
    other = User(spotify_id="jonas", display_name="Jonas")
    assert trail.commit(other) == []
    for name, value in (
        ("display_name", "Jo"), ("encrypted_access_token", "x"), ("login_count", 2),
        ("needs_reconnect", True), ("last_login_at", NOON),
    ):
        setattr(other, name, value)
    assert trail.commit() == []
    other.is_active = False
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "user_update", f"Disabled account {other.id}",
    )
    assert changes(row) == {"is_active": [True, False]}
    assert "Jo" not in str(row.to_dict())
    trail.db.session.delete(other)
    assert trail.commit() == []


def test_logins_and_heartbeats_leave_nothing(trail: Trail, user: User) -> None:
    login = LoginHistory(
        user_id=user.id, session_id="s", expires_at=NOON, login_type="oauth_initial"
    )
    state = SchedulerState(leader="a", heartbeat_at=NOON, started_at=NOON)
    assert trail.commit(login, state) == []
    login.ended_by, state.leader = "logout", "b"
    assert trail.commit() == []


def test_the_longest_names_leave_a_row_that_fits(trail: Trail, user: User) -> None:
    name = "N" * 255
    session = WorkshopSession(
        user_id=user.id, playlist_id="p1", playlist_name=name, session_name="A" * 255,
        track_uris=[],
    )
    trail.commit(session)
    session.session_name = "B" * 255
    row = trail.one()
    assert len(row.description) <= 500
    assert row.playlist_name == name
