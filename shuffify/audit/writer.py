"""The only code that writes the log: one savepoint, one INSERT, and what follows a refusal."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import QueuePool

from .errors import describe_error, is_lost
from .insertion import FIELDS, MAP, Schemas, Statement, as_uuid, is_uuid
from .render import Row
from .savepoint import guarded, release, savepoint, send, undo

log = logging.getLogger("shuffify.audit")

ABORTED: Final = "25P02"
"""SQLSTATE "in failed SQL transaction": the caller's own statement failed before ours."""

MOST_DIALECTS: Final = 64
"""Each engine has a dialect of its own, and engines may come and go: one for each tenant."""

SCHEMA: Final = "schema"
"""By this name a row that waits says in which schema it belongs, where a map leads there."""

IMPATIENTLY: Final = "SET LOCAL lock_timeout = '500ms'"
"""The caller's `commit` has succeeded and waits only for our retry."""


class Refusal(NamedTuple):
    """Rows that did not go in, and at which step."""

    stage: str
    error: Exception
    doomed: bool
    """The caller's transaction had failed already: what it did will not be committed."""


class Writer:
    """Writes rows of one log table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._compiled: Callable[..., Statement] = lru_cache(MOST_DIALECTS)(
            partial(Statement, table)
        )

    def _statement(self, connection: Connection) -> Statement:
        """Return the INSERT as a connection is to send it: text goes past SQLAlchemy's map."""
        schemas = self.schemas(connection)
        if not schemas:
            return self._compiled(connection.dialect)
        return self._compiled(connection.dialect, schemas)

    def schemas(self, where: Connection | Engine) -> Schemas:
        """Return to which schema a connection or an engine translates that of the log."""
        known = where.get_execution_options().get(MAP)
        own = self.table.schema
        return ((own, known[own]),) if known and own in known else ()

    def write(self, connection: Connection, rows: Sequence[Row]) -> Refusal | None:
        """Insert the rows inside the caller's transaction, or leave it as it was and say why.

        Raises no `Exception` but a lost connection's, and never commits. On PostgreSQL an error
        outside a savepoint would turn the caller's COMMIT into a silent ROLLBACK.
        """
        stage = "encode"
        try:
            statement = self._statement(connection)
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
            if is_uuid(self.table.c[name].type):
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
        self._translate(connection, row)
        statement = self._statement(connection)
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

    def _translate(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Have a connection of ours write where the row says that it belongs."""
        if SCHEMA in row:
            connection.execution_options(**{MAP: {self.table.schema: row[SCHEMA]}})

    def stands(self, connection: Connection, event_id: str) -> bool:
        """Tell whether an event is in the table already."""
        column = self.table.c.get("event_id")
        if column is None:
            return False
        wanted = as_uuid(event_id) if is_uuid(column.type) else event_id
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
