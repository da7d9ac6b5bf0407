"""Reading what somebody may have put there by hand: what no type can read is a value, too.

SQLite takes any text for a time, PostgreSQL times that Python has not, and an enumeration kept as
text anything at all; one such row must not end the search for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Date, DateTime, NullType, TypeDecorator, TypeEngine


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


class _InReach(FunctionElement[Any]):
    """A time, or null where the driver would fail at it: infinity, and years beyond Python's."""

    inherit_cache = True


@compiles(_InReach)
def _as_it_is(element: _InReach, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_InReach, "postgresql")
def _if_in_reach(element: _InReach, compiler: Any, **options: Any) -> str:
    time = _as_it_is(element, compiler, **options)
    return f"CASE WHEN {time} >= '0001-01-02' AND {time} < '9999-12-31' THEN {time} END"


def _is_time(kind: Any) -> bool:
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return isinstance(kind, (Date, DateTime))


def tolerant(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return a column for a SELECT, by this name, that yields `Unreadable` and does not raise."""
    read = _InReach(column) if _is_time(column.type) else column
    return type_coerce(read, _Tolerant(column.type)).label(name)
