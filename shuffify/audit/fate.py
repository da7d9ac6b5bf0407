"""Whether what was done inside a savepoint or transaction of the caller's still stands.

The Session announces its own savepoints; of `Connection.begin_nested()` and of a transaction
that it has joined, only the Connection tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Connection

_FATES: Final = "_audit_fates"
"""Where a connection remembers who waits for what becomes of its transaction."""


class Waiting:
    """What one root transaction of a Session wants to hear of its Connection.

    It goes on waiting from one transaction of the Connection to the next, as the Session does,
    until it is told to stop.
    """

    __slots__ = ("_fates", "_drains", "_settles", "_forgets", "is_left")

    def __init__(self, connection: Connection) -> None:
        self._fates = _fates_of(connection)
        self._drains: list[Callable[[], None]] = []
        self._settles: list[Callable[[], None]] = []
        self._forgets: list[tuple[frozenset[str], Callable[[], None]]] = []
        self.is_left = False
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
        self.is_left = True

    def stop(self) -> None:
        """Hear of nothing any more."""
        if self in self._fates.waiting:
            self._fates.waiting.remove(self)

    def committing(self) -> None:
        for drain in self._drains:
            drain()

    def committed(self) -> None:
        for settle in self._settles:
            settle()

    def undone(self, savepoint: str | None = None) -> None:
        for around, forget in self._forgets:
            if savepoint is None or savepoint in around:
                forget()


class _Fates:
    """All who wait for one Connection, behind one set of listeners.

    A listener cannot be removed while its own event is going on, and a connection may see any
    number of sessions come and go.
    """

    def __init__(self, connection: Connection) -> None:
        self.waiting: list[Waiting] = []
        self._connection = connection
        for name, listener in (
            ("commit", self._commit), ("prepare_twophase", self._prepare),
            ("commit_twophase", self._commit_prepared), ("rollback", self._rollback),
            ("rollback_twophase", self._rollback), ("rollback_savepoint", self._rollback_to),
        ):
            event.listen(connection, name, listener)

    def open_savepoints(self) -> frozenset[str]:
        """Return the names of the savepoints that are open now."""
        names = set()
        savepoint: Any = self._connection.get_nested_transaction()
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
        self._forget_the_left()

    def _rollback(self, *_: Any) -> None:
        for one in [*self.waiting]:
            one.undone()
        self._forget_the_left()

    def _rollback_to(self, _: Connection, name: str, __: Any) -> None:
        for one in [*self.waiting]:
            one.undone(name)

    def _forget_the_left(self) -> None:
        self.waiting = [one for one in self.waiting if not one.is_left]


def _fates_of(connection: Connection) -> _Fates:
    fates = getattr(connection, _FATES, None)
    if fates is None:
        fates = _Fates(connection)
        setattr(connection, _FATES, fates)
    return fates
