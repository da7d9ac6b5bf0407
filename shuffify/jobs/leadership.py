"""Which of the processes on one database runs its schedules.

PostgreSQL   a session advisory lock on a connection of its own, which ends with the process
SQLite       an OS lock on a file beside the database

Economy, not safety: that no due time runs twice is the claim's doing.
"""

from contextlib import ExitStack
import hashlib
import logging
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shuffify.spotify.errors import LockBusyError
from shuffify.spotify.locks import named_lock

logger = logging.getLogger(__name__)

NAME = "scheduler"

KEY = int.from_bytes(hashlib.sha256(b"shuffify:leader").digest()[:8], signed=True)


class Leadership:
    """The leader lock of one database, held or not; safe to ask from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = Lock()
        self._held: ExitStack | None = None
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free, and say whether it is held now."""
        with self._guard:
            if self._is_held():
                return True
            try:
                self._held = self._taken()
            except DBAPIError as error:
                logger.warning("The leader lock is out of reach: %s", error.orig)
            return self._held is not None

    def holds(self) -> bool:
        """Say whether the lock is held, having asked the database where it keeps it."""
        with self._guard:
            return self._is_held()

    def release(self) -> None:
        """Let the lock go."""
        with self._guard:
            self._let_go()

    def _is_held(self) -> bool:
        if self._held is None:
            return False
        if self._connection is None:
            return True
        try:
            # A connection that was cut off looks open until it is used.
            self._connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            logger.warning("The leader lock is lost: %s", error.orig)
            self._let_go()
            return False
        return True

    def _taken(self) -> ExitStack | None:
        with ExitStack() as taking:
            if self._engine.dialect.name == "postgresql":
                connection = self._own_connection(taking)
                locked = connection.scalar(
                    text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}
                )
                if not locked:
                    return None
                taking.callback(_unlock, connection)
                self._connection = connection
            else:
                try:
                    taking.enter_context(named_lock(self._engine, NAME, wait=0))
                except LockBusyError:
                    return None
            return taking.pop_all()

    def _own_connection(self, taking: ExitStack) -> Connection:
        connection = taking.enter_context(self._engine.connect())
        # Out of the pool: closing it ends the database's session, and the lock with it.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        return connection

    def _let_go(self) -> None:
        held, self._held, self._connection = self._held, None, None
        if held is not None:
            held.close()


def _unlock(connection: Connection) -> None:
    # The server ends a session some time after its connection was closed: the next leader, in
    # this process or another, need not wait for that.
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": KEY})
    except SQLAlchemyError as error:
        logger.debug("The leader lock went with its connection: %s", type(error).__name__)
