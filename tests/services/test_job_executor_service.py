"""Runs of schedules through the sandbox: what they write, and what they leave."""

from collections import Counter
from datetime import timedelta
import logging

from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.models.base import utcnow
from shuffify.models.db import JobExecution
from shuffify.sandbox import Sandbox, library
from shuffify.services import JobExecutorService, UserSettingsService
from tests.services.conftest import Trail
from tests.services.runs import (
    NAME, TARGET, TWELVE, facts, run_rows, runs, scheduled, snapshots, stored,
)


def test_due_shuffle_is_one_write_one_snapshot_and_two_rows(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    before = sandbox.uris(TARGET)
    due_at = utcnow()

    run = JobExecutorService.execute(schedule_id, due_at)

    assert run is not None
    assert (run.status, run.tracks_added, run.tracks_total) == ("success", 0, 120)
    assert (run.trigger, run.due_at, run.error_message) == ("scheduler", due_at, None)
    assert sandbox.uris(TARGET) != before
    assert Counter(sandbox.uris(TARGET)) == Counter(before)
    [snapshot] = snapshots(outside)
    assert snapshot.track_uris == before
    assert (snapshot.snapshot_type, snapshot.write_state) == (
        "scheduled_pre_execution", "applied",
    )
    assert run_rows(trail) == [
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Scheduled shuffle on '{NAME}' completed"),
    ]
    assert facts(trail) == {
        "schedule_id": schedule_id,
        "job_type": "shuffle",
        "execution_id": run.id,
        "triggered_by": "scheduler",
        "result": "success",
        "outcome": "success",
        "tracks_added": 0,
        "tracks_total": 120,
        "due_at": due_at.isoformat() + "+00:00",
        "schedule_enabled": True,
    }
    taken, ran = trail.rows[-2:]
    assert taken.request_id == ran.request_id != "request-1"
    for row in (taken, ran):
        assert (row.user_id, row.source) == (mira, "scheduler")
        assert (row.playlist_id, row.playlist_name) == (TARGET, NAME)
        actor = (row.metadata_json or {})["actor"]
        assert (actor["kind"], actor["label"]) == ("job", f"job:schedule:{schedule_id}")


def test_run_keeps_the_schedules_books_without_a_row_of_its_own(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    sandbox.edit(TARGET, "details", name="Evening walk")
    due_at = utcnow()

    run = JobExecutorService.execute(schedule_id, due_at)

    assert run is not None
    schedule = stored(outside, schedule_id)
    assert (schedule.last_status, schedule.last_error) == ("success", None)
    assert schedule.last_run_at == run.started_at
    assert schedule.target_playlist_name == "Evening walk"
    assert schedule.next_run_at is not None
    assert schedule.next_run_at > due_at
    assert run_rows(trail) == [
        ("snapshot_create", "Saved 'Evening walk' before scheduled shuffle"),
        ("schedule_run", "Scheduled shuffle on 'Evening walk' completed"),
    ]


def test_raid_appends_what_neither_target_nor_earlier_sources_hold(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    tracks = sandbox.uris(library.PLAYLISTS["four_thirty"])
    target = sandbox.create(library.MIRA, "Target", tracks[:3])
    local = "spotify:local:Band:Album:Song:180"
    first = sandbox.create(library.MIRA, "First", [tracks[2], tracks[4], local, tracks[4]])
    second = sandbox.create(library.MIRA, "Second", [tracks[4], tracks[5], tracks[0]])
    sandbox.edit(second, "add", uris=[None])
    schedule_id = scheduled(mira, "raid", target, (first, second))

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_added, run.tracks_total) == ("success", 2, 5)
    assert sandbox.uris(target) == [*tracks[:3], tracks[4], tracks[5]]
    [snapshot] = snapshots(outside)
    assert (snapshot.snapshot_type, snapshot.track_uris) == ("auto_pre_raid", tracks[:3])
    assert run_rows(trail) == [
        ("snapshot_create", "Saved 'Target' before raid"),
        ("schedule_run", "Scheduled raid on 'Target' completed"),
    ]
    assert (facts(trail)["tracks_added"], facts(trail)["tracks_total"]) == (2, 5)


def test_raid_and_shuffle_is_one_write_with_one_snapshot(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(TARGET)
    new = [uri for uri in sandbox.uris(TWELVE) if uri not in before]
    schedule_id = scheduled(mira, "raid_and_shuffle", TARGET, (TWELVE,))

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.tracks_added, run.tracks_total) == (len(new), 120 + len(new))
    after = sandbox.uris(TARGET)
    assert Counter(after) == Counter([*before, *new])
    assert after[:120] != before
    assert [snapshot.snapshot_type for snapshot in snapshots(outside)] == [
        "scheduled_pre_execution"
    ]
    assert run_rows(trail) == [
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Scheduled raid and shuffle on '{NAME}' completed"),
    ]


def test_raid_that_finds_nothing_new_is_a_success_without_a_write(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    source = sandbox.create(library.MIRA, "Source", sandbox.uris(TARGET)[:5])
    schedule_id = scheduled(mira, "raid", TARGET, (source,))

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_added, run.tracks_total) == ("success", 0, 120)
    assert snapshots(outside) == []
    assert run_rows(trail) == [("schedule_run", f"Scheduled raid on '{NAME}' completed")]


def test_empty_target_is_shuffled_with_success_and_zero(mira: int, trail: Trail) -> None:
    schedule_id = scheduled(mira, target=library.PLAYLISTS["empty"])

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_added, run.tracks_total) == ("success", 0, 0)
    assert [kind for kind, _ in run_rows(trail)] == ["schedule_run"]


def test_short_run_spares_its_snapshot_when_the_user_says_so(
    mira: int, outside: Session, trail: Trail
) -> None:
    UserSettingsService.update(mira, auto_snapshot_enabled=False)
    schedule_id = scheduled(mira, "raid", TARGET, (TWELVE,))

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_added) == ("success", run.tracks_total - 120)
    assert snapshots(outside) == []
    assert [kind for kind, _ in run_rows(trail)] == ["schedule_run"]


