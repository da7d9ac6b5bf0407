"""From what a row tells of a column back to the value that the model had: canonical.py reversed.

Only what was recorded can come back. A secret, content kept as a digest, and values that were cut
with their row's metadata come back as `NotKept`, which says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import types as sqltypes

from .canonical import SECRET_MASK, UNKNOWN, encode, naive_utc, number
from .columns import column_canon
from .decorators import converts, read, read_back, undecorated
from .guard import asked
from .masks import is_spelt, spelt, unspelt
from .render import clean

_DIGEST: Final = frozenset({"count", "bytes", "sha256"})


@dataclass(frozen=True, slots=True)
class NotKept:
    """A value that the trail does not hold: a ``secret``, a ``digest``, ``truncated``, or one
    that nobody told, ``unknown``. At a time: ``summarised`` by a statement that left one row for
    all since, or ``cascaded``, changed by an ON DELETE that only counted it."""

    why: Literal["secret", "digest", "truncated", "unknown", "summarised", "cascaded"]
    digest: Mapping[str, Any] | None = None
    """Count, bytes and SHA-256 of content: enough to recognise it, not to restore it."""


def recalled(column_type: Any, value: Any) -> Any:
    """Return the value that a column of this type had when a row told ``value`` of it."""
    if value is None:
        return None
    lost = _lost(value)
    return _of_type(column_type, unspelt(value)) if lost is None else lost


def logged(value: Any) -> Any:
    """Return a canonical value as a row of the log tells it."""
    # As JSON: the database may have sorted the keys of what it keeps.
    return json.loads(encode(clean(spelt(value))))


def _of_type(column_type: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column_type, sqltypes.Interval):
        return timedelta(seconds=value)
    if converts(column_type):
        return _decorated(column_type, value)
    if isinstance(column_type, sqltypes.TypeDecorator):
        return _of_type(column_type.impl_instance, value)
    for kind, convert in _BY_TYPE:
        if isinstance(column_type, kind):
            return _tolerant(convert, column_type, value)
    return value


def _tolerant(convert: Callable[[Any, Any], Any], column_type: Any, value: Any) -> Any:
    try:
        return convert(column_type, value)
    except (ArithmeticError, TypeError, ValueError):
        return value  # The column was of another type when the row was written.


def _lost(value: Any) -> NotKept | None:
    if value == repr(UNKNOWN):
        return NotKept("unknown")
    if isinstance(value, Mapping) and value.keys() == _DIGEST:
        return NotKept("digest", dict(value))
    return NotKept("secret") if _masks(value) else None


def _masks(value: Any) -> bool:
    """Tell whether something in a value was masked; what it held cannot be put together again."""
    if isinstance(value, Mapping):
        return not is_spelt(value) and any(map(_masks, value.values()))
    if isinstance(value, list):
        return any(map(_masks, value))
    return bool(value == SECRET_MASK)


def _decorated(column_type: Any, told: Any) -> Any:
    """Return what the model reads, of which the trail keeps what is plain, or what was bound.

    Nothing says which of the two it was, nor of what class; what would be told so, it may be.
    """
    kind = undecorated(column_type)
    value = _of_type(kind, told)
    _, canon = column_canon(column_type, secret=False, as_digest=False)

    def tried(make: Callable[[Any, Any], Any]) -> tuple[bool, Any]:
        found = make(column_type, value)
        return json.loads(encode(canon(found))) == told, found

    for make in (read_back, read, *_READERS):
        fits, found = asked(column_type, (False, None), tried, make)
        if fits:
            return found
    return value


def _naive(text: str) -> datetime:
    return naive_utc(datetime.fromisoformat(text))


def _given_as(parse: Callable[[str], Any]) -> Callable[[Any, Any], Any]:
    return lambda column_type, told: read_back(column_type, parse(told))


_READERS: Final = (
    _given_as(datetime.fromisoformat), _given_as(_naive), _given_as(date.fromisoformat),
    _given_as(Decimal), _given_as(UUID),
)
"""What a text may have been before it was plain."""


def _member(column_type: sqltypes.Enum, value: Any) -> Any:
    if column_type.enum_class is None:
        return value
    members = column_type.enum_class.__members__.values()
    return dict(zip(column_type.enums, members, strict=False)).get(value, value)


def _moment(column_type: sqltypes.DateTime, value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if column_type.timezone else naive_utc(moment)


def _number(column_type: sqltypes.Numeric[Any], value: Any) -> Any:
    return Decimal(str(value)) if column_type.asdecimal else float(value)


def _uuid(column_type: sqltypes.Uuid[Any], value: str) -> Any:
    return UUID(value) if column_type.as_uuid else value


def _items(column_type: sqltypes.ARRAY[Any], value: Any) -> Any:
    item = column_type.item_type
    return [_items(column_type, one) if isinstance(one, list) else _of_type(item, one)
            for one in value]


_BY_TYPE: Final[tuple[tuple[Any, Callable[[Any, Any], Any]], ...]] = (
    (sqltypes.Enum, _member),
    (sqltypes.Float, lambda _, value: float(value)),
    (sqltypes.Numeric, _number),
    (sqltypes.DateTime, _moment),
    (sqltypes.Date, lambda _, value: date.fromisoformat(value)),
    (sqltypes.Time, lambda _, value: time.fromisoformat(value)),
    (sqltypes.Uuid, _uuid),
    (sqltypes.ARRAY, _items),
)


def is_stored(column_type: Any, told: Any, live: Any) -> bool:
    """Tell whether a column that was given a value may hold another; both in the log's own form.

    The log tells what was assigned. PostgreSQL pads a CHAR, and rounds a decimal to the column's
    scale half away from zero; SQLAlchemy does it to even for SQLite.
    """
    if told == live:
        return True
    if isinstance(column_type, sqltypes.TypeDecorator):
        return is_stored(column_type.impl_instance, told, live)
    if not isinstance(told, str) or not isinstance(live, str):
        return False
    if isinstance(column_type, (sqltypes.CHAR, sqltypes.NCHAR)):
        return told.rstrip(" ") == live.rstrip(" ")
    scale = getattr(column_type, "scale", None)
    if not isinstance(column_type, sqltypes.Numeric) or scale is None:
        return False
    try:
        unit = Decimal(1).scaleb(-scale)
        return live in [
            number(Decimal(told).quantize(unit, rounding))
            for rounding in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        ]
    except ArithmeticError:
        return False
