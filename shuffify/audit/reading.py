"""Core reads beside a flush: old values that nobody loaded, names behind foreign keys.

They never touch the identity map, never autoflush, and one that fails leaves the transaction as it
was: in a savepoint of its own on PostgreSQL, on SQLite by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, and_, delete, false, or_, select
from sqlalchemy.engine import Connection

from .marks import CAPTURED
from .plan import Plan
from .savepoint import reading

KEYS_A_SELECT: Final = 500
"""Few enough for every database's limit on bound parameters."""

Row = dict[str, Any]


def rows_by_key(
    connection: Connection, plan: Plan, keys: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Row]:
    """Return whole rows as they stand now, by primary key in the form that was given."""
    wanted = {as_stored(plan.mapper.primary_key, key): key for key in keys}
    if plan.key_form is None:
        found = stored_rows(connection, plan, wanted)
        return {wanted.get(key, key): row for key, row in found.items()}
    formed = {plan.key_form(stored): key for stored, key in wanted.items()}
    # In either form: SQLite, which pads no CHAR, has the one with blanks that was given.
    found = stored_rows(connection, plan, dict.fromkeys((*wanted, *formed)))
    return {formed.get(plan.key_form(key), key): row for key, row in found.items()}


def stored_rows(
    connection: Connection, plan: Plan, keys: Iterable[tuple[Any, ...]], lock: bool = False
) -> dict[tuple[Any, ...], Row]:
    """Return whole rows under the attributes' names, by primary key as the database has it.

    ``lock`` keeps others from altering them until the transaction ends, as an UPDATE would.
    """
    names = tuple(plan.columns)
    columns = tuple(plan.columns.values())
    primary_key = plan.mapper.primary_key
    found: dict[tuple[Any, ...], Row] = {}
    with reading(connection):
        for some in batches(keys):
            statement = (
                select(*primary_key, *columns)
                .select_from(plan.mapper.persist_selectable)
                .where(key_in(primary_key, some))
            )
            if lock:
                statement = statement.with_for_update(key_share=True)
            for row in connection.execute(statement):
                values = tuple(row)
                key = values[: len(primary_key)]
                found[key] = dict(zip(names, values[len(primary_key):], strict=True))
    return found


def as_stored(columns: Iterable[ColumnElement[Any]], key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a key as the database gives it back: SQLAlchemy takes ``"5"`` for an integer."""
    return tuple(
        int(part) if isinstance(part, str) and isinstance(column.type, Integer) else part
        for column, part in zip(columns, key, strict=True)
    )


def columns_by_key(
    connection: Connection, remote: ColumnElement[Any], wanted: Row, keys: Iterable[Any]
) -> dict[Any, Row]:
    """Return some columns of the rows to which foreign keys point, under the names given."""
    found: dict[Any, Row] = {}
    with reading(connection):
        for some in batches(keys):
            statement = select(remote, *wanted.values()).where(remote.in_(some))
            for row in connection.execute(statement):
                found[row[0]] = dict(zip(wanted, tuple(row)[1:], strict=True))
    return found


def begin_to_write(connection: Connection, table: Any) -> None:
    """Take SQLite's write lock before a read that comes just before a write.

    A transaction that has read cannot write any more once somebody else has committed, however
    long it would have waited for the lock; the caller's statement alone had not read before.
    """
    if connection.dialect.name == "sqlite":
        nothing = delete(table).where(false())
        connection.execute(nothing, execution_options={CAPTURED: True})


def key_in(columns: Sequence[ColumnElement[Any]], keys: Sequence[Any]) -> ColumnElement[bool]:
    """Compare a key, however many columns it has."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return or_(*(
        and_(*(column == part for column, part in zip(columns, key, strict=True))) for key in keys
    ))


def batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """Split keys into as many as one SELECT takes."""
    remaining = iter(keys)
    while some := list(islice(remaining, KEYS_A_SELECT)):
        yield some
