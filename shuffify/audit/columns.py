"""A mapper's columns: which of them the trail must not, or need not, repeat, and in what form.

The form is decided once, from the type, so that ``1`` and ``"1"`` in an integer column never look
like a change (rule A5).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import InvalidOperation
from enum import Enum
from functools import partial
from typing import Any, Final

from sqlalchemy import types as sqltypes
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipDirection
from sqlalchemy.schema import Column

from .canonical import (
    LONGEST_SHOWN, NONE, UNKNOWN, USUAL, Canon, NamedDigest, Secret, Unknown, digest,
    is_deeply_plain, is_plain, number, plain,
)
from .decorators import bound, converts, settling, undecorated
from .guard import asked
from .policy import Audited

_JSON_NULL: Final = sqltypes.JSON.NULL
"""JSON's null is read as None, as SQL's is."""

_DIGESTED: Final = (sqltypes.JSON, sqltypes.LargeBinary, sqltypes.Text)


def columns_of(mapper: Mapper[Any]) -> dict[str, Column[Any]]:
    """Return the real columns by attribute name; SQL expressions of a mapper are not stored."""
    return {
        attribute.key: attribute.columns[0]
        for attribute in mapper.column_attrs
        if isinstance(attribute, ColumnProperty) and isinstance(attribute.columns[0], Column)
    }


def post_updates_of(
    mapper: Mapper[Any], counted: frozenset[str]
) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the relationships whose columns a second UPDATE sets, and which of those count."""
    return tuple(
        (one.key, counted.intersection(
            mapper.get_property_by_column(column).key for column in one.local_columns
        ))
        for one in mapper.relationships
        if one.post_update and one.direction is RelationshipDirection.MANYTOONE
    )


def is_digest(policy: Audited, key: str, column: Column[Any]) -> bool:
    """Tell whether a column holds content, of which count, size and SHA-256 are recorded."""
    if key in policy.shown:
        return False
    kind = column.type
    if isinstance(kind, sqltypes.TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, _DIGESTED):
        return True
    if isinstance(kind, sqltypes.String) and not isinstance(kind, sqltypes.Enum):
        return kind.length is None or kind.length > LONGEST_SHOWN
    return False


def column_canon(
    column_type: Any, *, secret: bool, as_digest: bool, as_name: bool = False
) -> tuple[frozenset[type], Canon]:
    """Return the Python types that are canonical as they are, and a function for all others."""
    if secret:
        return frozenset({NONE, Unknown}), _secretive(column_type)
    if as_digest:
        return _native_to(column_type), _digester(column_type, as_name)
    if converts(column_type):
        return _decorated(column_type)
    if isinstance(column_type, sqltypes.PickleType):
        return frozenset({NONE, Unknown}), _pickling(column_type, plain)
    if isinstance(column_type, sqltypes.TypeDecorator):
        return column_canon(column_type.impl_instance, secret=False, as_digest=False)
    if isinstance(column_type, sqltypes.Enum) and column_type.enum_class is not None:
        return frozenset({NONE, Unknown}), _stored_enum(column_type)
    for kind, natives, canon in _BY_TYPE:
        if isinstance(column_type, kind):
            return natives, _tolerant(canon)
    return frozenset({NONE, Unknown}), plain


def _secretive(column_type: Any) -> Canon:
    _, canon = column_canon(undecorated(column_type), secret=False, as_digest=False)

    def convert(value: Any) -> Secret | None:
        if value is _JSON_NULL:
            return None
        # Not what is read back: to bind a secret may take long, or come to another text each time.
        if not is_plain(value):
            value = bound(column_type, value)
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
    (sqltypes.Boolean, frozenset({NONE, Unknown, bool}), lambda value: bool(int(value))),
    (sqltypes.Integer, frozenset({NONE, Unknown, int}), _integer),
    (sqltypes.Float, frozenset({NONE, Unknown}), lambda value: plain(float(value))),
    (sqltypes.Numeric, frozenset({NONE, Unknown}), number),
    (sqltypes.Date, frozenset({NONE, Unknown}), _day),
    (sqltypes.String, frozenset({NONE, Unknown, str}), _text),
    (sqltypes.JSON, frozenset({NONE, Unknown}), lambda value: _told(plain, value)),
)


def _stored_enum(column_type: sqltypes.Enum) -> Canon:
    # A PEP 435 class is stored by the text that `enums` lists, in the order of its members.
    assert column_type.enum_class is not None
    members = column_type.enum_class.__members__.values()
    stored = dict(zip(members, column_type.enums, strict=False))
    return lambda value: stored[value] if value in stored else plain(value)


def _decorated(column_type: sqltypes.TypeDecorator[Any]) -> tuple[frozenset[type], Canon]:
    """Compare what a decorator reads back: it may hold any Python object, and any is one of its
    own making only once the database has had it. Of an object, what is bound."""
    kind = undecorated(column_type)
    _, canon = column_canon(kind, secret=False, as_digest=False)
    settle = settling(column_type)

    def convert(value: Any) -> Any:
        held = settle(value)
        if held.__class__ in USUAL:
            return canon(held)
        if held is None or isinstance(held, (Mapping, list, tuple, set, frozenset)):
            return plain(held)
        return canon(held) if is_plain(held) else plain(bound(column_type, value))

    return _native_to(column_type), convert


def _native_to(column_type: Any) -> frozenset[type]:
    """Return what a type leaves as it is: None, unless the model reads something else of it."""
    is_none = not converts(column_type) or settling(column_type)(None) is None
    return frozenset({NONE, Unknown} if is_none else {Unknown})


def _digester(column_type: Any, as_name: bool) -> Canon:
    reduce: Canon = NamedDigest if as_name else digest
    kind = undecorated(column_type)
    if isinstance(kind, sqltypes.PickleType):
        reduce = _pickling(kind, reduce)
    elif isinstance(kind, sqltypes.JSON):
        reduce = partial(_told, reduce)
    if not converts(column_type):
        return reduce
    settle = settling(column_type)

    def convert(value: Any) -> Any:
        held = settle(value)
        if held is None:
            return None
        return reduce(held if is_plain(held) else bound(column_type, value))

    return convert


def _told(reduce: Canon, value: Any) -> Any:
    return None if value is _JSON_NULL else reduce(value)


def _pickling(column_type: sqltypes.PickleType, reduce: Canon) -> Canon:
    """Reduce an object to its pickle as one that has been read gives it: reading alone, which
    shares what was equal, must not look like a change."""
    dumps, loads = column_type.pickler.dumps, column_type.pickler.loads

    def pickled(value: Any) -> Any:
        return digest(dumps(loads(dumps(value, column_type.protocol)), column_type.protocol))

    def convert(value: Any) -> Any:
        if is_deeply_plain(value):
            return reduce(value)
        return asked(column_type, UNKNOWN, pickled, value)

    return convert
