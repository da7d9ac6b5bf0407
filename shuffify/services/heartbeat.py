"""The sign that the leading scheduler gives while it lives."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.scheduler_state import SchedulerState
from shuffify.services.transaction import end_reads

LIMIT = timedelta(minutes=1)
"""A leading scheduler that was silent for longer is not there any more."""


def last_heartbeat() -> datetime | None:
    """Return when a scheduler last gave a sign; None where none has ever led."""
    last = db.session.scalar(select(func.max(SchedulerState.heartbeat_at)))
    end_reads()
    return last


def is_alive(heartbeat: datetime) -> bool:
    """Say whether a scheduler with this last sign is still there."""
    return utcnow() - heartbeat <= LIMIT
