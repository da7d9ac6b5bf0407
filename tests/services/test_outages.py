"""A database that restarts while Spotify is being written: nothing of the write is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.sandbox import Sandbox, library
from shuffify.services import JobExecutorService, SchedulerService, ShuffleService
from shuffify.services.spotify_access import JOB
from shuffify.spotify.writes import WriteResult, write_playlist
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["four_thirty"]

pytestmark = pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)


def restart(outside: Session) -> Callable[[int, int], None]:
    """Return a progress that ends all other connections in the middle of the write."""

    def end_connections(done: int, total: int) -> None:
        if done == 2:
            ended = outside.scalars(text(
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )).all()
            outside.rollback()
            assert ended

    return end_connections


def test_shuffle_during_a_restart_is_written_and_recorded(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    done = ShuffleService.shuffle(mira, PLAYLIST, seed=1, progress=restart(outside))
    assert done.changed and done.undo_steps == 1
    assert sandbox.uris(PLAYLIST) != before
    assert [kind for kind, _ in trail.sentences] == ["snapshot_create", "shuffle"]


def test_run_during_a_restart_is_written_and_closed(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = SchedulerService.create_schedule(
        mira, job_type="shuffle", target_playlist_id=PLAYLIST, algorithm_name="BasicShuffle"
    )

    def written(*args: Any, **options: Any) -> WriteResult:
        return write_playlist(*args, **{**options, "progress": restart(outside)})

    monkeypatch.setattr("shuffify.services.playlist_write.write_playlist", written)
    run = JobExecutorService.execute(schedule.id, utcnow(), limits=JOB)
    assert run is not None and run.status == "success"
    assert [kind for kind, _ in trail.sentences][1:] == ["snapshot_create", "schedule_run"]
