"""A savepoint of our own, in as few steps as a Connection allows.

`Connection.begin_nested()` builds a transaction object and compiles its statements each time;
the engine's savepoint opens and closes within one function, so three short strings do. They
pass through the Connection like any statement: echo, cursor events and tracing see them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.elements import (
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
)

NAME = "audit_trail"


class Savepoint(NamedTuple):
    """The three statements of one dialect."""

    begin: str
    release: str
    rollback: str


@lru_cache(maxsize=64)
def savepoint(dialect: Dialect) -> Savepoint:
    """Return the statements that open, release and roll back our savepoint."""
    return Savepoint(
        *(
            str(clause(NAME).compile(dialect=dialect))
            for clause in (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)
        )
    )


@contextmanager
def guarded(connection: Connection) -> Iterator[None]:
    """Run a block so that its failure leaves the caller's transaction as it was; re-raises."""
    sql = savepoint(connection.dialect)
    connection.exec_driver_sql(sql.begin)
    try:
        yield
    except BaseException:
        connection.exec_driver_sql(sql.rollback)
        connection.exec_driver_sql(sql.release)
        raise
    connection.exec_driver_sql(sql.release)
