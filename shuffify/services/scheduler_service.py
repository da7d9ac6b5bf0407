"""Schedules: what is done to a playlist, and when."""

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shuffify.algorithms.algorithm import NO_PARAMS
from shuffify.enums import IntervalValue, RunStatus, ScheduleType
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.job_execution import JobExecution
from shuffify.models.schedule import Schedule
from shuffify.models.upstream_source import UpstreamSource
from shuffify.services.errors import (
    ScheduleError,
    ScheduleLimitError,
    ScheduleNotFoundError,
    ScheduleRunningError,
)
from shuffify.services.fields import storable
from shuffify.services.schedule_plan import plan, upcoming, zone_of
from shuffify.services.schedule_spec import TIMING, ScheduleSpec
from shuffify.services.spotify_access import spotify_access
from shuffify.services.transaction import end_reads, lock_user, one_commit, reading

LIMIT = 20
"""Schedules of one user."""

_UNREADABLE = "The schedules could not be read."
_UNSAVED = "The schedule could not be saved."


class SchedulerService:
    """Creates, changes, lists and deletes schedules; the jobs run them."""

    @staticmethod
    def create_schedule(
        user_id: int,
        *,
        job_type: str,
        target_playlist_id: str,
        source_playlist_ids: Sequence[str] = (),
        algorithm_name: str | None = None,
        algorithm_params: Mapping[str, object] = NO_PARAMS,
        schedule_type: str = ScheduleType.INTERVAL.value,
        schedule_value: str = IntervalValue.DAILY.value,
        is_enabled: bool = True,
        dry_run: bool = False,
    ) -> Schedule:
        """Create a schedule for an editable playlist; a dry run stores nothing. Commits.

        Raises ScheduleValidationError, ScheduleLimitError, PlaylistNotFoundError,
        PlaylistAccessError, ReconnectRequired and Spotify's errors.
        """
        spec = ScheduleSpec(
            job_type=job_type,
            target_playlist_id=target_playlist_id,
            source_playlist_ids=source_playlist_ids,
            algorithm_name=algorithm_name,
            algorithm_params=algorithm_params,
            schedule_type=schedule_type,
            schedule_value=schedule_value,
            is_enabled=is_enabled,
        )
        with reading(ScheduleError, _UNREADABLE):
            _checked(user_id, spec)
            _check_room(user_id)
        name = _editable_name(user_id, target_playlist_id)
        with one_commit(ScheduleError, _UNSAVED):
            lock_user(user_id)
            _check_room(user_id)
            schedule = Schedule(user_id=user_id, anchor_at=utcnow())
            _assign(schedule, _checked(user_id, spec), name)
            if not dry_run:
                db.session.add(schedule)
        return schedule

    @staticmethod
    def update_schedule(
        user_id: int, schedule_id: int, changes: Mapping[str, Any], *, dry_run: bool = False
    ) -> tuple[Schedule, bool]:
        """Change the fields in `changes`, and say whether that changed anything. Commits.

        A dry run returns a schedule that is not stored. Raises ScheduleNotFoundError and
        whatever `create_schedule` raises.
        """
        with reading(ScheduleError, _UNREADABLE):
            schedule = _owned(user_id, schedule_id)
            spec = ScheduleSpec.merged(schedule, changes)
            if not _differences(schedule, _checked(user_id, spec)) and not dry_run:
                return schedule, False
        name = _editable_name(user_id, spec.target_playlist_id)
        with one_commit(ScheduleError, _UNSAVED):
            lock_user(user_id)
            stored = _owned(user_id, schedule_id)
            columns = _checked(user_id, ScheduleSpec.merged(stored, changes))
            schedule = _copy(stored) if dry_run else stored
            changed = _differences(schedule, columns)
            _assign(schedule, columns, name)
        return schedule, bool(changed)

    @staticmethod
    def toggle_schedule(user_id: int, schedule_id: int) -> Schedule:
        """Enable a disabled schedule, or the reverse. Commits. Raises ScheduleNotFoundError."""
        with one_commit(ScheduleError, _UNSAVED):
            lock_user(user_id)
            schedule = _owned(user_id, schedule_id)
            schedule.is_enabled = not schedule.is_enabled
            plan(schedule, zone_of(user_id))
        return schedule

    @staticmethod
    def delete_schedule(user_id: int, schedule_id: int) -> None:
        """Delete a schedule and its history. Commits.

        Raises ScheduleNotFoundError, ScheduleRunningError.
        """
        with one_commit(ScheduleError, "The schedule could not be deleted."):
            lock_user(user_id)
            schedule = _owned(user_id, schedule_id)
            if _is_running(schedule_id):
                raise ScheduleRunningError
            db.session.delete(schedule)

    @staticmethod
    def list(user_id: int) -> builtins.list[Schedule]:
        """Return the user's schedules, oldest first."""
        query = select(Schedule).where(Schedule.user_id == user_id).order_by(Schedule.id)
        with reading(ScheduleError, _UNREADABLE):
            return [*db.session.scalars(query)]

    @staticmethod
    def get(user_id: int, schedule_id: int) -> Schedule:
        """Return a schedule; raise ScheduleNotFoundError."""
        with reading(ScheduleError, _UNREADABLE):
            return _owned(user_id, schedule_id)

    @staticmethod
    def history(
        user_id: int, schedule_id: int, *, limit: int = 10
    ) -> builtins.list[JobExecution]:
        """Return the latest runs of a schedule, newest first; raise ScheduleNotFoundError."""
        with reading(ScheduleError, _UNREADABLE):
            _owned(user_id, schedule_id)
            return [
                *db.session.scalars(
                    select(JobExecution)
                    .where(JobExecution.schedule_id == schedule_id)
                    .order_by(JobExecution.started_at.desc(), JobExecution.id.desc())
                    .limit(limit)
                )
            ]

    @staticmethod
    def next_runs(schedule: Schedule, count: int = 5) -> builtins.list[datetime]:
        """List the next due times of a schedule, stored or not, in naive UTC."""
        with reading(ScheduleError, _UNREADABLE, afresh=False):
            return upcoming(schedule, zone_of(schedule.user_id), count)


