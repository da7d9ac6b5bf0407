"""The only code that writes the log: one savepoint, one INSERT, and what follows a refusal."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Table, insert, select
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from .errors import describe_error, is_lost
from .marks import OWN
from .render import LIMITS, Row
from .savepoint import guarded, release, savepoint, send, undo

log = logging.getLogger("shuffify.audit")

FIELDS: Final = frozenset(LIMITS) | {"user_id", "metadata_json", "created_at"}
"""What the engine fills of a log's columns; columns that the log lacks are left out."""

ABORTED: Final = "25P02"
"""SQLSTATE "in failed SQL transaction": the caller's own statement failed before ours."""

MOST_DIALECTS: Final = 64
"""Each engine has a dialect of its own, and engines may come and go: one for each tenant."""

IMPATIENTLY: Final = "SET LOCAL lock_timeout = '500ms'"
"""The caller's `commit` has succeeded and waits only for our retry."""


_NOTHING: Final = object()


class Refusal(NamedTuple):
    """Rows that did not go in, and at which step."""

    stage: str
    error: Exception
    doomed: bool
    """The caller's transaction had failed already: what it did will not be committed."""


class Statement:
    """The log's INSERT for one dialect, compiled once, with its parameters' conversions.

    Rows reach it finished, so Core's work per execution would find nothing left to do.
    """

    def __init__(self, table: Table, dialect: Dialect) -> None:
        names = [column.key for column in table.columns if column.key in FIELDS]
        compiled: Any = insert(table).inline().compile(dialect=dialect, column_keys=names)
        self.sql = str(compiled)
        OWN.add(self.sql)
        self._positional = compiled.positional
        bound = compiled.positiontup if compiled.positional else list(compiled.params)
        self._defaults = {
            column.key: (column.default.arg,
                         column.type.dialect_impl(dialect).bind_processor(dialect))
            for column in compiled.insert_prefetch if column.key not in FIELDS
        }
        self._names = [name for name in bound if name not in self._defaults]
        self._order = [bound.index(name) for name in self._names]
        self._bound = bound
        self._pick = itemgetter(*self._names)
        self._convert = [
            (index, process) for index, name in enumerate(self._names)
            if (process := _processor(table.c[name].type, dialect)) is not None
        ]

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the rows as the driver takes them: one set of parameters, or a list of sets."""
        pick, convert, names = self._pick, self._convert, self._names
        sets: list[Any] = []
        given, made = [_NOTHING] * len(self._bound), [None] * len(self._bound)
        for row in rows:
            values = list(pick(row))
            for index, process in convert:
                # What one flush wrote has one time and mostly one user.
                if values[index] is not given[index]:
                    given[index], made[index] = values[index], process(values[index])
                values[index] = made[index]
            if self._defaults:
                sets.append(self._with_defaults(values))
            else:
                sets.append(tuple(values) if self._positional else dict(zip(names, values)))
        return sets[0] if len(sets) == 1 else sets

    def _with_defaults(self, values: list[Any]) -> Any:
        named = dict(zip(self._names, values, strict=True))
        for name, (argument, process) in self._defaults.items():
            value = argument(None) if callable(argument) else argument
            named[name] = value if process is None else process(value)
        return tuple([named[name] for name in self._bound]) if self._positional else named


def _processor(column_type: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    implementation = column_type.dialect_impl(dialect)
    if isinstance(_innermost(implementation), sqltypes.JSON):
        return None  # The row holds JSON text already; the statement casts it where need be.
    process = implementation.bind_processor(dialect)
    if _is_uuid(column_type):
        return lambda value: as_uuid(value) if process is None else process(as_uuid(value))
    return process  # type: ignore[no-any-return]


def _is_uuid(column_type: Any) -> bool:
    return isinstance(column_type, sqltypes.Uuid) and column_type.as_uuid


def as_uuid(value: Any) -> Any:
    """Return a UUID for the text that rows hold; raises ValueError where it is none."""
    return UUID(value) if isinstance(value, str) else value


def _innermost(column_type: Any) -> Any:
    while isinstance(column_type, sqltypes.TypeDecorator):
        column_type = column_type.impl_instance
    return column_type


class Writer:
    """Writes rows of one log table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._statement: Callable[[Dialect], Statement] = lru_cache(MOST_DIALECTS)(
            partial(Statement, table)
        )

    def write(self, connection: Connection, rows: Sequence[Row]) -> Refusal | None:
        """Insert the rows inside the caller's transaction, or leave it as it was and say why.

        Raises no `Exception` but a lost connection's, and never commits. On PostgreSQL an error
        outside a savepoint would turn the caller's COMMIT into a silent ROLLBACK.
        """
        stage = "encode"
        try:
            statement = self._statement(connection.dialect)
            parameters = statement.parameters(rows)
            sql = savepoint(connection.dialect)
            stage = "savepoint"
            send(connection, sql.begin)
            try:
                stage = "insert"
                if len(rows) == 1:
                    send(connection, statement.sql, parameters)
                else:
                    # Drivers differ in how they execute many; the dialect knows.
                    connection.exec_driver_sql(statement.sql, parameters)
                stage = "release"
                release(connection, sql)
            except BaseException:
                undo(connection, sql)
                raise
        except Exception as error:
            if is_lost(error):
                raise
            return Refusal(stage, error, is_doomed(connection, error))
        return None

    def insert(self, connection: Connection, row: Row) -> Any:
        """Insert one row in a savepoint of the caller's transaction; return its primary key.

        Raises what the database raises, with the transaction as it was.
        """
        values = {
            name: row.get(name) for name in FIELDS if name in self.table.c
        }
        encoded = values.get("metadata_json")
        if encoded is not None:
            values["metadata_json"] = json.loads(encoded)
        for name, value in values.items():
            if _is_uuid(self.table.c[name].type):
                values[name] = as_uuid(value)
        with guarded(connection):
            result = connection.execute(insert(self.table), values)
        return result.inserted_primary_key

    def retry(self, engine: Engine, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write rows as `put` does, one by one; wait for no connection and hardly for a lock.

        What refuses them all, such as a lock, is tried once.
        """
        answers: list[str] = []
        try:
            if not _has_a_free_connection(engine):
                return ["no free connection in the pool"] * len(rows)
            with engine.connect() as connection:
                for row in rows:
                    try:
                        answers.append(self._put(connection, row, is_patient=False))
                    except OperationalError:
                        raise
                    except Exception as error:
                        answers.append(describe_error(error))
        except Exception as error:
            answers += [describe_error(error)] * (len(rows) - len(answers))
        return answers

    def put(self, engine: Engine, row: Mapping[str, Any]) -> str:
        """Write one row in a connection and a transaction of its own, unless it stands already.

        Returns ``inserted``, ``present``, or what refused it.
        """
        try:
            with engine.connect() as connection:
                return self._put(connection, row, is_patient=True)
        except Exception as error:
            return describe_error(error)

    def _put(self, connection: Connection, row: Mapping[str, Any], is_patient: bool) -> str:
        statement = self._statement(connection.dialect)
        try:
            with connection.begin():
                if not is_patient and connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(IMPATIENTLY)
                if self.stands(connection, row["event_id"]):
                    return "present"
                connection.exec_driver_sql(statement.sql, statement.parameters([row]))
        except IntegrityError:
            # Another process may have replayed the same line meanwhile.
            with connection.begin():
                if self.stands(connection, row["event_id"]):
                    return "present"
            raise
        return "inserted"

    def stands(self, connection: Connection, event_id: str) -> bool:
        """Tell whether an event is in the table already."""
        column = self.table.c.get("event_id")
        if column is None:
            return False
        wanted = as_uuid(event_id) if _is_uuid(column.type) else event_id
        return connection.execute(select(column).where(column == wanted)).first() is not None


def sqlstate(error: BaseException) -> str | None:
    """Return the five characters by which the standard names an error, whatever the driver."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)


def is_doomed(connection: Connection, error: Exception) -> bool:
    """Tell whether the caller's transaction is past saving, after a statement of ours failed."""
    if _ends_transaction(error):
        return True
    try:
        # A server may abort a transaction at the SAVEPOINT itself; any statement tells.
        connection.exec_driver_sql("SELECT 1")
    except Exception as second:
        return _ends_transaction(second)
    return False


def _ends_transaction(error: Exception) -> bool:
    return is_lost(error) or sqlstate(error) == ABORTED


def _has_a_free_connection(engine: Engine) -> bool:
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return True
    overflow = pool._max_overflow
    return overflow < 0 or pool.checkedout() < pool.size() + overflow
