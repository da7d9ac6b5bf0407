"""Up to which id a log is complete: nothing will appear below any more (rule A15).

Ids are given out before their transactions commit, which may be in another order. On PostgreSQL
the newest id is noted; whoever may hold a lower one has locked the table for writing before it
got it, and does so until its transaction ends. Nobody is made to wait but the caller.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Table, func, select, text
from sqlalchemy.engine import Connection, Engine

from .errors import AuditError
from .permanence import only_key

POLL: Final = 0.05
"""Seconds between two looks at the transactions under way."""

_WRITERS: Final = text(
    "SELECT DISTINCT virtualtransaction FROM pg_locks"
    " WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted"
    " AND relation = CAST(:name AS regclass)"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Who writes to the table, or has written and not yet ended; PREPARE TRANSACTION does not end.

A transaction keeps its name when it is prepared, since the minor releases of November 2021.
"""


def horizon(engine: Engine, table: Table, patience: float) -> int | None:
    """Return the newest id once all below it is settled, 0 for an empty log.

    None when transactions under way are not settled within ``patience`` seconds. Ids must be
    given out in order: a sequence with a CACHE above 1 does not.
    """
    key = only_key(table)
    with engine.connect() as connection:
        newest: int = connection.scalar(select(func.max(key))) or 0
        dialect = connection.dialect.name
        if dialect == "sqlite":
            return newest  # One writer at a time, who gets the next id.
        if dialect != "postgresql":
            raise AuditError(f"Sealing is made for SQLite and PostgreSQL, not for {dialect}.")
        return newest if _settled(connection, table, patience) else None


def _settled(connection: Connection, table: Table, patience: float) -> bool:
    name = connection.dialect.identifier_preparer.format_table(table)
    noted = set(connection.scalars(_WRITERS, {"name": name}))
    deadline = time.monotonic() + patience
    waiting = noted
    while waiting:
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)
        waiting = noted.intersection(connection.scalars(_WRITERS, {"name": name}))
    return True