def test_runs_of_dead_processes_are_failed_and_young_ones_left(
    mira: int, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    for minutes, trigger in ((31, "scheduler"), (45, "manual"), (29, "scheduler")):
        started = utcnow() - timedelta(minutes=minutes)
        outside.add(
            JobExecution(schedule_id=schedule_id, trigger=trigger, started_at=started)
        )
    outside.commit()

    assert JobExecutorService.fail_stale() == 2
    assert JobExecutorService.fail_stale() == 0

    assert [run.status for run in runs(outside)] == ["failed", "failed", "running"]
    assert run_rows(trail) == [
        ("schedule_run", f"Scheduled shuffle on '{NAME}' failed: interrupted by a restart"),
        (
            "schedule_run",
            f"Manual run of shuffle schedule for '{NAME}' failed: interrupted by a restart",
        ),
    ]
    for row in trail.rows[-2:]:
        assert (row.user_id, row.source) == (mira, "scheduler")
    assert facts(trail)["error"] == "interrupted by a restart"
    assert stored(outside, schedule_id).last_status == "failed"


def test_retention_follows_the_run_that_made_room_necessary(
    mira: int, outside: Session, trail: Trail
) -> None:
    UserSettingsService.update(mira, max_snapshots_per_playlist=1)
    schedule_id = scheduled(mira, target=TWELVE)
    JobExecutorService.execute(schedule_id, utcnow())
    JobExecutorService.execute(schedule_id, utcnow())

    assert [kind for kind, _ in run_rows(trail)] == [
        "snapshot_create", "schedule_run", "snapshot_create", "schedule_run", "snapshot_delete",
    ]
    taken, ran, removed = trail.rows[-3:]
    assert taken.request_id == ran.request_id == removed.request_id
    assert (removed.user_id, removed.source) == (mira, "retention")
    assert (removed.metadata_json or {})["reason"] == "retention"
    assert len(snapshots(outside)) == 1


def test_rows_that_others_add_meanwhile_are_kept_and_not_counted(
    mira: int, sandbox: Sandbox
) -> None:
    source = sandbox.create(
        library.MIRA, "Source", sandbox.uris(library.PLAYLISTS["four_thirty"])[:150]
    )
    target = sandbox.create(library.MIRA, "Target", [])
    schedule_id = scheduled(mira, "raid", target, (source,))
    foreign = sandbox.uris(library.PLAYLISTS["twelve_hundred"])[-1]

    def meddle(done: int, total: int) -> None:
        if done == total:
            sandbox.edit(target, "add", uris=[foreign])

    run = JobExecutorService.execute_now(schedule_id, mira, progress=meddle)

    assert (run.tracks_added, run.tracks_total) == (150, 151)
    assert sandbox.uris(target)[-1] == foreign


def test_no_transaction_is_open_while_spotify_is_asked(mira: int, sandbox: Sandbox) -> None:
    schedule_id = scheduled(mira, "raid_and_shuffle", TARGET, (TWELVE,))
    asked: list[bool] = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            asked.append(database.session().in_transaction())

    # Writes a line at every request, on the thread that makes it.
    wire = logging.getLogger("urllib3.connectionpool")
    watch, level = Watch(), wire.level
    wire.addHandler(watch)
    wire.setLevel(logging.DEBUG)
    try:
        JobExecutorService.execute(schedule_id, utcnow())
    finally:
        wire.removeHandler(watch)
        wire.setLevel(level)

    assert len(asked) > 5
    assert not any(asked)
