"""How the log names an object: its primary key as text, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import CHAR, NCHAR, ColumnElement

from .canonical import number
from .decorators import converts, settling, undecorated
from .errors import HistoryError

if TYPE_CHECKING:
    from .plan import Plan

LONGEST_ENTITY_ID: Final = 64


class Untold:
    """The key of a row that the database made and told nobody; it equals only itself."""

    __slots__ = ()


Key = tuple[Any, ...]


def key_form(columns: Sequence[ColumnElement[Any]]) -> Callable[[Key], Key] | None:
    """Return what makes of a key as somebody gave it the one that is read back; None if any is.

    PostgreSQL pads a CHAR, and blanks at its end tell no two keys apart, nor do a decimal's
    noughts.
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
    is_decimal = not converts(kind) and _python_type(kind) is Decimal
    if is_decimal:
        return lambda part: Decimal(number(part)) if isinstance(part, (Decimal, int)) else part
    if not is_padded and not converts(kind):
        return None
    settle = settling(kind) if converts(kind) else None

    def form(part: Any) -> Any:
        part = part if settle is None else settle(part)
        return part.rstrip(" ") if is_padded and part.__class__ is str else part

    return form


def entity_id_of(plan: Plan, key: Key) -> str:
    """Return the key's parts joined by ``:``; secret or above 64 characters, their SHA-256.

    So are texts with a ``:`` of their own, or two keys might look alike. Empty for a key that
    nobody was told.
    """
    if key[0].__class__ is Untold:
        return ""
    if plan.key_form is not None:
        key = plan.key_form(key)
    if len(key) == 1:
        text = str(key[0])
    elif any([part.__class__ is str and ":" in part for part in key]):
        text = json.dumps([str(part) for part in key])
        return hashlib.sha256(text.encode()).hexdigest()
    else:
        text = ":".join([str(part) for part in key])
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
    is_text = isinstance(part, (str, UUID))
    try:
        found = _read(wanted, str(part)) if is_text else wanted(part)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        found = None
    if found is None or not (is_text or found == part):
        raise HistoryError(f"{name}: {part!r} is no {wanted.__name__}, of which the key is.")
    return found


def _python_type(kind: Any) -> type[Any] | None:
    try:
        found: type[Any] = kind.python_type
        return found
    except NotImplementedError:
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
    if len(parts) != len(columns):
        return None
    try:
        key = tuple(
            _read(column.type.python_type, part)
            for column, part in zip(columns, parts, strict=True)
        )
    except (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError):
        return None
    return key if entity_id_of(plan, key) == entity_id else None
