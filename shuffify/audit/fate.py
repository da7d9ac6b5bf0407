"""Whether what was done inside a savepoint or transaction of the caller's still stands.

The Session announces its own savepoints; of `Connection.begin_nested()` and of a transaction
that it has joined, only the Connection tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import ref

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from .counters import Counters
from .errors import is_lost
from .guard import report

_FATES: Final = "_audit_fates"
"""Where a connection remembers who waits for what becomes of its transaction."""


class Waiting:
    """What one root transaction of a Session wants to hear of its Connection.

    It goes on waiting from one transaction of the Connection to the next, as the Session does,
    until it is told to stop. Each callback has a guard of its own: its failure reaches neither the
    caller, whose COMMIT or ROLLBACK is about to be sent, nor whoever else waits (A2).
    """

    __slots__ = ("_session", "_counters", "_fates", "_drains", "_settles", "_forgets", "_is_left")

    def __init__(self, connection: Connection, session: ref[Session], counters: Counters) -> None:
        self._session = session
        self._counters = counters
        self._fates = _fates_of(connection)
        self._drains: list[Callable[[], None]] = []
        self._settles: list[Callable[[], None]] = []
        self._forgets: list[tuple[frozenset[str], Callable[[], None]]] = []
        self._is_left = False
        self._fates.waiting.append(self)

    def when_committing(self, drain: Callable[[], None]) -> None:
        """Call ``drain`` at the last moment for statements of the transaction's own."""
        self._drains.append(drain)

    def when_committed(self, settle: Callable[[], None]) -> None:
        """Call ``settle`` when the transaction is committed: just before the statement."""
        self._settles.append(settle)

    def when_undone(self, forget: Callable[[], None]) -> None:
        """Call ``forget`` when the transaction, or a savepoint that is open now, is undone."""
        self._forgets.append((self._fates.open_savepoints(), forget))

    def leave(self) -> None:
        """Hear of the end of the transaction under way, and of nothing after it."""
        self._drains.clear()
        self._settles.clear()
        self._is_left = True

    def stop(self) -> None:
        """Hear of nothing any more, and hold nobody."""
        if self in self._fates.waiting:
            self._fates.waiting.remove(self)
        for callbacks in (self._drains, self._settles, self._forgets):
            callbacks.clear()

    def committing(self) -> None:
        self._call("degraded.drain", self._drains)

    def committed(self) -> None:
        self._call("losses.settle", [*self._settles, self._stop_if_left])

    def undone(self, savepoint: str | None = None) -> None:
        forgets = [forget for around, forget in self._forgets
                   if savepoint is None or savepoint in around]
        ends = [self._stop_if_left] if savepoint is None else []
        self._call("degraded.rollback", forgets + ends)

    def _stop_if_left(self) -> None:
        """Stop once nobody is there any more for whom to wait."""
        if self._is_left or self._session() is None:
            self.stop()

    def _call(self, stage: str, callbacks: Iterable[Callable[[], None]]) -> None:
        for callback in callbacks:
            try:
                callback()
            except Exception as error:
                if is_lost(error):
                    raise
                report(self._counters, stage, "a connection's event", error)


class _Fates:
    """All who wait for one Connection, behind one set of listeners.

    A listener cannot be removed while its own event is going on, and a connection may see any
    number of sessions come and go. It must not hold the Connection: one that its caller drops
    goes back to its pool at once, not when garbage is collected.
    """

    def __init__(self, connection: Connection) -> None:
        self.waiting: list[Waiting] = []
        self._connection = ref(connection)
        for name, listener in (
            ("commit", self._commit), ("prepare_twophase", self._prepare),
            ("commit_twophase", self._commit_prepared), ("rollback", self._rollback),
            ("rollback_twophase", self._rollback), ("rollback_savepoint", self._rollback_to),
        ):
            event.listen(connection, name, listener)

    def open_savepoints(self) -> frozenset[str]:
        """Return the names of the savepoints that are open now."""
        names = set()
        connection = self._connection()
        savepoint: Any = None if connection is None else connection.get_nested_transaction()
        while savepoint is not None:
            names.add(savepoint._savepoint)
            savepoint = savepoint._previous_nested
        return frozenset(names)

    def _commit(self, connection: Connection) -> None:
        self._prepare(connection)
        self._commit_prepared(connection)

    def _prepare(self, *_: Any) -> None:
        for one in [*self.waiting]:
            one.committing()

    def _commit_prepared(self, *_: Any) -> None:
        for one in [*self.waiting]:
            one.committed()

    def _rollback(self, *_: Any) -> None:
        for one in [*self.waiting]:
            one.undone()

    def _rollback_to(self, _: Connection, name: str, __: Any) -> None:
        for one in [*self.waiting]:
            one.undone(name)


def _fates_of(connection: Connection) -> _Fates:
    fates = getattr(connection, _FATES, None)
    if fates is None:
        fates = _Fates(connection)
        setattr(connection, _FATES, fates)
    return fates
