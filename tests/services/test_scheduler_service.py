"""Schedules that are made and read, within their limits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from freezegun import freeze_time
import pytest
from sqlalchemy.orm import Session

from shuffify.models.db import JobExecution
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistAccessError, PlaylistNotFoundError, ScheduleLimitError, ScheduleNotFoundError,
    SchedulerService, ScheduleValidationError, UpstreamSourceService,
)
from tests.services.conftest import Trail
from tests.services.schedules import NAME, SHUFFLE, SOURCE, TARGET, Create, stored


def test_created_schedule_stands_in_the_table_and_in_the_trail(
    mira: int, create: Create, outside: Session, trail: Trail
) -> None:
    with freeze_time("2026-11-01 12:00:00"):
        schedule_id = create(algorithm_params={"keep_first": 3})

    row = stored(outside)[0]
    assert (row.user_id, row.target_playlist_name) == (mira, NAME)
    assert (row.schedule_type, row.schedule_value, row.is_enabled) == ("interval", "daily", True)
    assert row.algorithm_params == {"keep_first": 3}
    assert row.anchor_at == datetime(2026, 11, 1, 12)
    assert row.next_run_at == datetime(2026, 11, 2, 12)
    assert trail.sentences == [("schedule_create", f"Created shuffle schedule for '{NAME}'")]
    entry = trail.last
    assert (entry.user_id, entry.playlist_id, entry.playlist_name) == (mira, TARGET, NAME)
    assert entry.metadata_json is not None
    facts = {key: value for key, value in entry.metadata_json.items() if key != "changes"}
    assert facts == {
        "schedule_id": schedule_id,
        "job_type": "shuffle",
        "schedule_type": "interval",
        "schedule_value": "daily",
        "algorithm_name": "BasicShuffle",
        "is_enabled": True,
        "source_count": 0,
    }


def test_parameters_left_out_are_stored_with_their_defaults(
    create: Create, outside: Session
) -> None:
    create()

    assert stored(outside)[0].algorithm_params == {"keep_first": 0}


def test_dry_run_is_checked_and_stores_nothing(
    mira: int, outside: Session, trail: Trail
) -> None:
    schedule = SchedulerService.create_schedule(
        mira, **SHUFFLE, schedule_value="every_6h", dry_run=True
    )

    assert schedule.id is None
    runs = SchedulerService.next_runs(schedule)
    assert [later - sooner for sooner, later in zip(runs, runs[1:])] == [timedelta(hours=6)] * 4
    assert stored(outside) == []
    assert trail.rows == []
    with pytest.raises(ScheduleValidationError):
        SchedulerService.create_schedule(
            mira, **SHUFFLE, schedule_value="hourly", dry_run=True
        )


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"job_type": "sort"}, {"job_type", "algorithm_name"}),
        ({"target_playlist_id": "short"}, {"target_playlist_id"}),
        ({"algorithm_name": None}, {"algorithm_name"}),
        ({"algorithm_name": "QuickSort"}, {"algorithm_name"}),
        ({"algorithm_params": {"keep_first": -1}}, {"algorithm_params.keep_first"}),
        ({"algorithm_params": {"colour": 1}}, {"algorithm_params.colour"}),
        ({"source_playlist_ids": [SOURCE]}, {"source_playlist_ids"}),
        ({"schedule_value": "hourly"}, {"schedule_value"}),
        ({"schedule_type": "solar"}, {"schedule_type"}),
        ({"schedule_type": "cron", "schedule_value": "* * * * *"}, {"schedule_value"}),
        ({"schedule_type": "cron", "schedule_value": "0 0 31 2 *"}, {"schedule_value"}),
        ({"schedule_type": "cron", "schedule_value": "x" * 200}, {"schedule_value"}),
        ({"schedule_type": "cron", "schedule_value": ""}, {"schedule_value"}),
        ({"job_type": "raid"}, {"algorithm_name", "source_playlist_ids"}),
        (
            {"job_type": "raid", "algorithm_name": None, "algorithm_params": {"keep_first": 1}},
            {"algorithm_params", "source_playlist_ids"},
        ),
        (
            {"job_type": "raid_and_shuffle", "source_playlist_ids": [TARGET]},
            {"source_playlist_ids"},
        ),
        (
            {"job_type": "raid_and_shuffle", "source_playlist_ids": [SOURCE, SOURCE]},
            {"source_playlist_ids"},
        ),
        (
            {"job_type": "raid_and_shuffle", "source_playlist_ids": [SOURCE]},
            {"source_playlist_ids"},
        ),
        (
            {"algorithm_name": "QuickSort", "schedule_value": "hourly"},
            {"algorithm_name", "schedule_value"},
        ),
    ],
)
def test_unusable_fields_are_refused_all_at_once_and_without_a_call(
    mira: int, sandbox: Sandbox, outside: Session, fields: dict[str, Any], wrong: set[str]
) -> None:
    with pytest.raises(ScheduleValidationError) as refusal:
        SchedulerService.create_schedule(mira, **{**SHUFFLE, **fields})

    assert {field for field, _ in refusal.value.errors} == wrong
    assert sandbox.requests("/v1/*") == []
    assert stored(outside) == []


@pytest.mark.parametrize("job_type", ["raid", "raid_and_shuffle"])
def test_raid_takes_registered_sources(
    mira: int, outside: Session, trail: Trail, job_type: str
) -> None:
    UpstreamSourceService.add_source(mira, TARGET, source_playlist_id=SOURCE)
    SchedulerService.create_schedule(
        mira,
        job_type=job_type,
        target_playlist_id=TARGET,
        source_playlist_ids=[SOURCE],
        algorithm_name="BasicShuffle" if job_type == "raid_and_shuffle" else None,
    )

    row = stored(outside)[0]
    assert row.source_playlist_ids == [SOURCE]
    assert trail.last.description == (
        f"Created {job_type.replace('_', ' ')} schedule for '{NAME}'"
    )
    assert trail.last.metadata_json is not None
    assert trail.last.metadata_json["source_count"] == 1


def test_target_must_be_editable(create: Create, outside: Session) -> None:
    with pytest.raises(PlaylistAccessError) as refusal:
        create(target_playlist_id=library.PLAYLISTS["foreign_public"])
    with pytest.raises(PlaylistNotFoundError):
        create(target_playlist_id="0" * 22)

    assert refusal.value.code == "not_editable"
    assert stored(outside) == []


def test_cron_is_stored_with_weekday_names(create: Create, outside: Session) -> None:
    create(schedule_type="cron", schedule_value="30 7 * * 0")

    assert stored(outside)[0].schedule_value.upper().endswith("SUN")


def test_twenty_first_schedule_is_refused(
    create: Create, outside: Session, trail: Trail
) -> None:
    for _ in range(20):
        create()

    with pytest.raises(ScheduleLimitError, match="20 schedules"):
        create()
    assert len(stored(outside)) == len(trail.rows) == 20


def test_limit_holds_when_many_create_at_once(
    app: Flask, mira: int, create: Create, outside: Session
) -> None:
    for _ in range(18):
        create()

    def create_one(_: int) -> bool:
        with app.app_context():
            try:
                create()
            except ScheduleLimitError:
                return False
            return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(create_one, range(5))) == 2
    assert len(stored(outside)) == 20


def test_history_is_newest_first_and_limited(
    mira: int, create: Create, outside: Session
) -> None:
    schedule_id = create()
    for minute in range(5):
        outside.add(
            JobExecution(
                schedule_id=schedule_id,
                trigger="scheduler",
                status="success",
                due_at=datetime(2026, 11, 1, 12, minute),
                started_at=datetime(2026, 11, 1, 12, minute),
            )
        )
    outside.commit()

    history = SchedulerService.history(mira, schedule_id, limit=3)
    assert [run.started_at.minute for run in history] == [4, 3, 2]


def test_schedules_of_others_are_not_found(
    mira: int, jonas: int, outside: Session, trail: Trail
) -> None:
    schedule_id = SchedulerService.create_schedule(
        jonas, **{**SHUFFLE, "target_playlist_id": library.PLAYLISTS["jonas_private"]}
    ).id

    for use in (
        lambda: SchedulerService.get(mira, schedule_id),
        lambda: SchedulerService.history(mira, schedule_id),
        lambda: SchedulerService.update_schedule(mira, schedule_id, {"is_enabled": False}),
        lambda: SchedulerService.toggle_schedule(mira, schedule_id),
        lambda: SchedulerService.delete_schedule(mira, schedule_id),
    ):
        with pytest.raises(ScheduleNotFoundError):
            use()
    assert SchedulerService.list(mira) == []
    assert [schedule.id for schedule in SchedulerService.list(jonas)] == [schedule_id]
    assert len(trail.rows) == 1
