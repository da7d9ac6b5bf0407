"""Explicit rows for what changes no row, and the readers of the trail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.attributes import set_committed_value

from shuffify.audit_trail import trail
from shuffify.enums import ActivityType
from shuffify.errors import ServiceError
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, db

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class ActivityLogError(ServiceError):
    """The trail was asked for something that it cannot tell."""


class ActivityLogService:
    """Record what no flush can see; read what happened."""

    @staticmethod
    def log(
        user_id: int,
        activity_type: ActivityType | str,
        description: str,
        playlist_id: str | None = None,
        playlist_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        event_id: str | None = None,
    ) -> ActivityLog | None:
        """Record one thing that changed no row; return it, loaded, or None when it was refused.

        Never raises. Joins the caller's transaction where there is work in it, without flushing,
        committing or rolling it back; otherwise commits its own. A refused row goes to the
        spool, at once or when the caller's transaction is durable.
        """
        try:
            return _record(trail.row(
                user_id=user_id,
                activity_type=activity_type,
                description=description,
                playlist_id=playlist_id,
                playlist_name=playlist_name,
                metadata=metadata,
                event_id=event_id,
            ))
        except Exception:
            log.exception("an activity row was not recorded: %s", activity_type)
            return None

    @staticmethod
    def hand_over(
        user_id: int,
        activity_type: ActivityType | str,
        description: str,
        playlist_id: str | None = None,
        playlist_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        event_id: str | None = None,
        error: Exception,
    ) -> None:
        """Spool a row about what Spotify did already, after the commit that held it failed.

        Never raises. Give it what `log` was given: with an ``event_id`` derived from the cause,
        replay and recovery meet in one row.
        """
        try:
            trail.lose(trail.row(
                user_id=user_id,
                activity_type=activity_type,
                description=description,
                playlist_id=playlist_id,
                playlist_name=playlist_name,
                metadata=metadata,
                event_id=event_id,
            ), error)
        except Exception:
            log.exception("an activity row was not handed over: %s", activity_type)

    @staticmethod
    def get_recent(
        user_id: int, limit: int = 20, activity_type: ActivityType | str | None = None
    ) -> list[ActivityLog]:
        """Return a user's newest rows, newest first; an unreadable trail is [] and logged."""
        statement = select(ActivityLog).where(ActivityLog.user_id == user_id)
        if activity_type is not None:
            statement = statement.where(ActivityLog.activity_type == str(activity_type))
        return _read_rows(_newest_first(statement).limit(limit))

    @staticmethod
    def get_activity_since(user_id: int, since: datetime) -> list[ActivityLog]:
        """Return a user's rows from a moment on (naive is UTC), newest first; [] as above."""
        if since.tzinfo is not None:
            since = since.astimezone(timezone.utc).replace(tzinfo=None)
        statement = select(ActivityLog).where(
            ActivityLog.user_id == user_id, ActivityLog.created_at >= since
        )
        return _read_rows(_newest_first(statement))

    @staticmethod
    def get_activity_summary(user_id: int, days: int = 30) -> dict[str, int]:
        """Return how many rows of each type a user has in the last days; {} as above."""
        statement = (
            select(ActivityLog.activity_type, func.count())
            .where(
                ActivityLog.user_id == user_id,
                ActivityLog.created_at >= utcnow() - timedelta(days=days),
            )
            .group_by(ActivityLog.activity_type)
        )
        return _read(
            lambda: {kind: number for kind, number in db.session.execute(statement)}, {}
        )


def _record(row: dict[str, Any]) -> ActivityLog | None:
    session = db.session()
    callers = False
    try:
        callers = trail.is_callers(session)
        key = trail.insert(session, row)
        with session.no_autoflush:
            activity = session.get(ActivityLog, key)
        if callers or activity is None:
            return activity
        values = {name: getattr(activity, name) for name in _COLUMNS}
        db.session.commit()
    except Exception as error:
        if callers:
            trail.hold(session, row, error)
        else:
            db.session.rollback()
            trail.lose(row, error)
        return None
    # The commit expired the row; what it holds is known, and asking again would begin a
    # transaction that nobody ends.
    for name, value in values.items():
        set_committed_value(activity, name, value)
    return activity


_COLUMNS = tuple(ActivityLog.__mapper__.columns.keys())


def _newest_first(statement: Any) -> Any:
    return statement.order_by(ActivityLog.created_at.desc(), ActivityLog.id.desc())


def _read_rows(statement: Any) -> list[ActivityLog]:
    return _read(lambda: list(db.session.scalars(statement)), [])


def _read(read: Callable[[], Answer], nothing: Answer) -> Answer:
    """Read beside whatever the caller has under way; a failure is logged and leaves it alone."""
    session = db.session()
    try:
        with session.no_autoflush:
            if not session.in_transaction():
                return read()
            # On PostgreSQL a failed read would abort the caller's transaction.
            with session.connection().begin_nested():
                return read()
    except SQLAlchemyError:
        trail.count("losses.read")
        log.exception("the activity log could not be read")
        return nothing
