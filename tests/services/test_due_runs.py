"""Which due times run: each once, none too late, and none for whom nothing may run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from flask import Flask
import pytest
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import JobExecution, User
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    JOB, JobExecutorService, ReconnectRequired, SchedulerService, ScheduleRunningError,
    ShuffleService, TokenService, UserNotAllowedError,
)
from tests.services.conftest import Trail, grant_of
from tests.services.runs import NAME, TARGET, TWELVE, run_rows, runs, scheduled, snapshots, stored


def test_due_time_runs_once(mira: int, sandbox: Sandbox, trail: Trail) -> None:
    schedule_id = scheduled(mira)
    due_at = utcnow()

    assert JobExecutorService.execute(schedule_id, due_at) is not None
    rows = trail.sentences
    order = sandbox.uris(TARGET)
    assert JobExecutorService.execute(schedule_id, due_at) is None

    assert trail.sentences == rows
    assert sandbox.uris(TARGET) == order


def test_due_time_runs_once_when_many_claim_it(
    app: Flask, mira: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira, target=TWELVE)
    due_at = utcnow()

    def execute(_: int) -> bool:
        with app.app_context():
            return JobExecutorService.execute(schedule_id, due_at) is not None

    with ThreadPoolExecutor(4) as pool:
        outcomes = [*pool.map(execute, range(4))]

    assert outcomes.count(True) == 1
    assert len(runs(outside)) == 1
    assert [kind for kind, _ in run_rows(trail)] == ["snapshot_create", "schedule_run"]


def test_runs_and_shuffles_of_one_playlist_come_one_after_the_other(
    app: Flask, mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedules = [scheduled(mira), scheduled(mira)]
    before = sandbox.uris(TARGET)
    due_at = utcnow()

    def run(schedule_id: int) -> str:
        with app.app_context():
            done = JobExecutorService.execute(schedule_id, due_at)
            return done.status if done else "none"

    def shuffle(seed: int) -> str:
        with app.app_context():
            changed = ShuffleService.shuffle(mira, TARGET, seed=seed, limits=JOB).changed
            return "success" if changed else "none"

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(run, schedule_id) for schedule_id in schedules]
        work += [pool.submit(shuffle, seed) for seed in (1, 2)]
        assert [done.result() for done in work] == ["success"] * 4

    assert Counter(sandbox.uris(TARGET)) == Counter(before)
    kinds = [kind for kind, _ in run_rows(trail)]
    assert kinds[::2] == ["snapshot_create"] * 4
    assert sorted(kinds[1::2]) == ["schedule_run", "schedule_run", "shuffle", "shuffle"]
    orders = [snapshot.track_uris for snapshot in snapshots(outside)]
    assert orders[0] == before
    assert len({tuple(order) for order in orders}) == 4


def test_due_run_is_skipped_while_another_is_under_way(
    mira: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    outside.add(JobExecution(schedule_id=schedule_id, trigger="manual"))
    outside.commit()

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.error_message) == ("skipped", "the run before was not finished")
    with pytest.raises(ScheduleRunningError):
        JobExecutorService.execute_now(schedule_id, mira)
    assert [run.status for run in runs(outside)] == ["running", "skipped"]


@pytest.mark.parametrize(
    ("late", "status"),
    [(timedelta(minutes=59), "success"), (timedelta(minutes=61), "skipped")],
)
def test_run_may_be_an_hour_late_and_no_more(
    mira: int, sandbox: Sandbox, trail: Trail, late: timedelta, status: str
) -> None:
    schedule_id = scheduled(mira)
    before = sandbox.uris(TARGET)

    run = JobExecutorService.execute(schedule_id, utcnow() - late)

    assert run is not None
    assert run.status == status
    assert (sandbox.uris(TARGET) == before) == (status == "skipped")
    if status == "skipped":
        assert run.error_message == "the scheduler was not running"
        assert run_rows(trail) == [
            (
                "schedule_run",
                f"Scheduled shuffle on '{NAME}' skipped: the scheduler was not running",
            )
        ]


def test_schedule_that_is_disabled_or_gone_does_not_run(
    mira: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    SchedulerService.toggle_schedule(mira, schedule_id)

    assert JobExecutorService.execute(schedule_id, utcnow()) is None
    assert JobExecutorService.execute(schedule_id + 1, utcnow()) is None
    assert runs(outside) == []
    assert [kind for kind, _ in run_rows(trail)] == ["schedule_toggle"]


def test_account_taken_off_the_list_runs_nothing(
    mira: int, app: Flask, sandbox: Sandbox, outside: Session
) -> None:
    schedule_id = scheduled(mira)
    due_at = utcnow() - timedelta(minutes=1)
    allow(app, library.JONAS)

    assert JobExecutorService.execute(schedule_id, due_at) is None
    with pytest.raises(UserNotAllowedError, match="not on the list"):
        JobExecutorService.execute_now(schedule_id, mira)
    assert runs(outside) == []
    assert [call for call in sandbox.requests("/v1/*") if call["method"] != "GET"] == []
    allow(app, library.JONAS, library.MIRA)
    assert JobExecutorService.execute(schedule_id, due_at) is not None


def allow(app: Flask, *spotify_ids: str) -> None:
    """Start the app anew, as it were, with another list of people."""
    settings = app.extensions["shuffify"]
    app.extensions["shuffify"] = replace(settings, allowed_spotify_ids=frozenset(spotify_ids))


def test_disabled_account_runs_nothing_and_is_planned_on(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    outside.get_one(User, mira).is_active = False
    outside.commit()
    due_at = stored(outside, schedule_id).next_run_at
    assert due_at is not None
    calls = len(sandbox.requests("/v1/*"))

    assert JobExecutorService.execute(schedule_id, due_at) is None

    assert stored(outside, schedule_id).next_run_at == due_at + timedelta(days=1)
    assert runs(outside) == []
    assert run_rows(trail) == []
    assert len(sandbox.requests("/v1/*")) == calls


def test_lost_connection_fails_one_run_and_pauses_the_next_ones(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens()

    met = JobExecutorService.execute(schedule_id, utcnow())
    passed = JobExecutorService.execute(schedule_id, utcnow())

    assert met is not None
    reason = "Spotify no longer accepts this connection. Reconnect Spotify to go on."
    assert (met.status, met.error_message) == ("failed", reason)
    assert passed is None
    assert len(runs(outside)) == 1
    assert run_rows(trail) == [
        ("schedule_run", f"Scheduled shuffle on '{NAME}' failed: {reason}")
    ]
    with pytest.raises(ReconnectRequired):
        JobExecutorService.execute_now(schedule_id, mira)
    assert len(runs(outside)) == 1

    TokenService.store_grant(mira, grant_of(sandbox, library.MIRA))
    again = JobExecutorService.execute(schedule_id, utcnow())
    assert again is not None
    assert again.status == "success"


def test_connection_that_was_refused_is_tried_again_after_a_day(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    schedule_id = scheduled(mira)
    sandbox.expire_access_tokens()
    sandbox.fault("invalid_grant", path="/api/token")
    refused = JobExecutorService.execute(schedule_id, utcnow())
    assert refused is not None
    assert refused.status == "failed"
    user = outside.get_one(User, mira)
    assert user.needs_reconnect
    user.access_token_expires_at = utcnow() - timedelta(days=1, minutes=1)
    outside.commit()

    again = JobExecutorService.execute(schedule_id, utcnow())

    assert again is not None
    assert again.status == "success"
    outside.rollback()
    assert not outside.get_one(User, mira).needs_reconnect
