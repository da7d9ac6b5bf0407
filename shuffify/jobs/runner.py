"""What the scheduler's threads do: each in a context of its own, none of it fatal to them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
import logging
from typing import Any, Protocol, TypeVar

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from shuffify.audit_trail import trail
from shuffify.errors import ServiceError
from shuffify.extensions import db
from shuffify.jobs.plan import newest_due
from shuffify.models.base import cut_text, utcnow
from shuffify.models.schedule import Schedule
from shuffify.models.scheduler_state import SchedulerState
from shuffify.services import JobExecutorService, LoginHistoryService, PlaylistSnapshotService
from shuffify.services.schedule_plan import zone_of
from shuffify.services.transaction import end_reads, one_commit

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

SEALED_AT_ONCE = 20_000
"""Rows, so that other upkeep has its turn."""

_TOUCHED = "shuffify.jobs.touched"


class App(Protocol):
    """What is needed of a Flask app; jobs know no Flask."""

    def app_context(self) -> AbstractContextManager[Any]: ...


def guarded(app: App, what: str, work: Callable[[], Result]) -> Result | None:
    """Do some work in a context of its own; whatever it raises is logged and ends here."""
    try:
        with app.app_context():
            return work()
    except Exception:
        # The job boundary: a thread that dies here would run nothing any more.
        logger.exception("%s failed.", what)
        return None


def planned(app: App) -> dict[int, datetime] | None:
    """Return when each enabled schedule is due next; None when the database is away."""
    return guarded(app, "Reading the schedules", _planned)


def run_due(app: App, schedule_id: int) -> None:
    """Run a schedule if it is due: once, for the newest of the times that have passed."""
    guarded(app, f"The run of schedule {schedule_id}", lambda: _run_due(schedule_id))


def fail_stale(app: App) -> None:
    """Close the runs of processes that have died."""
    guarded(app, "Closing stale runs", JobExecutorService.fail_stale)


def recover_writes(app: App) -> None:
    """Settle the writes of processes that have died."""
    guarded(app, "Recovering writes", PlaylistSnapshotService.recover)


def close_logins(app: App) -> None:
    """Close the logins that have expired."""
    guarded(app, "Closing expired logins", LoginHistoryService.close_expired)


def seal_trail(app: App) -> None:
    """Seal what the trail has gained, not all of a long backlog at a time."""
    guarded(app, "Sealing the trail", _seal)


def beat(app: App, leader: str, started_at: datetime) -> None:
    """Note that the leader is alive."""
    guarded(app, "The heartbeat", lambda: _beat(leader, started_at))


def watch_schedules(tell: Callable[[], None]) -> Callable[[], None]:
    """Call `tell` after each transaction of this process that touched a schedule.

    Returns a function that ends this. `tell` must neither raise nor wait.
    """

    def note(session: Session, flush_context: Any) -> None:
        touched = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(instance, Schedule) for instance in touched):
            session.info[_TOUCHED] = True

    def end(session: Session, transaction: SessionTransaction) -> None:
        # Not after_commit, which comes at the end of savepoints too, before others can see it.
        if transaction.parent is None and session.info.pop(_TOUCHED, False):
            tell()

    listeners = (("after_flush", note), ("after_transaction_end", end))
    for name, listener in listeners:
        event.listen(db.session, name, listener)

    def unwatch() -> None:
        for name, listener in listeners:
            event.remove(db.session, name, listener)

    return unwatch


def _planned() -> dict[int, datetime]:
    query = select(Schedule.id, Schedule.next_run_at).where(
        Schedule.is_enabled, Schedule.next_run_at.is_not(None)
    )
    found = {row.id: row.next_run_at for row in db.session.execute(query)}
    end_reads()
    return found


def _run_due(schedule_id: int) -> None:
    due_at = _newest_due(schedule_id)
    if due_at is None:
        return
    logger.info("Schedule %s, due %s: running.", schedule_id, due_at)
    run = JobExecutorService.execute(schedule_id, due_at)
    if run is None:
        logger.info("Schedule %s, due %s: nothing was run.", schedule_id, due_at)
    else:
        logger.info("Schedule %s, due %s: %s.", schedule_id, due_at, run.status)


def _newest_due(schedule_id: int) -> datetime | None:
    schedule = db.session.get(Schedule, schedule_id)
    now = utcnow()
    if schedule is None or schedule.next_run_at is None or schedule.next_run_at > now:
        return None
    due_at = newest_due(
        schedule.schedule_type,
        schedule.schedule_value,
        schedule.anchor_at,
        zone_of(schedule.user_id),
        due_at=schedule.next_run_at,
        now=now,
    )
    end_reads()
    return due_at


def _seal() -> None:
    made = trail.custody.seal(db.engine, most=SEALED_AT_ONCE)
    if made.is_held_up:
        logger.warning("Sealing the trail waits for transactions under way.")
    elif made.rows:
        logger.info("The trail is sealed up to row %s.", made.last_id)


def _beat(leader: str, started_at: datetime) -> None:
    with one_commit(ServiceError, "The heartbeat could not be saved."):
        state = db.session.scalar(select(SchedulerState).limit(1))
        if state is None:
            state = SchedulerState()
            db.session.add(state)
        state.leader = cut_text(leader, 255)
        state.started_at = started_at
        state.heartbeat_at = utcnow()