def _owned(user_id: int, schedule_id: int) -> Schedule:
    schedule = db.session.get(Schedule, schedule_id, populate_existing=True)
    if schedule is None or schedule.user_id != user_id:
        raise ScheduleNotFoundError
    return schedule


def _checked(user_id: int, spec: ScheduleSpec) -> dict[str, Any]:
    registered = db.session.scalars(
        select(UpstreamSource.source_playlist_id).where(
            UpstreamSource.user_id == user_id,
            UpstreamSource.target_playlist_id == spec.target_playlist_id,
        )
    )
    return spec.checked(frozenset(registered))


def _check_room(user_id: int) -> None:
    query = select(func.count()).where(Schedule.user_id == user_id)
    if (db.session.scalar(query) or 0) >= LIMIT:
        raise ScheduleLimitError(LIMIT)


def _editable_name(user_id: int, playlist_id: str) -> str:
    end_reads()
    with spotify_access(user_id) as access:
        return storable(access.editable(playlist_id).name)


def _differences(schedule: Schedule, columns: Mapping[str, Any]) -> set[str]:
    return {name for name, value in columns.items() if getattr(schedule, name) != value}


def _assign(schedule: Schedule, columns: Mapping[str, Any], target_name: str) -> None:
    changed = _differences(schedule, columns)
    for name in changed:
        setattr(schedule, name, columns[name])
    if changed.intersection(TIMING):
        schedule.anchor_at = utcnow()
    schedule.target_playlist_name = target_name
    plan(schedule, zone_of(schedule.user_id))


def _copy(schedule: Schedule) -> Schedule:
    names = (column.key for column in Schedule.__mapper__.column_attrs)
    return Schedule(**{name: getattr(schedule, name) for name in names})


def _is_running(schedule_id: int) -> bool:
    query = select(JobExecution.id).where(
        JobExecution.schedule_id == schedule_id, JobExecution.status == RunStatus.RUNNING
    )
    return db.session.scalar(query.limit(1)) is not None
