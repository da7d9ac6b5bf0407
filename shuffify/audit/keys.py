"""How the log names an object: its primary key as text, and back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timezone
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import CHAR, NCHAR, ColumnElement, TypeDecorator
from sqlalchemy import types as sqltypes

from .canonical import number
from .decorators import converts, settling, undecorated
from .errors import HistoryError

if TYPE_CHECKING:
    from .plan import Plan

LONGEST_ENTITY_ID: Final = 64

_DIGEST: Final = re.compile("[0-9a-f]{64}")


class Untold:
    """The key of a row that the database made and told nobody; it equals only itself."""

    __slots__ = ()


Key = tuple[Any, ...]


def key_form(columns: Sequence[ColumnElement[Any]]) -> Callable[[Key], Key] | None:
    """Return what makes of a key as somebody gave it the one that is read back; None if any is.

    PostgreSQL pads a CHAR, and blanks at its end tell no two keys apart, nor do a decimal's
    noughts; a member of an enumeration may be given by its name, a date as a time.
    """
    forms = [_form_of(column.type) for column in columns]
    if not any(forms):
        return None
    return lambda key: tuple([
        part if form is None or part.__class__ is Untold else form(part)
        for form, part in zip(forms, key, strict=False)
    ])


def _form_of(kind: Any) -> Callable[[Any], Any] | None:
    is_padded = isinstance(undecorated(kind), (CHAR, NCHAR))
    settle = settling(kind) if converts(kind) else _reading(kind)
    if not is_padded:
        return settle

    def form(part: Any) -> Any:
        part = part if settle is None else settle(part)
        return part.rstrip(" ") if part.__class__ is str else part

    return form


def _reading(kind: Any) -> Callable[[Any], Any] | None:
    """Return what gives the value that is read back where that may be none equal to the given."""
    kind = _plain(kind)
    for one, reading in _READINGS:
        if isinstance(kind, one):
            break
    else:
        return None

    def read_back(part: Any) -> Any:
        try:
            return part if part is None else reading(kind, part)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return part  # The database may still take it, or refuse it.

    return read_back


def _plain(kind: Any) -> Any:
    """Return the type below decorators that convert nothing."""
    while isinstance(kind, TypeDecorator) and not converts(kind):
        kind = kind.impl_instance
    return kind


def _member(kind: Any, part: Any) -> Any:
    if kind.enum_class is None or isinstance(part, kind.enum_class):
        return part
    return dict(zip(kind.enums, kind.enum_class, strict=True))[part]


def _decimal(kind: Any, part: Any) -> Any:
    if not kind.asdecimal:
        return float(part)
    exact = Decimal(str(part))
    if getattr(kind, "scale", None) is not None:
        exact = exact.quantize(Decimal(1).scaleb(-kind.scale), ROUND_HALF_UP)
    return Decimal(number(exact))


def _moment(kind: Any, part: Any) -> Any:
    if not kind.timezone:
        return part
    is_naive = part.tzinfo is None  # So SQLite gives it back, as it was written.
    return part.replace(tzinfo=timezone.utc) if is_naive else part.astimezone(timezone.utc)


def _uuid(kind: Any, part: Any) -> Any:
    found = part if isinstance(part, UUID) else UUID(part)
    return found if kind.as_uuid else str(found)


_READINGS: Final[tuple[tuple[Any, Callable[[Any, Any], Any]], ...]] = (
    (sqltypes.Enum, _member),
    ((sqltypes.Numeric, sqltypes.Float), _decimal),
    (sqltypes.DateTime, _moment),
    (sqltypes.Date, lambda _, part: part.date() if isinstance(part, datetime) else part),
    (sqltypes.Uuid, _uuid),
)


def key_texts(columns: Sequence[ColumnElement[Any]]) -> tuple[Callable[[Any], str], ...]:
    """Return what writes each part of a key: ``True`` in a column of numbers is 1."""
    return tuple(
        _whole if isinstance(kind, sqltypes.Integer)
        else _own_text if isinstance(kind, sqltypes.String) and not isinstance(kind, sqltypes.Enum)
        else str
        for kind in (_plain(column.type) for column in columns)
    )


def _whole(part: Any) -> str:
    if part.__class__ is int:
        return str(part)
    try:
        return str(int(part))
    except (TypeError, ValueError):
        return str(part)


def _own_text(part: Any) -> str:
    """Return a text without NUL, which no log keeps; of an enumeration's member, its value."""
    own: str = part if part.__class__ is str \
        else str.__str__(part) if isinstance(part, str) else str(part)
    return own.replace("\0", "") if "\0" in own else own


