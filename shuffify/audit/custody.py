"""The keeping of a log: its seals, and what its one door does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from .anchor import Anchor
from .counters import Counters
from .delivery import Delivery
from .errors import AuditError
from .render import Row
from .retention import Pruned, Retention, summed
from .seal import SealKeys
from .sealer import PATIENCE, Sealer, Sealing
from .verification import Verification, Verified


class Custody:
    """Seals and verifies a log, prunes it and blanks its clients; `AuditTrail.custody` is one."""

    def __init__(
        self,
        log: Any,
        seals: Any,
        delivery: Delivery,
        counters: Counters,
        insert: Callable[[Session, Row], Any],
    ) -> None:
        self._log = log
        self._sealer = None if seals is None else Sealer(log.__table__, seals.__table__)
        self._retention = Retention(delivery)
        self._counters = counters
        self._insert = insert

    def sealer(self) -> Sealer:
        """Return what makes the seals; raises AuditError where the trail has none."""
        if self._sealer is None:
            raise AuditError("This trail has no seals: make it with AuditTrail(seals=...).")
        return self._sealer

    def seal_with(self, keys: Iterable[str]) -> None:
        """Key the seals: the first key seals, all verify; without any they are plain digests.

        Raises ValueError for a text in place of a list, and for an empty key.
        """
        self.sealer().keys = SealKeys(keys)

    def seal(
        self, engine: Engine, *, patience: float = PATIENCE, most: int | None = None
    ) -> Sealing:
        """Seal what is committed, in order, behind transactions under way; locks nobody out.

        Waits for these up to ``patience`` seconds; ends after ``most`` rows or a few more.
        """
        sealing = self.sealer().seal(engine, patience, most)
        self._counters.add("sealed", sealing.rows)
        return sealing

    def lag(self, engine: Engine) -> int:
        """Return for how many seconds the oldest row without a seal has waited, 0 for none."""
        with engine.connect() as connection:
            return self.sealer().lag(connection)

    def verify(self, engine: Engine, anchors: Iterable[Anchor] = ()) -> Verified:
        """Compare all rows with their seals, in one snapshot; writes nothing.

        Raises SealKeyError where a seal's key is missing.
        """
        sealer = self.sealer()
        options: dict[str, Any] = {}
        if engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with engine.connect().execution_options(**options) as connection:
            return Verification(sealer, connection, anchors).run()

    def prune(
        self, engine: Engine, before: datetime, *, reason: str | None = None, dry_run: bool = False
    ) -> Pruned:
        """Delete the rows that stand before every row from a moment on; a naive one is UTC.

        Where there are seals, rows are sealed before they go. Leaves one row `audit_prune` for
        each user who has lost some. Commits once. What transactions under way hold up, so that
        it cannot be sealed, stays and is counted. Raises AuditError for a log that lacks columns.
        """
        self._retention.require_columns()
        if not isinstance(before, datetime):
            raise AuditError(f"{before!r} is no time: give a datetime; a naive one is UTC.")
        is_sealed = self._sealer is not None and not dry_run
        up_to = self.seal(engine).last_id if is_sealed else None
        with engine.begin() as connection:
            end = self._retention.end(connection, before, up_to)
            if dry_run:
                return summed(self._retention.shares(connection, end))
            old_end = self._retention.end(connection, before, None)
            held_up = self._retention.between(connection, end, old_end)
        # Afresh: on SQLite a transaction that has read must not write when others wrote.
        with engine.begin() as connection:
            pruned = self._retention.prune(connection, end, before, reason)
        self._counters.add("pruned", pruned.rows)
        return replace(pruned, held_up=held_up)

    def erase(self, session: Session, user_id: Any) -> int:
        """Blank a person's address and browser in the log; return in how many rows.

        Leaves one row `audit_erase`. Flushes and commits nothing; raises what the database does,
        and AuditError for a log that lacks columns.
        """
        self._retention.require_columns()
        connection = session.connection(bind_arguments={"mapper": self._log})
        blanked = self._retention.blank(connection, user_id)
        self._insert(session, self._retention.erased(user_id, blanked))
        return blanked
