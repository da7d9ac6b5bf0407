"""The keeping of a log: what its one door does to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from .counters import Counters
from .delivery import Delivery
from .render import Row
from .retention import Pruned, Retention, summed


class Custody:
    """Prunes a log and blanks its clients; `AuditTrail.custody` is one."""

    def __init__(
        self,
        log: Any,
        delivery: Delivery,
        counters: Counters,
        insert: Callable[[Session, Row], Any],
    ) -> None:
        self._log = log
        self._retention = Retention(delivery)
        self._counters = counters
        self._insert = insert

    def prune(
        self, engine: Engine, before: datetime, *, reason: str | None = None, dry_run: bool = False
    ) -> Pruned:
        """Delete the rows that stand before every row from a moment on; a naive one is UTC.

        Leaves one row `audit_prune` for each user who has lost some. Commits once.
        """
        with engine.begin() as connection:
            end = self._retention.end(connection, before)
            if dry_run:
                return summed(self._retention.shares(connection, end))
        # Afresh: on SQLite a transaction that has read must not write when others wrote.
        with engine.begin() as connection:
            pruned = self._retention.prune(connection, end, before, reason)
        self._counters.add("pruned", pruned.rows)
        return pruned

    def erase(self, session: Session, user_id: Any) -> int:
        """Blank a person's address and browser in the log; return in how many rows.

        Leaves one row `audit_erase`. Flushes and commits nothing; raises what the database does.
        """
        connection = session.connection(bind_arguments={"mapper": self._log})
        blanked = self._retention.blank(connection, user_id)
        self._insert(session, self._retention.erased(user_id, blanked))
        return blanked
