"""Whether what was done inside a savepoint or transaction of the caller's still stands.

The Session announces its own savepoints; of `Connection.begin_nested()` and of a transaction
that it has joined, only the Connection tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection


def when_undone(connection: Connection, forget: Callable[[], None]) -> None:
    """Call ``forget`` when the transaction, or a savepoint that is open now, is rolled back.

    The listeners stay: a listener cannot be removed while its own event is going on.
    """
    around = _open_savepoints(connection)

    def undone(_: Connection, name: str, __: Any) -> None:
        if name in around:
            forget()

    event.listen(connection, "rollback_savepoint", undone)
    _listen(connection, ("rollback", "rollback_twophase"), forget)


def when_committed(connection: Connection, settle: Callable[[], None]) -> None:
    """Call ``settle`` when the transaction is committed: just before the statement."""
    _listen(connection, ("commit", "commit_twophase"), settle)


def when_committing(connection: Connection, drain: Callable[[], None]) -> None:
    """Call ``drain`` at the last moment for statements of the transaction's own."""
    _listen(connection, ("commit", "prepare_twophase"), drain)


def _open_savepoints(connection: Connection) -> set[str]:
    names = set()
    savepoint: Any = connection.get_nested_transaction()
    while savepoint is not None:
        names.add(savepoint._savepoint)
        savepoint = savepoint._previous_nested
    return names


def _listen(connection: Connection, names: tuple[str, ...], call: Callable[[], None]) -> None:
    def listener(*_: Any) -> None:
        call()

    for name in names:
        event.listen(connection, name, listener)
