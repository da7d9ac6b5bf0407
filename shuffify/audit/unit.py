"""What the trail remembers of one session's root transaction, from its begin to its end."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, SessionTransaction

from .ledger import Ledger
from .notes import Notes


def utcnow() -> datetime:
    """Return the time as naive UTC; the engine's only clock."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Unit:
    """One root transaction: its connection, its ledger, and how far it has come."""

    __slots__ = ("connection", "ledger", "notes", "flushes", "late", "durable", "ended",
                 "changes_before", "_outer", "_savepoints")

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.ledger = Ledger()
        self.notes: Notes | None = None
        self.flushes = 0
        self.late = False
        """The drain is over: what is flushed from now on is written with its own flush."""
        self.durable = False
        self.ended = False
        self.changes_before = 0
        self._outer: Any = None
        self._savepoints: dict[SessionTransaction, Any] = {}

    def began(self, transaction: SessionTransaction, connection: Connection) -> None:
        """Note the connection of the root, and which Core savepoint is the Session's own."""
        if transaction.nested:
            self._savepoints[transaction] = connection.get_nested_transaction()
        elif self.connection is None:
            self.connection = connection
            self._outer = connection.get_nested_transaction()
            if connection.dialect.name == "sqlite":
                self.changes_before = total_changes(connection)

    def in_foreign_savepoint(self, savepoint: SessionTransaction | None) -> bool:
        """Tell whether a savepoint is open that the Session knows nothing of.

        `Connection.begin_nested()` announces neither its release nor its rollback. A row that
        is written inside it, at once, shares its fate; a row in the ledger would not.
        """
        assert self.connection is not None
        own = self._outer if savepoint is None else self._savepoints.get(savepoint)
        return self.connection.get_nested_transaction() is not own

    def released(self, savepoint: SessionTransaction) -> None:
        """Let a savepoint's changes join those of the transaction around it."""
        parent = savepoint.parent
        while parent is not None and not parent.nested:
            parent = parent.parent
        self.ledger.release(savepoint, parent)

    def closed(self, savepoint: SessionTransaction) -> None:
        """Forget a savepoint; what it did and nobody released is undone."""
        self.ledger.discard(savepoint)
        self._savepoints.pop(savepoint, None)


def is_last(session: Session, event: str, listener: Any) -> bool:
    """Tell whether a listener is the last that an event of this session calls."""
    *_, last = getattr(session.dispatch, event)
    return bool(last == listener)


def total_changes(connection: Connection) -> int:
    """Return SQLite's count of rows written through this connection, or 0 where it tells none."""
    return getattr(connection.connection.dbapi_connection, "total_changes", 0)
