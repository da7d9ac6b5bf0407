"""What tests of runs of schedules share: how they are set up, and what they leave."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.models.db import JobExecution, PlaylistSnapshot, Schedule
from shuffify.sandbox import library
from shuffify.services import Limits, SchedulerService, UpstreamSourceService
from tests.services.conftest import Trail

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
