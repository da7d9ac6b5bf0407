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
    later: set[str] = set()

    def opened(_: Connection, name: str) -> None:
        later.add(name)

    def undone(_: Connection, name: str, __: Any) -> None:
        if name not in later:
            forget()

    def ended(_: Connection) -> None:
        forget()

    event.listen(connection, "savepoint", opened)
    event.listen(connection, "rollback_savepoint", undone)
    event.listen(connection, "rollback", ended)


def when_committed(connection: Connection, settle: Callable[[], None]) -> None:
    """Call ``settle`` when the transaction is about to be committed."""

    def committed(_: Connection) -> None:
        settle()

    event.listen(connection, "commit", committed)
