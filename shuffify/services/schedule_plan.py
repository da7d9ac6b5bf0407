"""When a schedule runs next, in its user's time zone."""

from datetime import datetime

from sqlalchemy import select

from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.schedule import Schedule
from shuffify.models.user import UserSettings
from shuffify.timing import next_run, next_runs


def zone_of(user_id: int) -> str:
    """Return the user's time zone."""
    zone = db.session.scalar(select(UserSettings.timezone).where(UserSettings.user_id == user_id))
    return zone or "UTC"


def plan(schedule: Schedule, zone: str, after: datetime | None = None) -> None:
    """Set when the schedule runs next; never while it is disabled."""
    if not schedule.is_enabled:
        schedule.next_run_at = None
        return
    schedule.next_run_at = next_run(
        schedule.schedule_type,
        schedule.schedule_value,
        schedule.anchor_at,
        zone,
        after or utcnow(),
    )


def replan_all(user_id: int, zone: str) -> None:
    """Plan all schedules of a user whose time zone has changed."""
    for schedule in db.session.scalars(select(Schedule).where(Schedule.user_id == user_id)):
        plan(schedule, zone)


def upcoming(schedule: Schedule, zone: str, count: int) -> list[datetime]:
    """List the next due times, in naive UTC; none while it is disabled."""
    if not schedule.is_enabled:
        return []
    return next_runs(
        schedule.schedule_type,
        schedule.schedule_value,
        schedule.anchor_at,
        zone,
        utcnow(),
        count,
    )
