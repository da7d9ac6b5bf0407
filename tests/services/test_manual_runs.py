"""Runs that somebody asks for."""

import pytest
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    JobExecutorService, PlaylistNotFoundError, PlaylistWriteError, ScheduleNotFoundError,
    SchedulerService,
)
from shuffify.spotify.errors import PlaylistBusyError
from shuffify.spotify.locks import playlist_lock
from tests.services.conftest import Trail
from tests.services.runs import (
    IMPATIENT, ITEMS, NAME, TARGET, TWELVE, facts, run_rows, runs, scheduled, stored,
)


def test_manual_run_leaves_its_row_in_the_name_of_who_asked(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    SchedulerService.toggle_schedule(mira, schedule_id)
    steps: list[tuple[int, int]] = []

    run = JobExecutorService.execute_now(
        schedule_id, mira, progress=lambda done, total: steps.append((done, total))
    )

    assert (run.status, run.trigger, run.due_at) == ("success", "manual", None)
    assert steps == [(1, 2), (2, 2)]
    assert run_rows(trail)[1:] == [
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Manually ran shuffle schedule for '{NAME}'"),
    ]
    assert facts(trail) == {
        "schedule_id": schedule_id,
        "job_type": "shuffle",
        "execution_id": run.id,
        "triggered_by": "manual",
        "result": "success",
        "outcome": "success",
        "tracks_added": 0,
        "tracks_total": 120,
        "schedule_enabled": False,
    }
    for row in trail.rows[-2:]:
        assert (row.user_id, row.source, row.request_id) == (mira, "test", "request-1")
        assert (row.playlist_id, row.playlist_name) == (TARGET, NAME)
    assert stored(outside, schedule_id).next_run_at is None


def test_manual_run_that_fails_says_so_in_the_trail_and_to_who_asked(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=1, retry_after=3600)

    with pytest.raises(PlaylistWriteError) as failure:
        JobExecutorService.execute_now(schedule_id, mira)

    [run] = runs(outside)
    assert (run.status, run.error_message) == ("failed", str(failure.value))
    assert run_rows(trail)[1:] == [
        (
            "schedule_run",
            f"Manual run of shuffle schedule for '{NAME}' failed: {failure.value}",
        )
    ]
    assert (facts(trail)["outcome"], facts(trail)["error"]) == ("failed", str(failure.value))
    assert trail.last.source == "test"


def test_manual_run_on_a_busy_playlist_is_skipped(
    mira: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    with playlist_lock(database.engine, TARGET, wait=0):
        with pytest.raises(PlaylistBusyError):
            JobExecutorService.execute_now(schedule_id, mira, limits=IMPATIENT)

    assert run_rows(trail) == [
        (
            "schedule_run",
            f"Manual run of shuffle schedule for '{NAME}' skipped: "
            "another change of the playlist was under way",
        )
    ]


def test_schedule_of_somebody_else_cannot_be_run(
    mira: int, jonas: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    with pytest.raises(ScheduleNotFoundError):
        JobExecutorService.execute_now(schedule_id, jonas)
    assert runs(outside) == []
    assert run_rows(trail) == []


def test_target_gone_by_hand_is_not_found(mira: int, sandbox: Sandbox) -> None:
    target = sandbox.create(library.MIRA, "Short-lived", sandbox.uris(TWELVE))
    schedule_id = scheduled(mira, target=target)
    sandbox.edit(target, "delete")
    with pytest.raises(PlaylistNotFoundError):
        JobExecutorService.execute_now(schedule_id, mira)
