"""Values as the trail keeps them: JSON-safe, and equal when the database would call them equal.

A column's canonical form is decided once, from its type, so that ``1`` and ``"1"`` in an integer
column, ``Decimal("1.50")`` and ``1.5`` in a numeric one, or the same instant with and without a
time zone never look like a change (rule A5).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final

from sqlalchemy import types as sqltypes
from sqlalchemy.engine.default import DefaultDialect

SECRET_MASK: Final = "[secret]"
"""What stands in the place of a secret, old or new."""

LONGEST_SHOWN: Final = 1024
"""A `String` longer than this many characters is reduced to a digest."""

LONGEST_NAME: Final = 100
"""Characters of an unbounded text that a sentence may quote when it is the object's name."""

SECRET_NAME: Final = re.compile(
    r"token|secret|password|passphrase|api_?key|private_?key|credential", re.IGNORECASE
)
"""Columns and JSON keys so named are secret without being declared."""

Canon = Callable[[Any], Any]

_NONE: Final = type(None)
_ANY_DIALECT: Final = DefaultDialect()
_JSON_NATIVE: Final = frozenset({_NONE, bool, int, float, str})


class Secret:
    """A secret's trace: equal for equal values, and nothing else can be learnt from it.

    Python salts `hash` of text per process and the trace never leaves the process.
    """

    __slots__ = ("_trace",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, (Mapping, list, tuple)):
            value = _content(value)
        self._trace = hash(repr(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._trace == self._trace

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return SECRET_MASK


class Unknown:
    """A value that the database refused to tell; like SQL's NULL it equals not even itself."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "[unknown]"


UNKNOWN: Final = Unknown()


def instant(value: datetime) -> str:
    """Return a time as ISO 8601 in UTC; a naive one is taken for UTC."""
    return naive_utc(value).isoformat() + "+00:00"


def naive_utc(value: datetime) -> datetime:
    """Return the instant as naive UTC; a naive one is taken for UTC."""
    return value if value.tzinfo is None else value.astimezone(timezone.utc).replace(tzinfo=None)


def number(value: Decimal | float | int | str) -> str:
    """Return a decimal as text without exponent or trailing zeros."""
    decimal = value if isinstance(value, Decimal) else Decimal(str(value))
    if not decimal.is_finite():
        return str(decimal)
    text = format(decimal, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def plain(value: Any) -> Any:
    """Return any Python value as JSON-safe primitives; secrets inside mappings are masked."""
    if value.__class__ in _JSON_NATIVE:
        if value.__class__ is float and not math.isfinite(value):
            return str(value)
        return value
    for kind, convert in _PLAIN:
        if isinstance(value, kind):
            return convert(value)
    return str(value)


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): plain(item) if item is None or not SECRET_NAME.search(str(key)) else Secret(item)
        for key, item in value.items()
    }


def _enum(value: Enum) -> Any:
    return plain(value.value) if isinstance(value, (str, int)) else value.name


def _set(value: Any) -> list[Any]:
    return sorted((plain(item) for item in value), key=lambda item: (str(type(item)), str(item)))


def digest(value: Any) -> dict[str, Any]:
    """Reduce content to its count, its bytes and their SHA-256: enough to tell a change."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        count = len(raw)
    elif isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        count = len(value)
    else:
        count = len(value) if hasattr(value, "__len__") else 1
        raw = _content(value).encode()
    return {"count": count, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


class NamedDigest(dict[str, Any]):
    """The digest of a text that names its object, with as much of it as a sentence needs."""

    def __init__(self, value: Any) -> None:
        super().__init__(digest(value))
        self.name = str(value)[:LONGEST_NAME]


def _content(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_json_default)
    except (TypeError, ValueError):
        return repr(value)  # Keys of several types, or a cycle: no JSON.


def _json_default(value: Any) -> Any:
    # Content is digested and not kept, so nothing is masked here.
    shown = plain(value)
    return str(shown) if isinstance(shown, Secret) else shown


_PLAIN: Final[tuple[tuple[Any, Canon], ...]] = (
    ((Secret, Unknown), lambda value: value),
    (Enum, _enum),
    (bool, bool),
    (int, int),
    (float, lambda value: plain(float(value))),
    (str, lambda value: str.__str__(value)),
    (datetime, instant),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (Decimal, number),
    ((bytes, bytearray, memoryview), digest),
    (Mapping, _mapping),
    ((list, tuple), lambda value: [plain(item) for item in value]),
    ((set, frozenset), _set),
)


def encode_default(value: Any) -> Any:
    """Serve as JSON encoder default: masks secrets, reduces what is left over to primitives."""
    return repr(value) if isinstance(value, (Secret, Unknown)) else plain(value)


def column_canon(
    column_type: Any, *, secret: bool, as_digest: bool, as_name: bool = False
) -> tuple[frozenset[type], Canon]:
    """Return the Python types that are canonical as they are, and a function for all others."""
    if secret:
        return frozenset({_NONE, Unknown}), _secretive(column_type)
    if as_digest:
        return frozenset({_NONE, Unknown}), _digester(column_type, as_name)
    if isinstance(column_type, sqltypes.TypeDecorator):
        return _decorated(column_type)
    if isinstance(column_type, sqltypes.Enum) and column_type.enum_class is not None:
        return frozenset({_NONE, Unknown}), _stored_enum(column_type)
    for kind, natives, canon in _BY_TYPE:
        if isinstance(column_type, kind):
            return natives, _tolerant(canon)
    return frozenset({_NONE, Unknown}), plain


def _secretive(column_type: Any) -> Canon:
    _, canon = column_canon(column_type, secret=False, as_digest=False)

    def convert(value: Any) -> Secret:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return Secret(bytes(value))
        return Secret(value if isinstance(value, (Mapping, list, tuple)) else canon(value))

    return convert


def _tolerant(canon: Canon) -> Canon:
    def convert(value: Any) -> Any:
        try:
            return canon(value)
        except (TypeError, ValueError, InvalidOperation):
            # The database may still take it, or refuse it: either is not for us to decide.
            return plain(value)

    return convert


def _integer(value: Any) -> Any:
    number_ = int(value)
    if isinstance(value, float) and number_ != value:
        return value
    return number_


def _day(value: Any) -> Any:
    return plain(value.date() if isinstance(value, datetime) else value)


def _text(value: Any) -> Any:
    if isinstance(value, Enum):
        return str(value.value) if isinstance(value, str) else value.name
    shown = plain(value)
    return shown if isinstance(shown, str) else str(shown)


_BY_TYPE: Final[tuple[tuple[Any, frozenset[type], Canon], ...]] = (
    (sqltypes.Boolean, frozenset({_NONE, Unknown, bool}), lambda value: bool(int(value))),
    (sqltypes.Integer, frozenset({_NONE, Unknown, int}), _integer),
    (sqltypes.Float, frozenset({_NONE, Unknown}), lambda value: plain(float(value))),
    (sqltypes.Numeric, frozenset({_NONE, Unknown}), number),
    (sqltypes.Date, frozenset({_NONE, Unknown}), _day),
    (sqltypes.String, frozenset({_NONE, Unknown, str}), _text),
)


def _stored_enum(column_type: sqltypes.Enum) -> Canon:
    # A PEP 435 class is stored by the text that `enums` lists, in the order of its members.
    assert column_type.enum_class is not None
    members = column_type.enum_class.__members__.values()
    stored = dict(zip(members, column_type.enums, strict=False))
    return lambda value: stored[value] if value in stored else plain(value)


def _decorated(column_type: sqltypes.TypeDecorator[Any]) -> tuple[frozenset[type], Canon]:
    """Compare what a decorator binds: it may hold any Python object, the database only that."""
    natives, canon = column_canon(column_type.impl_instance, secret=False, as_digest=False)

    def convert(value: Any) -> Any:
        return canon(value) if _is_plain(value) else plain(_bound(column_type, value))

    return natives, convert


def _digester(column_type: Any, as_name: bool) -> Canon:
    reduce: Canon = NamedDigest if as_name else digest
    if not isinstance(column_type, sqltypes.TypeDecorator):
        return reduce
    return lambda value: reduce(value if _is_plain(value) else _bound(column_type, value))


def _is_plain(value: Any) -> bool:
    return any(isinstance(value, kind) for kind, _ in _PLAIN)


def _bound(column_type: sqltypes.TypeDecorator[Any], value: Any) -> Any:
    try:
        return column_type.process_bind_param(value, _ANY_DIALECT)
    except (NotImplementedError, ArithmeticError, AttributeError, LookupError, TypeError,
            ValueError):
        return value  # It binds nothing, or not for a dialect that it does not know.
