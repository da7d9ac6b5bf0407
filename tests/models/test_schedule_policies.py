"""What schedules and their runs leave in the trail."""

from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import select

from shuffify.models.db import ActivityLog, JobExecution, Schedule, User
from tests.models.trails import NOON, Trail, changes, facts


def make_schedule(user: User, **values: Any) -> Schedule:
    return Schedule(
        **{
            "user_id": user.id, "job_type": "shuffle", "target_playlist_id": "p1",
            "target_playlist_name": "Mix", "algorithm_name": "BasicShuffle",
            "algorithm_params": {"keep_first": 2}, **values,
        }
    )


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
