"""Runs of schedules, by their due time or by hand."""

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
import logging
from uuid import uuid4

from sqlalchemy import Select, select

from shuffify.audit import AuditContext, bind
from shuffify.enums import RunStatus
from shuffify.errors import ShuffifyError, SpotifyError
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.job_execution import JobExecution
from shuffify.models.schedule import Schedule
from shuffify.models.user import User
from shuffify.services.admission import require_admission
from shuffify.services.errors import (
    JobExecutionError,
    PlaylistRecordError,
    TokenError,
    UserNotFoundError,
    UserServiceError,
)
from shuffify.services.job_run import Job, Outcome, claim_by_hand, claim_due, close, pass_over
from shuffify.services.job_write import JobWrite
from shuffify.services.spotify_access import JOB, REQUEST, Limits, Progress
from shuffify.services.token_service import TokenService
from shuffify.services.transaction import end_reads, one_commit, reading
from shuffify.spotify.errors import PlaylistBusyError

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""A run may start this long after it was due."""

STALE_AFTER = timedelta(minutes=30)
"""A run that takes longer is not running any more."""

TOO_LATE = "the scheduler was not running"
INTERRUPTED = "interrupted by a restart"
BUSY = "another change of the playlist was under way"
UNEXPECTED = "Something unexpected went wrong; the operator of this server finds it in the log."

_UNREADABLE = "The run could not be read."


class JobExecutorService:
    """Runs schedules: a claim, one safe write, the outcome."""

    @staticmethod
    def execute(
        schedule_id: int, due_at: datetime, *, limits: Limits = JOB
    ) -> JobExecution | None:
        """Run a schedule for one of its due times, as the schedule's job; plan its next run.

        The claim is a commit of its own, and so are the steps of the write. None comes back
        when there was nothing to run: another process has this due time, the schedule is gone
        or disabled, its account may not be here or has lost its connection to Spotify.
        """
        user_id = _owner(schedule_id)
        if user_id is None:
            return None
        with _acting_as_job(schedule_id, user_id):
            if not _is_connected(user_id):
                pass_over(schedule_id, user_id, due_at)
                return None
            late = utcnow() - due_at > GRACE
            claim = claim_due(schedule_id, user_id, due_at, skip=TOO_LATE if late else None)
            if claim is None:
                return None
            if claim.job is not None:
                try:
                    _carry_out(claim.job, limits, None)
                except ShuffifyError as error:
                    logger.warning("Run %s of schedule %s: %s", claim.run_id, schedule_id, error)
            return _stored(claim.run_id)

    @staticmethod
    def execute_now(
        schedule_id: int,
        user_id: int,
        *,
        limits: Limits = REQUEST,
        progress: Progress | None = None,
    ) -> JobExecution:
        """Run a schedule by hand, also a disabled one. Commits as `execute` does.

        Raises ScheduleNotFoundError, ScheduleRunningError, ReconnectRequired before anything
        is recorded. A run that does not succeed is closed first; then its error is raised:
        SourcesUnreadableError, the errors of PlaylistService, Spotify's errors.
        """
        JobExecutorService.fail_stale()
        _require_connection(user_id)
        job = claim_by_hand(schedule_id, user_id)
        _carry_out(job, limits, progress)
        return _stored(job.run_id)

    @staticmethod
    def fail_stale() -> int:
        """Close the runs whose process has died, as failed; count them. Commits."""
        with reading(JobExecutionError, _UNREADABLE):
            stale = [*db.session.execute(_stale_runs())]
            end_reads()
        for run_id, schedule_id, user_id in stale:
            with (
                _acting_as_job(schedule_id, user_id),
                one_commit(JobExecutionError, "The run could not be closed."),
            ):
                if _is_running(run_id):
                    close(run_id, Outcome(RunStatus.FAILED, INTERRUPTED))
        return len(stale)


def _acting_as_job(schedule_id: int, user_id: int) -> AbstractContextManager[AuditContext]:
    return bind(
        user_id=user_id,
        kind="job",
        label=f"job:schedule:{schedule_id}",
        source="scheduler",
        request_id=str(uuid4()),
        remote_addr=None,
        user_agent=None,
    )


def _carry_out(job: Job, limits: Limits, progress: Progress | None) -> None:
    """Do the write; whatever stops it stands in the run's row before it is raised."""
    try:
        JobWrite(job).carry_out(limits, progress)
    except PlaylistRecordError:
        # The write succeeded and its row could not be closed: only time can close it now.
        raise
    except PlaylistBusyError:
        _close(job, Outcome(RunStatus.SKIPPED, BUSY))
        raise
    except ShuffifyError as error:
        _close(job, Outcome(RunStatus.FAILED, str(error)))
        raise
    except Exception:
        _close(job, Outcome(RunStatus.FAILED, UNEXPECTED))
        raise


def _close(job: Job, outcome: Outcome) -> None:
    with one_commit(JobExecutionError, "The outcome of the run could not be saved."):
        close(job.run_id, outcome)


def _is_connected(user_id: int) -> bool:
    try:
        _require_connection(user_id)
    except (UserServiceError, TokenError, SpotifyError) as error:
        logger.info("The schedules of account %s are paused: %s", user_id, error)
        return False
    return True


def _require_connection(user_id: int) -> None:
    """Raise UserNotAllowedError or ReconnectRequired for an account that may not run jobs."""
    with reading(JobExecutionError, _UNREADABLE):
        user = db.session.get(User, user_id, populate_existing=True)
        if user is None:
            raise UserNotFoundError
        spotify_id, is_active = user.spotify_id, user.is_active
        is_doubtful = user.needs_reconnect or user.encrypted_refresh_token is None
        end_reads()
    require_admission(spotify_id, is_active=is_active)
    if is_doubtful:
        # Refuses at once, save for the one try a day that a refused connection is given.
        TokenService.access_token(user_id)


def _owner(schedule_id: int) -> int | None:
    with reading(JobExecutionError, _UNREADABLE):
        owner = db.session.scalar(select(Schedule.user_id).where(Schedule.id == schedule_id))
        end_reads()
    return owner


def _stored(run_id: int) -> JobExecution:
    with reading(JobExecutionError, _UNREADABLE):
        return db.session.get_one(JobExecution, run_id, populate_existing=True)


def _stale_runs() -> Select[int, int, int]:
    return (
        select(JobExecution.id, JobExecution.schedule_id, Schedule.user_id)
        .join(Schedule, Schedule.id == JobExecution.schedule_id)
        .where(
            JobExecution.status == RunStatus.RUNNING,
            JobExecution.started_at < utcnow() - STALE_AFTER,
        )
        .order_by(JobExecution.id)
    )


def _is_running(run_id: int) -> bool:
    query = select(JobExecution.status).where(JobExecution.id == run_id).with_for_update()
    return db.session.scalar(query) == RunStatus.RUNNING
