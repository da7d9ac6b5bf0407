"""Reading what somebody may have put there by hand: what no type can read is a value, too.

SQLite takes any text for a time, PostgreSQL times that Python has not, and an enumeration kept as
text anything at all; one such row must not end the search for it. SQLite even takes text that is
no UTF-8, which its driver refuses to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Table, type_coerce
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Date, DateTime, Interval, NullType, TypeDecorator, TypeEngine


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
    if isinstance(kind, Interval):
        return False  # It is built upon a time where a database knows no interval.
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return isinstance(kind, (Date, DateTime))


def tolerant(column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return a column for a SELECT, by this name, that yields `Unreadable` and does not raise."""
    read = _InReach(column) if _is_time(column.type) else column
    return type_coerce(read, _Tolerant(column.type)).label(name)


def all_of(table: Table) -> list[ColumnElement[Any]]:
    """Return all columns of a table, tolerant."""
    return [tolerant(column, column.key) for column in table.c]


@contextmanager
def any_text(connection: Connection, errors: str) -> Iterator[None]:
    """Read text inside the block that is no UTF-8, which SQLite may hold, as a codec does.

    `surrogateescape` keeps texts apart; what `backslashreplace` makes of them can be printed.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or not hasattr(driver, "text_factory"):
        yield
        return
    before = driver.text_factory
    driver.text_factory = partial(str, encoding="utf-8", errors=errors)
    try:
        yield
    finally:
        driver.text_factory = before