def entity_id_of(plan: Plan, key: Key) -> str:
    """Return the key's parts joined by ``:``; secret or above 64 characters, their SHA-256.

    So are texts with a ``:`` of their own, or two keys might look alike. Empty for a key that
    nobody was told, and for an empty text.
    """
    if key[0].__class__ is Untold:
        return ""
    if plan.key_form is not None:
        key = plan.key_form(key)
    if len(key) == 1:
        text = plan.key_texts[0](key[0])
    else:
        parts = [text_of(part) for text_of, part in zip(plan.key_texts, key, strict=True)]
        if any([part.__class__ is str and ":" in part for part in key]):
            return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        text = ":".join(parts)
    if len(text) > LONGEST_ENTITY_ID or plan.has_secret_key:
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return text


class KeyDigest:
    """The SHA-256 of many keys, a line each, in the order in which they come."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        self._digest = hashlib.sha256()
        self.count = 0
        self.add(keys)

    def add(self, keys: Iterable[Key]) -> None:
        """Take more keys."""
        for key in keys:
            line = ":".join(map(str, key))
            self._digest.update((f"\n{line}" if self.count else line).encode())
            self.count += 1

    def hexdigest(self) -> str:
        """Return the digest of what has come so far."""
        return self._digest.hexdigest()


def given_key(plan: Plan, key: Key) -> Key:
    """Return a key that somebody wrote down as the object has it: ``"5"`` as 5, a text as a UUID.

    Raises HistoryError, naming the column, for what is none of its type.
    """
    columns = plan.mapper.primary_key
    return tuple(
        _given_part(f"{plan.entity}.{name}", column.type, part, len(columns) > 1)
        for name, column, part in zip(plan.primary_key, columns, key, strict=True)
    )


def _given_part(name: str, kind: Any, part: Any, may_be_null: bool) -> Any:
    wanted = None if converts(kind) else _python_type(kind)
    if wanted is None or part is None and may_be_null:
        return part  # Nobody but the type can tell what it takes.
    is_it = isinstance(part, wanted) and not isinstance(part, bool if wanted is int else ())
    if is_it and not (wanted is date and isinstance(part, datetime)):
        return part
    # A float is what it is written as: 5.1 names the decimal 5.1.
    is_text = isinstance(part, (str, UUID)) or wanted is Decimal and isinstance(part, float)
    try:
        found = _read(wanted, str(part)) if is_text else wanted(part)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        found = None
    if found is None or not (is_text or found == part):
        raise HistoryError(f"{name}: {part!r} is no {wanted.__name__}, of which the key is.")
    return found


def _python_type(kind: Any) -> type[Any] | None:
    for one in (kind, _plain(kind)):
        try:
            found: type[Any] = one.python_type
        except NotImplementedError:
            continue
        if found is not object:
            return found
    return None  # A type of the application's, or of one database, that does not say it.


def _read(wanted: type[Any], text: str) -> Any:
    """Return what a text says of a value; raises LookupError or what the type itself raises."""
    if wanted is bool:
        return {"True": True, "False": False}[text]
    if issubclass(wanted, Enum):
        name = text.removeprefix(f"{wanted.__name__}.")
        return wanted[name] if name in wanted.__members__ else wanted(text)
    if issubclass(wanted, (date, time)):
        return wanted.fromisoformat(text)
    return wanted(text)


def parsed_key(plan: Plan, entity_id: str) -> Key | None:
    """Return the key that the log calls so; None where the text does not tell it."""
    columns = plan.mapper.primary_key
    parts = entity_id.split(":") if len(columns) > 1 else [entity_id]
    kinds = [None if converts(column.type) else _python_type(column.type) for column in columns]
    if len(parts) != len(columns) or None in kinds:
        return None
    try:
        key = tuple(_read(kind or str, part) for kind, part in zip(kinds, parts, strict=True))
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return None
    longest = getattr(_plain(columns[0].type), "length", None) or LONGEST_ENTITY_ID + 1
    if len(parts) == 1 and longest > LONGEST_ENTITY_ID and _DIGEST.fullmatch(entity_id):
        return None  # It may be the digest of a longer one.
    return key if entity_id_of(plan, key) == entity_id else None
