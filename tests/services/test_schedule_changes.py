"""Schedules that are changed, switched on and off, and deleted."""

from datetime import datetime, timedelta

from freezegun import freeze_time
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import JobExecution
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError, ScheduleNotFoundError, SchedulerService, ScheduleRunningError,
    ScheduleValidationError,
)
from tests.services.conftest import Trail
from tests.services.schedules import NAME, SHUFFLE, TARGET, Create, stored


def test_update_changes_what_was_sent_and_nothing_else(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create(algorithm_params={"keep_first": 3})

    schedule, changed = SchedulerService.update_schedule(
        mira, schedule_id, {"schedule_value": "weekly", "is_enabled": True}
    )

    assert changed
    row = stored(outside)[0]
    assert (row.schedule_value, row.algorithm_params) == ("weekly", {"keep_first": 3})
    assert trail.sentences[1:] == [
        ("schedule_update", f"Updated shuffle schedule for '{NAME}' (schedule_value)")
    ]
    assert trail.last.metadata_json is not None
    assert trail.last.metadata_json["updated_fields"] == ["schedule_value"]
    assert trail.last.metadata_json["changes"] == {"schedule_value": ["daily", "weekly"]}


def test_parameters_stand_in_the_trail_in_clear(
    mira: int, create: Create, trail: Trail
) -> None:
    schedule_id = create()

    SchedulerService.update_schedule(mira, schedule_id, {"algorithm_params": {"keep_first": 5}})

    assert trail.last.metadata_json is not None
    assert trail.last.metadata_json["changes"] == {
        "algorithm_params": [{"keep_first": 0}, {"keep_first": 5}]
    }


def test_update_that_changes_nothing_leaves_no_row(
    mira: int, create: Create, trail: Trail
) -> None:
    schedule_id = create()

    _, changed = SchedulerService.update_schedule(
        mira, schedule_id, {**SHUFFLE, "algorithm_params": {}, "schedule_value": "daily"}
    )

    assert not changed
    assert len(trail.rows) == 1


def test_update_of_the_switch_alone_is_a_toggle(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create()

    SchedulerService.update_schedule(mira, schedule_id, {"is_enabled": False})

    assert stored(outside)[0].next_run_at is None
    assert trail.sentences[1:] == [
        ("schedule_toggle", f"Disabled shuffle schedule for '{NAME}'")
    ]


def test_merged_schedule_is_checked_as_a_new_one_would_be(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create()

    for changes, wrong in (
        ({"job_type": "raid"}, {"algorithm_name", "algorithm_params", "source_playlist_ids"}),
        ({"schedule_type": "cron"}, {"schedule_value"}),
        ({"algorithm_name": "PercentageShuffle"}, {"algorithm_params.keep_first"}),
        ({"user_id": 1, "next_run_at": None}, {"user_id", "next_run_at"}),
    ):
        with pytest.raises(ScheduleValidationError) as refusal:
            SchedulerService.update_schedule(mira, schedule_id, changes)
        assert {field for field, _ in refusal.value.errors} == wrong

    assert stored(outside)[0].job_type == "shuffle"
    assert len(trail.rows) == 1


def test_update_needs_an_editable_target_again(
    mira: int, create: Create, outside: Session
) -> None:
    schedule_id = create()

    with pytest.raises(PlaylistAccessError):
        SchedulerService.update_schedule(
            mira, schedule_id, {"target_playlist_id": library.PLAYLISTS["foreign_public"]}
        )
    assert stored(outside)[0].target_playlist_id == TARGET


def test_refreshed_name_of_the_target_is_no_change(
    mira: int, create: Create, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = create()
    sandbox.edit(TARGET, "details", name="Renamed at Spotify")

    SchedulerService.update_schedule(mira, schedule_id, {"schedule_value": "weekly"})

    assert stored(outside)[0].target_playlist_name == "Renamed at Spotify"
    assert trail.last.metadata_json is not None
    assert trail.last.metadata_json["updated_fields"] == ["schedule_value"]


def test_dry_run_of_an_update_stores_nothing(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create()

    schedule, changed = SchedulerService.update_schedule(
        mira, schedule_id, {"schedule_value": "every_12h"}, dry_run=True
    )

    assert changed
    assert schedule.schedule_value == "every_12h"
    assert len(SchedulerService.next_runs(schedule)) == 5
    assert stored(outside)[0].schedule_value == "daily"
    assert len(trail.rows) == 1


def test_intervals_start_anew_only_when_the_timing_is_set(
    mira: int, create: Create, outside: Session
) -> None:
    with freeze_time("2026-11-01 12:00:00") as clock:
        schedule_id = create()
        clock.tick(timedelta(hours=5))
        params = {"keep_first": 1}
        SchedulerService.update_schedule(mira, schedule_id, {"algorithm_params": params})
        SchedulerService.toggle_schedule(mira, schedule_id)
        SchedulerService.toggle_schedule(mira, schedule_id)
        assert stored(outside)[0].next_run_at == datetime(2026, 11, 2, 12)
        SchedulerService.update_schedule(mira, schedule_id, {"schedule_value": "every_6h"})

    row = stored(outside)[0]
    assert row.anchor_at == datetime(2026, 11, 1, 17)
    assert row.next_run_at == datetime(2026, 11, 1, 23)


def test_toggle_goes_back_and_forth(
    mira: int, create: Create, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = create()
    calls = len(sandbox.requests("/v1/*"))

    assert not SchedulerService.toggle_schedule(mira, schedule_id).is_enabled
    assert stored(outside)[0].next_run_at is None
    assert SchedulerService.toggle_schedule(mira, schedule_id).is_enabled
    assert stored(outside)[0].next_run_at is not None

    assert trail.sentences[1:] == [
        ("schedule_toggle", f"Disabled shuffle schedule for '{NAME}'"),
        ("schedule_toggle", f"Enabled shuffle schedule for '{NAME}'"),
    ]
    assert trail.last.metadata_json is not None
    assert trail.last.metadata_json["is_enabled"] is True
    assert len(sandbox.requests("/v1/*")) == calls


def test_disabled_schedule_has_no_next_runs(mira: int, create: Create) -> None:
    schedule_id = create(is_enabled=False)

    schedule = SchedulerService.get(mira, schedule_id)
    assert schedule.next_run_at is None
    assert SchedulerService.next_runs(schedule) == []


def test_deleted_schedule_takes_its_history_along(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create()
    outside.add(
        JobExecution(
            schedule_id=schedule_id, trigger="manual", status="success", completed_at=utcnow()
        )
    )
    outside.commit()

    SchedulerService.delete_schedule(mira, schedule_id)

    assert stored(outside) == []
    assert outside.scalars(select(JobExecution)).all() == []
    assert trail.sentences[1:] == [
        ("schedule_delete", f"Deleted shuffle schedule for '{NAME}'")
    ]
    assert (trail.last.playlist_id, trail.last.playlist_name) == (TARGET, NAME)
    with pytest.raises(ScheduleNotFoundError):
        SchedulerService.delete_schedule(mira, schedule_id)


def test_running_schedule_cannot_be_deleted(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    schedule_id = create()
    outside.add(JobExecution(schedule_id=schedule_id, trigger="manual"))
    outside.commit()

    with pytest.raises(ScheduleRunningError):
        SchedulerService.delete_schedule(mira, schedule_id)
    assert len(stored(outside)) == len(trail.rows) == 1
