"""Locks between all processes that share a database; they end with the process that holds one.

PostgreSQL   a session advisory lock on a connection of its own
SQLite       an OS lock on a file beside the database
in memory    a lock within the process, which is all that can see such a database
"""

import fcntl
import hashlib
import math
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from shuffify.spotify.errors import LockBusyError, PlaylistBusyError

POLL = 0.05
"""Seconds between two looks at a locked file."""

LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's word for a lock_timeout that has passed."""

_in_process: dict[str, Lock] = {}


def playlist_lock(
    engine: Engine, playlist_id: str, *, wait: float
) -> AbstractContextManager[None]:
    """Hold the lock of a playlist, whoever uses it; raise PlaylistBusyError."""
    return _lock(engine, f"playlist:{playlist_id}", wait, PlaylistBusyError(playlist_id))


def named_lock(engine: Engine, name: str, *, wait: float) -> AbstractContextManager[None]:
    """Hold a lock; raise LockBusyError when it is not free within `wait` seconds."""
    return _lock(engine, name, wait, LockBusyError(name))


def _lock(
    engine: Engine, name: str, wait: float, busy: LockBusyError
) -> AbstractContextManager[None]:
    database = engine.url.database
    if engine.dialect.name == "postgresql":
        return _advisory_lock(engine, name, wait, busy)
    if database and database != ":memory:":
        return _file_lock(Path(f"{database}.locks"), name, wait, busy)
    return _process_lock(f"{id(engine)}:{name}", wait, busy)


@contextmanager
def _advisory_lock(
    engine: Engine, name: str, wait: float, busy: LockBusyError
) -> Iterator[None]:
    key = int.from_bytes(hashlib.sha256(f"shuffify:{name}".encode()).digest()[:8], signed=True)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # out of the pool: it is closed at the end, and the lock with it, whatever happened
        connection.detach()
        if wait <= 0:
            locked = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
            if not locked:
                raise busy
        else:
            connection.execute(text(f"SET lock_timeout = {math.ceil(wait * 1000)}"))
            try:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                    raise busy from None
                raise
        try:
            yield
        finally:
            # By name: a server takes its time to notice that a connection was closed.
            with suppress(DBAPIError):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


@contextmanager
def _file_lock(folder: Path, name: str, wait: float, busy: LockBusyError) -> Iterator[None]:
    folder.mkdir(mode=0o700, exist_ok=True)
    # files stay: to delete one that somebody waits for would make two locks of one
    path = folder / hashlib.sha256(name.encode()).hexdigest()[:32]
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # turns are counted, not timed: clocks can be changed
        for turn in range(math.ceil(wait / POLL) + 1):
            if turn:
                time.sleep(POLL)
            if _is_locked(file):
                break
        else:
            raise busy
        yield
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    """Try to lock the file; closing it unlocks it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _process_lock(key: str, wait: float, busy: LockBusyError) -> Iterator[None]:
    lock = _in_process.setdefault(key, Lock())
    if not lock.acquire(timeout=max(0.0, wait)):
        raise busy
    try:
        yield
    finally:
        lock.release()
