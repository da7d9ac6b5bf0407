"""The rows of a run: claimed before it, closed after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shuffify.enums import JobType, RunStatus, RunTrigger
from shuffify.extensions import db
from shuffify.models.base import cut_text, utcnow
from shuffify.models.job_execution import JobExecution
from shuffify.models.schedule import Schedule
from shuffify.services.errors import (
    JobExecutionError,
    ScheduleNotFoundError,
    ScheduleRunningError,
)
from shuffify.services.fields import storable
from shuffify.services.schedule_plan import plan, zone_of
from shuffify.services.transaction import lock_user, one_commit

STILL_RUNNING = "the run before was not finished"

_NOT_STARTED = "The run could not be started."
_MESSAGE_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Job:
    """What a run has to do; a copy, for rows expire with every commit."""

    run_id: int
    schedule_id: int
    user_id: int
    job_type: JobType
    playlist_id: str
    source_ids: tuple[str, ...]
    algorithm_name: str | None
    algorithm_params: Mapping[str, Any]

    @classmethod
    def of(cls, run: JobExecution, schedule: Schedule) -> "Job":
        """Copy what a claimed run needs."""
        return cls(
            run_id=run.id,
            schedule_id=schedule.id,
            user_id=schedule.user_id,
            job_type=JobType(schedule.job_type),
            playlist_id=schedule.target_playlist_id,
            source_ids=tuple(schedule.source_playlist_ids),
            algorithm_name=schedule.algorithm_name,
            algorithm_params=dict(schedule.algorithm_params),
        )

    @property
    def raids(self) -> bool:
        return self.job_type is not JobType.SHUFFLE

    @property
    def shuffles(self) -> bool:
        return self.job_type is not JobType.RAID


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours; without a job it is closed already, as skipped."""

    run_id: int
    job: Job | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; the message is a sentence for the user."""

    status: RunStatus
    message: str | None = None
    tracks_added: int = 0
    tracks_total: int | None = None
    playlist_name: str | None = None


def claim_due(
    schedule_id: int, user_id: int, due_at: datetime, *, skip: str | None = None
) -> Claim | None:
    """Claim a due time and plan the next one; None when there is nothing to claim. Commits.

    With a reason to skip, or while another run is under way, the row is closed at once.
    """
    with one_commit(JobExecutionError, _NOT_STARTED):
        lock_user(user_id)
        schedule = _planned_on(schedule_id, user_id, due_at)
        if schedule is None:
            return None
        why = skip or (STILL_RUNNING if _is_running(schedule_id) else None)
        run = _claimed(schedule, due_at)
        if run is None:
            return None
        if why is not None:
            close(run.id, Outcome(RunStatus.SKIPPED, why))
            return Claim(run.id, None)
        return Claim(run.id, Job.of(run, schedule))


def claim_by_hand(schedule_id: int, user_id: int) -> Job:
    """Start a run that is not due. Commits. Raises ScheduleNotFound- and -RunningError."""
    with one_commit(JobExecutionError, _NOT_STARTED):
        lock_user(user_id)
        schedule = _fresh(schedule_id, user_id)
        if schedule is None:
            raise ScheduleNotFoundError
        if _is_running(schedule_id):
            raise ScheduleRunningError
        run = JobExecution(schedule_id=schedule_id, trigger=RunTrigger.MANUAL)
        db.session.add(run)
        db.session.flush()
        return Job.of(run, schedule)


def pass_over(schedule_id: int, user_id: int, due_at: datetime) -> None:
    """Plan the next run without a trace of this one. Commits."""
    with one_commit(JobExecutionError, "The next run could not be planned."):
        lock_user(user_id)
        _planned_on(schedule_id, user_id, due_at)


def close(run_id: int, outcome: Outcome) -> None:
    """Put the outcome into the run's row and its schedule's; flushes, does not commit."""
    run = db.session.get(JobExecution, run_id)
    if run is None:
        return
    message = outcome.message and cut_text(outcome.message, _MESSAGE_LENGTH)
    schedule = run.schedule
    if outcome.playlist_name is not None:
        schedule.target_playlist_name = storable(outcome.playlist_name)
    schedule.last_run_at = run.started_at
    schedule.last_status = outcome.status
    schedule.last_error = message
    run.status = outcome.status
    run.completed_at = utcnow()
    run.tracks_added = outcome.tracks_added
    run.tracks_total = outcome.tracks_total
    run.error_message = message
    db.session.flush()


def _fresh(schedule_id: int, user_id: int) -> Schedule | None:
    schedule = db.session.get(Schedule, schedule_id, populate_existing=True)
    return schedule if schedule is not None and schedule.user_id == user_id else None


def _planned_on(schedule_id: int, user_id: int, due_at: datetime) -> Schedule | None:
    """Plan the run after a due time; None for a schedule that is gone or disabled."""
    schedule = _fresh(schedule_id, user_id)
    if schedule is None or not schedule.is_enabled:
        return None
    plan(schedule, zone_of(user_id), after=max(utcnow(), due_at))
    return schedule


def _claimed(schedule: Schedule, due_at: datetime) -> JobExecution | None:
    run = JobExecution(
        schedule_id=schedule.id, due_at=due_at, trigger=RunTrigger.SCHEDULER
    )
    try:
        with db.session.begin_nested():
            db.session.add(run)
    except IntegrityError:
        # UNIQUE (schedule_id, due_at): this due time is somebody else's.
        return None
    return run


def _is_running(schedule_id: int) -> bool:
    query = select(JobExecution.id).where(
        JobExecution.schedule_id == schedule_id, JobExecution.status == RunStatus.RUNNING
    )
    return db.session.scalar(query.limit(1)) is not None
