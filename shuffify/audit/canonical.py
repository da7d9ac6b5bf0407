"""Values as the trail keeps them: JSON-safe, and equal when the database would call them equal.

The same instant with and without a time zone, or ``Decimal("1.50")`` and ``Decimal("1.5")``, never
look like a change (rule A5). What a column's type adds to that stands in `columns.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final

SECRET_MASK: Final = "[secret]"
"""What stands in the place of a secret, old or new."""

LONGEST_SHOWN: Final = 1024
"""A `String` longer than this many characters is reduced to a digest."""

LONGEST_NAME: Final = 100
"""Characters of an unbounded text that a sentence may quote when it is the object's name."""

SECRET_NAME: Final = re.compile(
    r"token|secret|password|passphrase|passwd|passcode|api_?key|private_?key|credential|jwt"
    r"|bearer", re.IGNORECASE
)
"""Columns and JSON keys so named are secret without being declared."""

_ADDRESS: Final = " at 0x"
"""Before an object's place in memory, which says nothing of what it holds and is another each
time."""

Canon = Callable[[Any], Any]

NONE: Final = type(None)
USUAL: Final = frozenset({bool, int, float, str, Decimal, datetime, date, time, timedelta})
"""Classes of most values; all are plain, and hold no others."""

_JSON_NATIVE: Final = frozenset({NONE, bool, int, float, str})


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
    text = str(value)
    return UNKNOWN if _ADDRESS in text else text


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): plain(item) if item is None or not SECRET_NAME.search(str(key)) else Secret(item)
        for key, item in value.items()
    }


def _enum(value: Enum) -> Any:
    return plain(value.value) if isinstance(value, (str, int)) else value.name


def _set(value: Any) -> list[Any]:
    return sorted((plain(item) for item in value), key=lambda item: (str(type(item)), str(item)))


def digest(value: Any) -> Any:
    """Reduce content to its count, its bytes and their SHA-256: enough to tell a change.

    Objects that show nothing of what they hold are `UNKNOWN`.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        count = len(raw)
    elif isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        count = len(value)
    else:
        count = len(value) if hasattr(value, "__len__") else 1
        content = _content(value)
        if _ADDRESS in content and not is_deeply_plain(value):
            return UNKNOWN
        raw = content.encode()
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
    return str(value) if shown is UNKNOWN else str(shown) if isinstance(shown, Secret) else shown


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


def _encoder() -> Callable[[Any], str]:
    """Return a JSON encoder made once: `JSONEncoder.encode` makes its C part for each value.

    That takes longer than to encode the metadata of one row. A circle is a RecursionError.
    """
    usual = json.JSONEncoder(separators=(",", ":"), default=encode_default)
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return usual.encode
    parts = make(None, encode_default, json.encoder.encode_basestring_ascii, None, ":", ",",
                 False, False, True)
    return lambda value: "".join(parts(value, 0))


encode: Final = _encoder()


def is_plain(value: Any) -> bool:
    """Tell whether a value is of a type whose canonical form is known without its column."""
    return any(isinstance(value, kind) for kind, _ in _PLAIN)


def is_deeply_plain(value: Any) -> bool:
    """Tell whether all that a value holds is plain, too."""
    try:
        if isinstance(value, Mapping):
            return all(is_deeply_plain(one) for pair in value.items() for one in pair)
        if isinstance(value, (list, tuple, set, frozenset)):
            return all(map(is_deeply_plain, value))
    except RecursionError:
        return False
    return is_plain(value) or value is None
