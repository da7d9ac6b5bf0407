"""A savepoint of our own, in as few steps as a Connection allows.

`Connection.begin_nested()` builds a transaction object and compiles its statements each time;
the engine's savepoint opens and closes within one function, so three short strings do. Whoever
listens to the Connection sees them like any statement: by echo, cursor events, tracing. Where
nobody does, they go straight to the driver, which takes a tenth of the time, and the Connection
judges what fails there as if it had sent it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.elements import (
    ReleaseSavepointClause,
    RollbackToSavepointClause,
    SavepointClause,
)

from .marks import OWN

log = logging.getLogger("shuffify.audit")

NAME = "audit_trail"
CHECK = "audit_trail_check"


class Savepoint(NamedTuple):
    """The three statements of one dialect."""

    begin: str
    release: str
    rollback: str


@lru_cache(maxsize=64)
def savepoint(dialect: Dialect, name: str = NAME) -> Savepoint:
    """Return the statements that open, release and roll back our savepoint."""
    texts = Savepoint(
        *(
            str(clause(name).compile(dialect=dialect))
            for clause in (SavepointClause, ReleaseSavepointClause, RollbackToSavepointClause)
        )
    )
    OWN.update(texts)
    return texts


def send(connection: Connection, statement: str, parameters: Any = ()) -> None:
    """Execute one of our statements, once; raises what the Connection raises."""
    if _is_heard(connection) or not connection.in_transaction():
        connection.exec_driver_sql(statement, parameters)
        return
    driver, cursor = connection.connection, None
    try:
        cursor = driver.cursor()
        connection.dialect.do_execute(cursor, statement, parameters, None)
        cursor.close()
    except BaseException as error:
        # A lost connection, or an interruption that leaves one in an unknown state.
        connection._handle_dbapi_exception(error, statement, parameters, cursor, None)
        raise  # It has, already.


def _is_heard(connection: Connection) -> bool:
    """Tell whether anybody has a part in what the Connection executes: a listener, or its dialect.

    The flags are SQLAlchemy's own; where it has them no more, somebody is taken to listen. Our
    detector is the one listener whom a dialect has anyway. Who handles errors wants a context.
    """
    if getattr(connection, "_echo", True) or getattr(connection, "_has_events", True):
        return True
    at_engine, at_dialect = connection.engine.dispatch, connection.dialect.dispatch
    return bool(
        at_engine.before_cursor_execute or at_engine.after_cursor_execute
        or at_dialect.handle_error or len(at_dialect.do_execute) > 1
        or type(connection.dialect).do_execute is not DefaultDialect.do_execute
    )


@contextmanager
def guarded(connection: Connection) -> Iterator[None]:
    """Run a block so that its failure leaves the caller's transaction as it was; re-raises."""
    sql = savepoint(connection.dialect)
    send(connection, sql.begin)
    try:
        yield
        release(connection, sql)
    except BaseException:
        undo(connection, sql)
        raise


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """Run reads so that their failure leaves the caller's transaction as it was; re-raises.

    On SQLite a SELECT that fails undoes nothing, and a savepoint would be refused while a
    statement's RETURNING rows are half-read.
    """
    if connection.dialect.name == "sqlite":
        yield
    else:
        with guarded(connection):
            yield


def release(connection: Connection, sql: Savepoint) -> None:
    """Release our savepoint; raises only when the transaction waits for a rollback to it."""
    try:
        send(connection, sql.release)
    except Exception:
        if not _is_released(connection):
            raise


def undo(connection: Connection, sql: Savepoint) -> None:
    """Roll back to our savepoint and release it; raises no `Exception`.

    An error here would take the place of the one that is being handled, an interruption
    included. A savepoint that stays open is harmless: it ends with the transaction.
    """
    try:
        send(connection, sql.rollback)
    except Exception as error:
        log.warning("ROLLBACK TO SAVEPOINT failed: %s", type(error).__name__)
        if not _execute(connection, sql.rollback):
            return  # The connection is lost: the caller's next statement will say so.
    try:
        release(connection, sql)
    except Exception as error:
        log.warning("RELEASE SAVEPOINT failed: %s", type(error).__name__)


def _is_released(connection: Connection) -> bool:
    """Release our savepoint for sure, though it may be released already.

    An event's listener may have failed before the RELEASE or after it. To try it again could
    abort the transaction on PostgreSQL, so that has a savepoint of its own.
    """
    sql, check = savepoint(connection.dialect), savepoint(connection.dialect, CHECK)
    if not _execute(connection, check.begin):
        return False
    if not _execute(connection, sql.release):
        _execute(connection, check.rollback)
        _execute(connection, check.release)
    return True


def _execute(connection: Connection, statement: str) -> bool:
    """Execute past the Connection's events, one of which may be what failed; tell if it ran."""
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(statement)
        finally:
            cursor.close()
    except Exception as error:
        log.warning("%s failed: %s", statement, type(error).__name__)
        return False
    return True
