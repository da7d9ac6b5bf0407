"""The scheduler in this process: what it fires, when, and how it stops."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
import logging
from threading import Condition

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.jobs import runner
from shuffify.jobs import scheduler as jobs
from shuffify.jobs.scheduler import Scheduler
from shuffify.models.base import utcnow
from shuffify.models.db import (
    ActivityLog,
    ActivitySeal,
    JobExecution,
    Schedule,
    SchedulerState,
    User,
)
from shuffify.models.sqlite import write_transactions
from shuffify.sandbox import Sandbox, library
from shuffify.services import HealthService, UserSettingsService
from tests.jobs.conftest import TWELVE, Table

PATIENCE = 30.0
"""Seconds that anything may take before a test fails; nothing waits as long when it works."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Lines(logging.Handler):
    """Lets a test wait for a line of the log."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = Condition()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        with self._changed:
            self._lines.append(record.getMessage())
            self._changed.notify_all()

    def wait_for(self, text: str) -> None:
        with self._changed:
            found = self._changed.wait_for(
                lambda: any(text in line for line in self._lines), PATIENCE
            )
            assert found, f"no line says {text!r}: {self._lines}"


@contextmanager
def listening(name: str, level: int) -> Iterator[Lines]:
    logger, handler = logging.getLogger(name), Lines()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


@pytest.fixture
def lines() -> Iterator[Lines]:
    with listening("shuffify.jobs", logging.INFO) as lines:
        yield lines


@pytest.fixture
def served(make_app: Callable[..., Flask], mira: int) -> Flask:
    return make_app(SCHEDULER="embedded")


@pytest.fixture
def make_scheduler(make_app: Callable[..., Flask], mira: int) -> Iterator[Callable[[], Scheduler]]:
    """Return a function that makes schedulers without a thread, for tests that take the turns."""
    made = []

    def make() -> Scheduler:
        app = make_app()
        with app.app_context():
            made.append(Scheduler(app, database.engine))
        return made[-1]

    yield make
    for scheduler in made:
        scheduler.close()


def test_past_due_time_runs_at_the_start_and_the_next_one_is_planned(
    table: Table, served: Flask, lines: Lines
) -> None:
    due_at = utcnow() - timedelta(minutes=10)
    schedule_id = table.add(due_at)

    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id}, due {due_at}: success.")
        lines.wait_for(f"Schedule {schedule_id} is planned for {due_at + DAY}.")

    assert [(run.due_at, run.status) for run in table.runs] == [(due_at, "success")]
    assert table.schedule(schedule_id).next_run_at == due_at + DAY


def test_due_time_is_waited_for(table: Table, served: Flask, lines: Lines) -> None:
    due_at = utcnow() + timedelta(seconds=1)
    schedule_id = table.add(due_at)

    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id} is planned for {due_at}.")
        lines.wait_for(f"Schedule {schedule_id}, due {due_at}: success.")

    [run] = table.runs
    assert run.due_at == due_at
    assert run.started_at >= due_at


def test_days_without_a_scheduler_leave_one_skipped_run(
    table: Table, served: Flask, lines: Lines, sandbox: Sandbox
) -> None:
    first = utcnow() - 5 * DAY - 2 * HOUR
    schedule_id = table.add(first)
    before = sandbox.uris(TWELVE)

    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id}, due {first + 5 * DAY}: skipped.")

    [run] = table.runs
    assert (run.due_at, run.error_message) == (first + 5 * DAY, "the scheduler was not running")
    assert table.schedule(schedule_id).next_run_at == first + 6 * DAY
    assert sandbox.uris(TWELVE) == before


def test_restart_runs_nothing_twice_and_moves_nothing(
    table: Table, served: Flask, lines: Lines
) -> None:
    due_at = utcnow() - timedelta(minutes=1)
    schedule_id = table.add(due_at)
    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id}, due {due_at}: success.")

    with listening("shuffify.jobs", logging.INFO) as second, jobs.running(served):
        second.wait_for(f"Schedule {schedule_id} is planned for {due_at + DAY}.")

    assert len(table.runs) == 1
    assert table.schedule(schedule_id).next_run_at == due_at + DAY


def test_commit_in_this_process_is_planned_at_once(
    table: Table, served: Flask, lines: Lines
) -> None:
    schedule_id = table.add(utcnow() + DAY)
    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id} is planned for")
        with served.app_context(), write_transactions():  # The upkeep writes meanwhile.
            due_at = utcnow()
            database.session.get_one(Schedule, schedule_id).next_run_at = due_at
            database.session.commit()
        lines.wait_for(f"Schedule {schedule_id}, due {due_at}: success.")


def test_change_of_zone_is_planned_at_once(
    table: Table, served: Flask, lines: Lines, mira: int
) -> None:
    anchor = utcnow().replace(hour=12, minute=0, second=0, microsecond=0) - 2 * DAY
    schedule_id = table.add(
        utcnow() + 2 * DAY, anchor_at=anchor, schedule_type="cron", schedule_value="0 12 * * *"
    )
    with jobs.running(served):
        lines.wait_for(f"Schedule {schedule_id} is planned for")
        with served.app_context(), write_transactions():
            UserSettingsService.update(mira, timezone="Asia/Tokyo")
        planned = table.schedule(schedule_id).next_run_at
        assert planned is not None
        assert (planned.hour, planned.minute) == (3, 0)
        lines.wait_for(f"Schedule {schedule_id} is planned for {planned}.")


@pytest.mark.report(26)
def test_touched_schedules_are_told_of_after_the_commit_only(
    db: SQLAlchemy, table: Table
) -> None:
    schedule_id = table.add(utcnow() + DAY)
    told: list[bool] = []
    unwatch = runner.watch_schedules(lambda: told.append(db.session().in_transaction()))
    try:
        with db.session.begin_nested():
            db.session.get_one(Schedule, schedule_id).last_status = "failed"
        assert told == []
        db.session.commit()
        assert told == [False]
        db.session.get_one(Schedule, schedule_id)
        db.session.commit()
        assert told == [False]
    finally:
        unwatch()
    db.session.get_one(Schedule, schedule_id).last_status = "success"
    db.session.commit()
    assert told == [False]


def test_disabled_schedule_is_planned_no_more(
    table: Table, make_scheduler: Callable[[], Scheduler]
) -> None:
    scheduler = make_scheduler()
    schedule_id = table.add(utcnow() + DAY)
    scheduler.turn()
    assert [*scheduler.planned] == [schedule_id]

    table.disable(schedule_id)
    scheduler.turn(read=False)
    assert [*scheduler.planned] == [schedule_id]
    scheduler.turn()

    assert scheduler.planned == {}


def test_one_scheduler_leads_and_the_other_stands_by_until_it_ends(
    table: Table, make_scheduler: Callable[[], Scheduler]
) -> None:
    due_at = utcnow() + DAY
    schedule_id = table.add(due_at)
    first, second = make_scheduler(), make_scheduler()

    for scheduler in (first, second, first, second):
        scheduler.turn()
    assert (first.leads, second.leads) == (True, False)
    assert (first.planned, second.planned) == ({schedule_id: due_at}, {})

    first.close()
    second.turn()
    assert (first.leads, second.leads) == (False, True)
    assert second.planned == {schedule_id: due_at}


def test_leader_notes_that_it_is_alive(
    served: Flask, outside: Session, table: Table
) -> None:
    with served.app_context():
        assert HealthService.checks()["scheduler"] == "off"
    table.add(utcnow() + DAY)
    for _ in range(2):
        with listening("shuffify.jobs", logging.INFO) as heard, jobs.running(served):
            heard.wait_for("is planned for")
    with served.app_context():
        assert HealthService.checks()["scheduler"] == "ok"
    outside.rollback()
    assert outside.scalar(select(func.count()).select_from(SchedulerState)) == 1


def test_leader_seals_the_trail(served: Flask, outside: Session, mira: int) -> None:
    row = ActivityLog(user_id=mira, activity_type="logout", description="Logged out")
    outside.add(row)
    outside.commit()

    with listening("shuffify.jobs", logging.INFO) as heard, jobs.running(served):
        heard.wait_for(f"The trail is sealed up to row {row.id}.")

    row_id = row.id
    outside.rollback()
    assert outside.scalar(select(ActivitySeal.last_id)) == row_id


def test_stale_run_is_failed_before_anything_is_run(
    table: Table, outside: Session, make_scheduler: Callable[[], Scheduler]
) -> None:
    schedule_id = table.add(utcnow() + DAY)
    started = utcnow() - timedelta(minutes=31)
    outside.add(JobExecution(schedule_id=schedule_id, trigger="scheduler", started_at=started))
    outside.commit()

    make_scheduler().turn()

    [run] = table.runs
    assert (run.status, run.error_message) == ("failed", "interrupted by a restart")
    assert [row.source for row in table.trail] == ["scheduler"]


def test_runs_at_once_refresh_one_token_once(
    table: Table, served: Flask, outside: Session, sandbox: Sandbox, lines: Lines, mira: int
) -> None:
    outside.get_one(User, mira).access_token_expires_at = utcnow() - HOUR
    outside.commit()
    due_at = utcnow()
    roles = ("twelve", "one", "duplicates", "episodes", "arabic", "japanese")
    schedules = [
        table.add(due_at, target_playlist_id=library.PLAYLISTS[role]) for role in roles
    ]

    with jobs.running(served):
        for schedule_id in schedules:
            lines.wait_for(f"Schedule {schedule_id}, due {due_at}: success.")

    assert len(sandbox.requests("/api/token", "POST")) == 1
    assert [run.status for run in table.runs] == ["success"] * len(roles)


def test_stop_lets_the_write_under_way_finish(
    table: Table, served: Flask, sandbox: Sandbox
) -> None:
    sandbox.fault("slow", path=f"/v1/playlists/{TWELVE}/items", method="PUT", seconds=0.5)
    before = sandbox.uris(TWELVE)
    table.add(utcnow())

    # The list has been read, so the run is under way; its write is still to come.
    with listening("urllib3.connectionpool", logging.DEBUG) as wire, jobs.running(served):
        wire.wait_for(f"GET /v1/playlists/{TWELVE}/items")

    assert [run.status for run in table.runs] == ["success"]
    assert sandbox.uris(TWELVE) != before


def test_database_that_lost_its_tables_does_not_end_the_scheduler(
    table: Table, outside: Session, make_scheduler: Callable[[], Scheduler],
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = make_scheduler()
    scheduler.turn()
    outside.rollback()
    engine = outside.get_bind()
    with write_transactions():  # The upkeep writes meanwhile.
        database.metadata.drop_all(engine)

    scheduler.turn()

    assert scheduler.leads
    assert "Reading the schedules failed." in caplog.text
    with write_transactions():
        database.metadata.create_all(engine)
    caplog.clear()
    scheduler.turn()
    assert scheduler.planned == {}
    assert "failed" not in caplog.text


@pytest.mark.parametrize("setting", ["off", "external"])
@pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)
def test_app_that_is_to_run_no_schedules_runs_none(
    make_app: Callable[..., Flask], setting: str
) -> None:
    assert jobs.start(make_app(SCHEDULER=setting)) is None
    assert jobs.start(make_app()) is None
