"""How much of what happened, by type and by day."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select

from shuffify.audit import tolerant
from shuffify.extensions import db
from shuffify.models.base import iso_utc
from shuffify.models.db import ActivityLog
from shuffify.services.activity_query import UNREADABLE, ActivityFilter


@dataclass(frozen=True)
class ActivityStats:
    """Counts of the rows that fit a filter."""

    first: datetime | None
    last: datetime | None
    days: dict[str, Counter[str]] = field(default_factory=dict)
    """By day (UTC, ISO 8601, ascending; days without rows are left out), then by type.

    `UNREADABLE` counts rows whose time somebody altered to what is none.
    """

    @property
    def types(self) -> Counter[str]:
        """Return the counts by type."""
        return sum(self.days.values(), Counter[str]())

    @property
    def total(self) -> int:
        """Return how many rows there are."""
        return self.types.total()

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values, types by falling count."""
        return {
            "total": self.total,
            "first": None if self.first is None else iso_utc(self.first),
            "last": None if self.last is None else iso_utc(self.last),
            "types": dict(self.types.most_common()),
            "days": {day: dict(counts.most_common()) for day, counts in self.days.items()},
        }


def count_activity(wanted: ActivityFilter) -> ActivityStats:
    """Count the rows that fit; database errors pass through. One pass over them."""
    row = ActivityLog
    day = _day()
    statement = (
        select(tolerant(day, "day"), row.activity_type, func.count(),
               tolerant(func.min(row.created_at), "first"),
               tolerant(func.max(row.created_at), "last"))
        .where(*wanted.conditions())
        .group_by(day, row.activity_type)
    )
    # Sorted here, where they are few: PostgreSQL takes each time for a day of its own, and would
    # sort all rows for an ORDER BY.
    found = sorted(db.session.execute(statement), key=lambda one: (str(one[0]), str(one[1])))
    days: dict[str, Counter[str]] = {}
    times: list[datetime] = []
    for on, kind, count, *ends in found:
        days.setdefault(_day_name(on), Counter())[kind] += count
        times += [end for end in ends if isinstance(end, datetime)]
    return ActivityStats(min(times, default=None), max(times, default=None), days)


def _day_name(on: Any) -> str:
    try:
        return date.fromisoformat(str(on)).isoformat()
    except ValueError:
        return UNREADABLE


def _day() -> ColumnElement[Any]:
    if db.engine.dialect.name == "postgresql":
        # The connection's time zone must not decide which day it was.
        return cast(func.timezone("UTC", ActivityLog.created_at), Date)
    return func.date(ActivityLog.created_at)
