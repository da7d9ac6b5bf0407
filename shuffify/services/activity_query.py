"""Which rows of the trail are wanted, and one page of them at a time, newest first.

Pages are cut by key, not by counting: page 10,000 costs as much as the first, and rows that
arrive meanwhile move nothing. Database errors pass through.
"""

from dataclasses import dataclass
from datetime import datetime
import re
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger, ColumnElement, Row, Select, exists, literal, or_, select, tuple_,
)

from shuffify.audit import OWN_TYPES
from shuffify.audit import Unreadable, tolerant
from shuffify.audit_trail import trail
from shuffify.enums import ActivityType
from shuffify.extensions import db
from shuffify.models.base import iso_utc, to_utc
from shuffify.models.activity_log import as_dict
from shuffify.models.db import ActivityLog

READABLE: Final = tuple(
    tolerant(column, column.name) for column in ActivityLog.__table__.c
)
"""The log's columns for a SELECT that a row altered by hand does not end."""

UNREADABLE: Final = "[unreadable]"

_PLAIN: Final = frozenset({type(None), bool, int, float, str, dict, list})


def told(row: Any) -> dict[str, Any]:
    """Return what a SELECT of `READABLE` gave as `ActivityLog.to_dict` does.

    What no column of its type can hold is told as text that begins with `UNREADABLE`.
    """
    found = as_dict(row)
    if found["created_at"] is None:  # The column has no null: the driver cannot read it.
        found["created_at"] = UNREADABLE
    if _PLAIN.issuperset(map(type, found.values())):
        return found
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    return repr(value if isinstance(value, Unreadable) else Unreadable(value))


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """What a row must be; an empty field asks for nothing."""

    user_id: int | None = None
    types: tuple[str, ...] = ()
    """Types or patterns with `*`; a row must be of one of them."""
    playlist: str | None = None
    """A playlist's id, or its name as the trail has it."""
    entity_type: str | None = None
    entity_id: str | None = None
    source: str | None = None
    request_id: str | None = None
    """The beginning of an id will do."""
    since: datetime | None = None
    until: datetime | None = None
    """Rows before this moment, which is excluded."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as what a WHERE clause takes."""
        row = ActivityLog
        found: list[ColumnElement[bool]] = []
        for column, value in (
            (row.user_id, self.user_id),
            (row.entity_type, self.entity_type),
            (row.entity_id, self.entity_id),
            (row.source, self.source),
        ):
            if value is not None:
                found.append(column == value)
        if self.types:
            found.append(or_(*map(_is_of_type, self.types)))
        if self.playlist is not None:
            found.append(or_(row.playlist_id == self.playlist, row.playlist_name == self.playlist))
        if self.request_id is not None:
            found.append(row.request_id.startswith(self.request_id, autoescape=True))
        if self.since is not None:
            found.append(row.created_at >= to_utc(self.since))
        if self.until is not None:
            found.append(row.created_at < to_utc(self.until))
        return found


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in the order of the trail, as `2026-11-23T08:15:00.000001+00:00,1234`."""

    at: datetime | None
    """None where the row has none that can be read: its place is then looked up."""
    id: int

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the place of a row."""
        return cls(row.created_at if isinstance(row.created_at, datetime) else None, row.id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor's text; raises ValueError, OverflowError."""
        at, _, number = text.rpartition(",")
        if not re.fullmatch("[0-9]{1,18}", number):
            raise ValueError(f"{text!r} does not end with the number of a row")
        if at == "?" or at.startswith(UNREADABLE):
            return cls(None, int(number))
        return cls(to_utc(datetime.fromisoformat(at)), int(number))

    def __str__(self) -> str:
        return f"{'?' if self.at is None else iso_utc(self.at)},{self.id}"

    def place(self) -> ColumnElement[Any]:
        """Return what `(created_at, id)` compares with."""
        number = _number(self.id)
        if self.at is not None:
            return tuple_(self.at, number)
        row = ActivityLog
        return tuple_(select(row.created_at).where(row.id == number).scalar_subquery(), number)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and where the neighbouring pages begin."""

    rows: tuple[Row[Any], ...]
    """For `told`."""
    older: Cursor | None
    """Ask for what is before it; None when these are the oldest rows."""
    newer: Cursor | None
    """Ask for what is after it; None when these are the newest rows."""


def read_page(
    wanted: ActivityFilter,
    *,
    limit: int,
    before: Cursor | None = None,
    after: Cursor | None = None,
) -> Page:
    """Return at most `limit` rows: the newest, those just before a cursor, or just after one.

    With both cursors, the newest rows between them.
    """
    forwards = after is not None and before is None
    statement = select(*READABLE).where(*wanted.conditions(), *_between(before, after))
    found = db.session.execute(_ordered(statement, forwards).limit(limit + 1)).all()
    rows = tuple(found[:limit])
    more = len(found) > limit
    if forwards:
        rows = rows[::-1]
    if not rows:
        return Page((), None, None)
    has_older = True if forwards else more
    has_newer = more if forwards else before is not None
    return Page(
        rows,
        older=Cursor.of(rows[-1]) if has_older else None,
        newer=Cursor.of(rows[0]) if has_newer else None,
    )


def find_event(reference: int | str) -> Row[Any] | None:
    """Return the row with this id, or with this event id, for `told`."""
    if isinstance(reference, int):
        wanted = ActivityLog.id == _number(reference)
    else:
        wanted = ActivityLog.event_id == reference
    return db.session.execute(select(*READABLE).where(wanted)).one_or_none()


def is_recorded(type_pattern: str) -> bool:
    """Return whether the trail holds a row of this type, or of one that fits the pattern."""
    return bool(db.session.scalar(select(exists().where(_is_of_type(type_pattern)))))


def is_of_entity_recorded(entity_type: str) -> bool:
    """Return whether the trail holds a row about an object of this kind."""
    return bool(db.session.scalar(select(exists().where(ActivityLog.entity_type == entity_type))))


def known_entities() -> tuple[str, ...]:
    """Return the kinds of objects whose changes the app records, in alphabetical order."""
    return tuple(plan.entity for plan in trail.registry.plans())


def known_types() -> tuple[str, ...]:
    """Return the types that the app records, in alphabetical order."""
    explicit = (kind.value for kind in ActivityType)
    return tuple(sorted({*trail.registry.known_types(), *OWN_TYPES, *explicit}))


def _is_of_type(pattern: str) -> ColumnElement[bool]:
    if "*" not in pattern:
        return ActivityLog.activity_type == pattern
    escaped = pattern.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return ActivityLog.activity_type.like(re.sub(r"\*+", "%", escaped), escape="\\")


def _between(before: Cursor | None, after: Cursor | None) -> list[ColumnElement[bool]]:
    place = tuple_(ActivityLog.created_at, ActivityLog.id)
    found = []
    if before is not None:
        found.append(place < before.place())
    if after is not None:
        found.append(place > after.place())
    return found


def _number(value: int) -> ColumnElement[int]:
    # The column is an INTEGER; what somebody asks for may be larger, and is no error then.
    return literal(value, BigInteger)


def _ordered(statement: Select[Any], forwards: bool) -> Select[Any]:
    columns = (ActivityLog.created_at, ActivityLog.id)
    if forwards:
        return statement.order_by(*columns)
    return statement.order_by(*(column.desc() for column in columns))
