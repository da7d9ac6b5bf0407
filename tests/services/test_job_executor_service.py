"""Runs of schedules through the sandbox: what they write, and what they leave."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any

from flask import Flask
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.models.base import utcnow
from shuffify.models.db import JobExecution, PlaylistSnapshot, Schedule, User
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    JOB,
    JobExecutorService,
    Limits,
    PlaylistAccessError,
    PlaylistNotFoundError,
    PlaylistWriteError,
    ReconnectRequired,
    ScheduleNotFoundError,
    ScheduleRunningError,
    SchedulerService,
    ShuffleService,
    SourcesUnreadableError,
    TokenService,
    UpstreamSourceService,
    UserNotAllowedError,
    UserSettingsService,
)
from shuffify.spotify.errors import PlaylistBusyError
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.locks import playlist_lock
from tests.services.conftest import Trail, grant_of

TARGET = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
ITEMS = f"/v1/playlists/{TARGET}/items"
TWELVE = library.PLAYLISTS["twelve"]
IMPATIENT = Limits(lock_wait=0, patience=0, calls=1000)


def scheduled(
    user_id: int, job_type: str = "shuffle", target: str = TARGET, sources: tuple[str, ...] = ()
) -> int:
    """Create a daily schedule, its sources registered, and return its id."""
    for source in sources:
        UpstreamSourceService.add_source(user_id, target, source_playlist_id=source)
    return SchedulerService.create_schedule(
        user_id,
        job_type=job_type,
        target_playlist_id=target,
        source_playlist_ids=sources,
        algorithm_name=None if job_type == "raid" else "BasicShuffle",
    ).id


def stored(outside: Session, schedule_id: int) -> Schedule:
    outside.rollback()
    return outside.get_one(Schedule, schedule_id)


def runs(outside: Session) -> list[JobExecution]:
    outside.rollback()
    return [*outside.scalars(select(JobExecution).order_by(JobExecution.id))]


def snapshots(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return [*outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id))]


def run_rows(trail: Trail) -> list[tuple[str, str]]:
    """Return what the trail says apart from how the test was set up."""
    setup = ("schedule_create", "upstream_source_add", "settings_change")
    return [(kind, text) for kind, text in trail.sentences if kind not in setup]


def facts(trail: Trail) -> dict[str, Any]:
    """Return the metadata of the last row, without what every row has."""
    metadata = trail.last.metadata_json or {}
    return {key: value for key, value in metadata.items() if key not in ("actor", "changes")}


@contextmanager
def failing(statement: str, error: Exception, times: int = 1) -> Iterator[None]:
    """Let the database refuse the first statements that begin so."""
    left = [times]

    def refuse(connection: Any, cursor: Any, sql: str, *_: Any) -> None:
        if left[0] and sql.startswith(statement):
            left[0] -= 1
            raise error

    event.listen(database.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", refuse)


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


def test_source_that_is_gone_or_withheld_is_passed_over_with_a_note(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    gone = sandbox.create(library.MIRA, "Gone", sandbox.uris(TWELVE))
    closed = sandbox.create(library.JONAS, "Closed", sandbox.uris(TWELVE), collaborative=True)
    schedule_id = scheduled(mira, "raid", TARGET, (gone, closed, TWELVE))
    sandbox.edit(gone, "delete")
    sandbox.edit(closed, "details", collaborative=False, public=True)

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert run.status == "success"
    assert run.tracks_added > 0
    assert run.error_message == (
        "'Gone' was passed over: Spotify does not know it any more. "
        "'Closed' was passed over: Spotify withholds its tracks."
    )
    assert trail.last.description == f"Scheduled raid on '{NAME}' completed"


def test_raid_whose_sources_are_all_gone_fails(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    gone = sandbox.create(library.MIRA, "Gone", sandbox.uris(TWELVE))
    schedule_id = scheduled(mira, "raid_and_shuffle", TARGET, (gone,))
    sandbox.edit(gone, "delete")
    reason = (
        "No source can be read. 'Gone' was passed over: Spotify does not know it any more."
    )

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_total, run.error_message) == ("failed", None, reason)
    assert run_rows(trail) == [
        ("schedule_run", f"Scheduled raid and shuffle on '{NAME}' failed: {reason}")
    ]
    assert (facts(trail)["outcome"], facts(trail)["error"]) == ("failed", reason)
    schedule = stored(outside, schedule_id)
    assert (schedule.last_status, schedule.last_error) == ("failed", reason)
    with pytest.raises(SourcesUnreadableError) as failure:
        JobExecutorService.execute_now(schedule_id, mira)
    assert failure.value.code == "not_readable"


def test_target_that_is_gone_fails_the_run(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    target = sandbox.create(library.MIRA, "Short-lived", sandbox.uris(TWELVE))
    schedule_id = scheduled(mira, target=target)
    sandbox.edit(target, "delete")

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert run_rows(trail) == [
        ("schedule_run", f"Scheduled shuffle on 'Short-lived' failed: {run.error_message}")
    ]
    assert run.error_message == "There is no such playlist. It may have been deleted."


def test_target_that_is_not_editable_any_more_fails_the_run(
    mira: int, sandbox: Sandbox
) -> None:
    target = sandbox.create(
        library.JONAS, "Ours", sandbox.uris(TWELVE), public=False, collaborative=True
    )
    schedule_id = scheduled(mira, target=target)
    sandbox.edit(target, "details", collaborative=False, public=True)

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert run.status == "failed"
    with pytest.raises(PlaylistAccessError):
        JobExecutorService.execute_now(schedule_id, mira)


def test_failed_write_is_put_back_and_said(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    before = sandbox.uris(TARGET)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=1, retry_after=3600)

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_total) == ("failed", None)
    assert "The previous order stands again; nothing was lost." in (run.error_message or "")
    assert sandbox.uris(TARGET) == before
    assert [snapshot.write_state for snapshot in snapshots(outside)] == ["void"]
    assert run_rows(trail) == [
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Scheduled shuffle on '{NAME}' failed: {run.error_message}"),
    ]


def test_run_waits_a_minute_for_spotify_and_no_more(
    mira: int, sandbox: Sandbox, outside: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(Gateway.__init__, "__kwdefaults__", {
        **(Gateway.__init__.__kwdefaults__ or {}), "sleep": naps.append
    })
    schedule_id = scheduled(mira)
    sandbox.fault("rate_limit", path=f"/v1/playlists/{TARGET}*", retry_after=60)
    patient = JobExecutorService.execute(schedule_id, utcnow())
    sandbox.fault("rate_limit", path=f"/v1/playlists/{TARGET}*", retry_after=61)
    run = JobExecutorService.execute(schedule_id, utcnow())

    assert patient is not None and patient.status == "success"
    assert 60 in naps and 61 not in naps
    assert run is not None
    assert (run.status, run.error_message) == (
        "failed", "Spotify is busy. Try again in 61 seconds."
    )


def test_write_that_could_not_be_put_back_says_where_the_old_order_is(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    before = sandbox.uris(TARGET)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=None, retry_after=3600)
    sandbox.fault("rate_limit", path=ITEMS, method="PUT", position=2, count=None, retry_after=3600)

    run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert run.status == "failed"
    assert "It had 120 rows, now it has 100." in (run.error_message or "")
    [snapshot] = snapshots(outside)
    assert (snapshot.track_uris, snapshot.write_state) == (before, "interrupted")
    assert [kind for kind, _ in run_rows(trail)] == ["snapshot_create", "schedule_run"]


def test_busy_playlist_skips_the_run(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    with playlist_lock(database.engine, TARGET, wait=0):
        run = JobExecutorService.execute(schedule_id, utcnow(), limits=IMPATIENT)

    assert run is not None
    reason = "another change of the playlist was under way"
    assert (run.status, run.error_message) == ("skipped", reason)
    assert run_rows(trail) == [
        ("schedule_run", f"Scheduled shuffle on '{NAME}' skipped: {reason}")
    ]
    assert (facts(trail)["outcome"], facts(trail)["error"]) == ("skipped", reason)


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


def test_write_whose_record_was_refused_is_recorded_at_the_second_try(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira, target=TWELVE)
    before = sandbox.uris(TWELVE)

    with failing("UPDATE job_executions", OperationalError("", {}, Exception("away"))):
        run = JobExecutorService.execute(schedule_id, utcnow())

    assert run is not None
    assert (run.status, run.tracks_total) == ("success", 12)
    assert sandbox.uris(TWELVE) != before
    assert [kind for kind, _ in run_rows(trail)] == ["snapshot_create", "schedule_run"]
    # What recovery settles a minute later.
    assert [snapshot.write_state for snapshot in snapshots(outside)] == ["pending"]


def test_what_nobody_foresaw_is_in_the_books_and_raised(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    schedule_id = scheduled(mira)
    before = sandbox.uris(TARGET)

    with failing("INSERT INTO playlist_snapshots", ZeroDivisionError("secret")):
        with pytest.raises(ZeroDivisionError):
            JobExecutorService.execute(schedule_id, utcnow())

    [run] = runs(outside)
    assert (run.status, run.error_message) == (
        "failed",
        "Something unexpected went wrong; the operator of this server finds it in the log.",
    )
    assert sandbox.uris(TARGET) == before
    assert [kind for kind, _ in run_rows(trail)] == ["schedule_run"]


def test_target_gone_by_hand_is_not_found(mira: int, sandbox: Sandbox) -> None:
    target = sandbox.create(library.MIRA, "Short-lived", sandbox.uris(TWELVE))
    schedule_id = scheduled(mira, target=target)
    sandbox.edit(target, "delete")
    with pytest.raises(PlaylistNotFoundError):
        JobExecutorService.execute_now(schedule_id, mira)
