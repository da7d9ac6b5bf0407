"""Runs that Spotify, a source or another write keeps from what they are for."""

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.models.base import utcnow
from shuffify.sandbox import Sandbox, library
from shuffify.services import JobExecutorService, PlaylistAccessError, SourcesUnreadableError
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.locks import playlist_lock
from tests.services.conftest import Trail
from tests.services.runs import (
    IMPATIENT, ITEMS, NAME, TARGET, TWELVE, facts, failing, run_rows, runs, scheduled,
    snapshots, stored,
)


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
