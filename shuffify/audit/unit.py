"""What the trail remembers of one session's root transaction, from its begin to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any
from weakref import ref

from sqlalchemy import update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Mapper, Session, SessionTransaction
from sqlalchemy.sql import ClauseElement

from .context import current
from .counters import Counters
from .fate import Waiting
from .ledger import Frame, Identity, Ledger, Scene
from .notes import Notes, PlanOf
from .suspension import suspension


def utcnow() -> datetime:
    """Return the time as naive UTC; the engine's only clock."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Island(Frame):
    """What is written inside a savepoint of the Connection's, at once: who will tell its end?"""

    __slots__ = ("touched",)

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[Identity] = set()
        """Whose changes were written: they stand in no frame any more."""


class Unit:
    """One root transaction: its connection, its ledger, and how far it has come."""

    __slots__ = ("connection", "ledger", "notes", "flushes", "late", "durable", "ended",
                 "changes_before", "_postponed", "_joined", "_outer", "_savepoints", "_islands",
                 "_sheltered", "captures", "home", "elsewhere", "_away", "_waiting",
                 "_counters", "_session", "_leave", "_done")

    def __init__(self, session: Session, counters: Counters) -> None:
        self._session = ref(session)
        self._counters = counters
        self.connection: Connection | None = None
        """The one to the log's own bind."""
        self.home: Engine | None = None
        self.elsewhere: list[Connection] = []
        """Those to other binds: what is written there cannot share a transaction with the log."""
        self._away: dict[Any, bool] = {}
        self.ledger = Ledger()
        self.notes: Notes | None = None
        self.flushes = 0
        self.late = False
        """The drain is over: what is flushed from now on is written with its own flush."""
        self.durable = False
        self.ended = False
        self.changes_before = 0
        self.captures: list[Mapper[Any]] = []
        """Whose statements are under way of which all rows are recorded, or leave no trace."""
        self._postponed: Callable[[Unit], None] | None = None
        self._waiting: Waiting | None = None
        self._joined = False
        self._leave: Callable[[Unit, Frame], None] | None = None
        self._done: Frame | None = None
        """What the caller has committed around the session, which has not ended yet."""
        self._outer: Any = None
        self._savepoints: dict[SessionTransaction, Any] = {}
        self._sheltered: set[SessionTransaction] = set()
        """The Session's savepoints inside one that it knows nothing of."""
        self._islands: dict[Any, Island] = {}
        """What was written inside savepoints of the Connection's, by the innermost one."""

    def began(self, transaction: SessionTransaction, connection: Connection, home: Engine) -> None:
        """Note the connection of the root, and which Core savepoint is the Session's own."""
        self.home = home
        if connection.engine is not home:
            if not transaction.nested:
                self.elsewhere.append(connection)
        elif transaction.nested:
            own: Any = connection.get_nested_transaction()
            around = _savepoint_around(transaction)
            known = self._outer if around is None else self._savepoints.get(around)
            self._savepoints[transaction] = own
            if own._previous_nested is not known or around in self._sheltered:
                self._sheltered.add(transaction)
        elif self.connection is None:
            self.connection = connection
            if self._postponed is not None:
                self.waiting().when_committing(self._at_commit)
            if self._joined:
                self._follow_caller()
            self._outer = connection.get_nested_transaction()
            if connection.dialect.name == "sqlite":
                self.changes_before = total_changes(connection)

    def in_foreign_savepoint(self, savepoint: SessionTransaction | None) -> bool:
        """Tell whether a savepoint is open that the Session knows nothing of.

        `Connection.begin_nested()` announces neither its release nor its rollback. A row that
        is written inside it, at once, shares its fate; a row in the ledger would not.
        """
        if self.connection is None:
            return False
        if savepoint in self._sheltered:
            return True
        own = self._outer if savepoint is None else self._savepoints.get(savepoint)
        return self.connection.get_nested_transaction() is not own

    def frame(self, savepoint: SessionTransaction | None) -> Frame:
        """Return the frame whose fate is that of what is written now."""
        connection = self.connection
        if connection is None or not self.in_foreign_savepoint(savepoint):
            return self.ledger.frame(savepoint)
        innermost = connection.get_nested_transaction()
        island = self._islands.get(innermost)
        if island is None:
            island = self._islands[innermost] = Island()
            self.waiting().when_undone(partial(self._undone, island))
        return island

    def scene(self, session: Session) -> Scene:
        """Return where what happens now is recorded, and on whose behalf."""
        return Scene(self.frame(session.get_nested_transaction()), current(), suspension())

    def sends(self, context: Any, plan_of: PlanOf) -> None:
        """Note that the flush under way sends what it has announced: a mapper's statement."""
        if self.notes is not None and not self.captures:
            self.notes.sends(getattr(context.invoked_statement, "table", None), plan_of)

    def _undone(self, island: Island) -> None:
        """Forget what a savepoint of the Connection's did; no Session has expired its objects."""
        self.ledger.doubted.update(island.touched)
        island.touched.clear()
        island.forget()

    def waiting(self) -> Waiting:
        """Return what hears of the connection's transaction; only where there is one."""
        if self._waiting is None:
            assert self.connection is not None
            self._waiting = Waiting(self.connection, self._session, self._counters)
        return self._waiting

    def stop_waiting(self) -> None:
        """Hear of the connection no more."""
        if self._waiting is not None:
            self._waiting.stop()

    def is_away(self, session: Session, mapper: Mapper[Any]) -> bool:
        """Tell whether a class's rows are on another bind than the log."""
        if not self.elsewhere:
            return False
        if mapper not in self._away:
            bind = session.get_bind(mapper=mapper, clause=update(mapper))
            self._away[mapper] = bind.engine is not self.home
        return self._away[mapper]

    def was_away(self, mapper: Mapper[Any]) -> bool:
        """Tell what `is_away` said when the session was at hand."""
        return self._away.get(mapper, False)

    def is_over(self) -> bool:
        """Tell whether no connection is left in the transaction."""
        for one in (self.connection, *self.elsewhere):
            if one is not None and one.in_transaction():
                return False
        return True

    def postpone(self, drain: Callable[[Unit], None]) -> None:
        """Drain the ledger when the connection is about to commit or to prepare, and not yet."""
        if self._postponed is None:
            self._postponed = drain
            if self.connection is not None:
                self.waiting().when_committing(self._at_commit)

    @property
    def is_joined(self) -> bool:
        """Tell whether the session takes part in a transaction of the caller's."""
        return self._joined

    def joins(self, drain: Callable[[Unit], None], leave: Callable[[Unit, Frame], None]
              ) -> None:
        """Note that the connection is the caller's, who may end what is around the open session.

        What is committed around a session that the caller has dropped is left to ``leave``.
        """
        self.postpone(drain)
        if not self._joined:
            self._joined, self._leave = True, leave
            if self.connection is not None:
                self._follow_caller()

    def _follow_caller(self) -> None:
        """Hear what becomes of the caller's transaction: the session need not be told."""
        self.waiting().when_committed(self._committed_around)
        self.waiting().when_undone(self._undone_around)

    def _at_commit(self) -> None:
        assert self._postponed is not None
        self._postponed(self)

    def _committed_around(self) -> None:
        done = self._done = self._done or Frame()
        for frame in (self.ledger.root, *self._islands.values()):
            done.absorb(frame)
            frame.forget()
        self._end_savepoints()
        if self._session() is None and self._leave is not None:
            self._leave(self, done)

    def _undone_around(self) -> None:
        self.ledger.discard_all()
        self._end_savepoints()

    def _end_savepoints(self) -> None:
        """Forget the Session's savepoints, which hold it: they have ended with what is around."""
        self._islands.clear()
        self._savepoints.clear()
        self._sheltered.clear()

    def goes_on(self) -> bool:
        """Tell whether the session left its work in a transaction that it had joined."""
        connection = self.connection
        if connection is None or connection.closed or not connection.in_transaction():
            return False
        return self.ended or self._outer is None or bool(self._outer.is_active)

    def outcome(self) -> Frame:
        """Return what became of the root: all that was written, all that was refused."""
        root = self.ledger.root
        for island in self._islands.values():
            root.absorb(island)
        return root

    def done(self) -> Frame | None:
        """Return what became durable, once the session has ended."""
        if self._done is None:
            return self.outcome() if self.durable else None
        if self.durable:
            self._done.absorb(self.outcome())
        return self._done

    def released(self, savepoint: SessionTransaction) -> None:
        """Let a savepoint's changes join those of the transaction around it."""
        self.ledger.release(savepoint, _savepoint_around(savepoint))

    def closed(self, savepoint: SessionTransaction) -> None:
        """Forget a savepoint; what it did and nobody released is undone."""
        self.ledger.discard(savepoint)
        self._savepoints.pop(savepoint, None)
        self._sheltered.discard(savepoint)


def _savepoint_around(savepoint: SessionTransaction) -> SessionTransaction | None:
    parent = savepoint.parent
    while parent is not None and not parent.nested:
        parent = parent.parent
    return parent


def bind_of_log(session: Session, log: Mapper[Any], write: ClauseElement
                ) -> Engine | Connection | None:
    """Return what the session writes the log's table through; None where it has no bind for it.

    It is asked for a write: who routes reads to another database tells them apart by the clause.
    """
    try:
        return session.get_bind(mapper=log, clause=write)
    except UnboundExecutionError:
        return None  # Whoever writes the rows will say what is missing.


def is_last(session: Session, event: str, listener: Any) -> bool:
    """Tell whether a listener is the last that an event of this session calls."""
    *_, last = getattr(session.dispatch, event)
    return bool(last == listener)


def total_changes(connection: Connection) -> int:
    """Return SQLite's count of rows written through this connection, or 0 where it tells none."""
    return getattr(connection.connection.dbapi_connection, "total_changes", 0)
