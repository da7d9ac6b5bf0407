"""Real transactions, foreign keys and patience for SQLite engines."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event

BUSY_TIMEOUT_MS = 15_000
"""How long a connection waits for another's write before it gives up."""

_writing: ContextVar[bool] = ContextVar("shuffify_sqlite_writing", default=False)


def write_transactions() -> AbstractContextManager[None]:
    """Begin SQLite transactions with BEGIN IMMEDIATE inside the block.

    A deferred one that reads and then writes fails at once when another wrote meanwhile,
    whatever the timeout. For requests other than GET, jobs and the CLI.
    """
    return _transactions(writing=True)


def read_transactions(only_if: bool = True) -> AbstractContextManager[None]:
    """Begin SQLite transactions without the write lock inside the block: for readers."""
    return _transactions(writing=False) if only_if else nullcontext()


@contextmanager
def _transactions(*, writing: bool) -> Iterator[None]:
    token = _writing.set(writing)
    try:
        yield
    finally:
        _writing.reset(token)


def prepare(engine: Engine) -> None:
    """Set up an engine's SQLite connections; other databases are left alone."""
    if engine.dialect.name != "sqlite" or event.contains(engine, "connect", _configure):
        return
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)


def _configure(connection: Any, record: Any) -> None:
    # The driver's own BEGIN comes too late: a savepoint before it is committed on RELEASE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")
