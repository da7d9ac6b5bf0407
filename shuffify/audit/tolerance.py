"""Reading what somebody may have put there by hand: what no type can read is a value, too.

SQLite takes any text for a time, and an enumeration kept as text anything at all; one such row
must not end the search for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class Unreadable:
    """What stands where a value should; it equals no value that a column can have."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __repr__(self) -> str:
        return f"[unreadable] {self._raw!r}"


class _Tolerant(TypeDecorator[Any]):
    """A type that reads as another does, and what that one cannot read as `Unreadable`."""

    impl = NullType
    cache_ok = True

    def __init__(self, own: TypeEngine[Any]) -> None:
        super().__init__()
        self.own = own

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return self.own.dialect_impl(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = self.own.dialect_impl(dialect).result_processor(dialect, coltype)
        if read is None:
            return None

        def tolerant(value: Any) -> Any:
            try:
                return read(value)
            except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
                return Unreadable(value)

        return tolerant


def tolerant(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return a column for a SELECT, by this name, that yields `Unreadable` and does not raise."""
    return type_coerce(column, _Tolerant(column.type)).label(name)
