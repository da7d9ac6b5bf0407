"""The one door of the trail: old rows go, a person's address and browser go, and both are told.

Pruning takes all rows up to an id: a row that came late, from the spool, waits for those around
it. Each way leaves rows of its own, in the same transaction (rule A14).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column, ColumnElement, Table, cast, delete, func, null, or_, select, update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection

from .canonical import instant, naive_utc
from .context import current
from .delivery import Delivery
from .errors import AuditError
from .permanence import CLIENT_COLUMNS, CLIENT_PART, only_key, opened
from .render import Row, text
from .unit import utcnow

PRUNED: Final = "audit_prune"
ERASED: Final = "audit_erase"

NEEDED: Final = ("user_id", "activity_type", "created_at", "metadata_json")
"""Columns without which a log cannot say who has lost what."""

LONGEST_REASON: Final = 500
LONGEST_LABEL: Final = 50
"""Cut, so that the metadata, of which each character may take twelve bytes, is cut nowhere."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning deleted, or would delete."""

    rows: int = 0
    users: int = 0
    first_id: int | None = None
    last_id: int | None = None
    held_up: int = 0
    """Rows that are old enough and stay: they could not be sealed before they go."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one user has of a range."""

    user_id: Any
    rows: int
    first_id: int
    last_id: int
    oldest: datetime
    newest: datetime


class Retention:
    """Deletes and blanks in one log, and says so there."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._table: Table = delivery.writer.table

    def require_columns(self) -> None:
        """Raise AuditError for a log whose rows cannot be told apart by user and time."""
        missing = [name for name in NEEDED if name not in self._table.c]
        if missing:
            raise AuditError(
                f"{self._table.name} lacks {', '.join(missing)}: without them nobody can be told "
                "what was pruned or erased."
            )

    @property
    def _key(self) -> Column[Any]:
        return only_key(self._table)

    def end(self, connection: Connection, before: datetime, up_to: int | None) -> int:
        """Return the last id, up to one, that stands before every row from a moment on; or 0."""
        first = select(func.min(self._key))
        first_kept = connection.scalar(first.where(self._table.c.created_at >= naive_utc(before)))
        if first_kept is None:
            end: int = connection.scalar(select(func.max(self._key))) or 0
        else:
            end = first_kept - 1
        return end if up_to is None else min(end, up_to)

    def between(self, connection: Connection, end: int, later: int) -> int:
        """Return how many rows stand above an id, up to a later one."""
        query = select(func.count()).where(self._key > end, self._key <= later)
        return connection.scalar(query) or 0

    def shares(self, connection: Connection, end: int) -> list[Share]:
        """Return what each user has up to an id."""
        at, key = self._table.c.created_at, self._key
        query = (
            select(self._table.c.user_id, func.count(), func.min(key), func.max(key),
                   func.min(at), func.max(at))
            .where(key <= end)
            .group_by(self._table.c.user_id)
            .order_by(func.min(key))
        )
        return [Share(*row) for row in connection.execute(query)]

    def prune(
        self, connection: Connection, end: int, before: datetime, reason: str | None
    ) -> Pruned:
        """Delete all rows up to an id; leave one for each user who has lost some."""
        with opened(connection, self._table, "prune", end):
            # Inside, where whoever pruned at the same time has committed.
            shares = self.shares(connection, end)
            pruned = summed(shares)
            gone = connection.execute(delete(self._table).where(self._key <= end)).rowcount
            if gone != pruned.rows:
                raise AuditError(f"{gone} rows were there, not {pruned.rows}: prune again.")
            if shares:
                rows = [self._told(share, pruned, before, reason) for share in shares]
                refusal = self._delivery.writer.write(connection, rows)
                if refusal is not None:
                    raise refusal.error
        return pruned

    def blank(self, connection: Connection, user_id: Any) -> int:
        """Blank address and browser in a user's rows; return in how many."""
        blanks = _blanks(self._table, connection.dialect.name)
        if not blanks:
            return 0
        statement = (
            update(self._table)
            .where(self._table.c.user_id == user_id, or_(*(known for _, _, known in blanks)))
            .values({column: value for column, value, _ in blanks})
        )
        with opened(connection, self._table, "blank"):
            return connection.execute(statement).rowcount

    def erased(self, user_id: Any, blanked: int) -> Row:
        """Return the row that tells of an erasure."""
        return self._row(ERASED, user_id, f"Erased account {user_id}", {"blanked": blanked}, None)

    def _told(self, share: Share, pruned: Pruned, before: datetime, reason: str | None) -> Row:
        noun = "row" if share.rows == 1 else "rows"
        sentence = f"Pruned {share.rows} {noun} from before {instant(before)}"
        return self._row(PRUNED, share.user_id, sentence, {
            "rows": share.rows,
            "first_id": share.first_id,
            "last_id": share.last_id,
            "oldest": instant(share.oldest),
            "newest": instant(share.newest),
            "before": instant(before),
            "up_to_id": pruned.last_id,
            "rows_of_all_users": pruned.rows,
        }, reason)

    def _row(
        self, kind: str, user_id: Any, sentence: str, facts: dict[str, Any], reason: str | None
    ) -> Row:
        context = current()
        actor, who = context.actor, context.user_id
        reason = context.reason if reason is None else reason
        return self._delivery.renderer.explicit(context, utcnow(), {
            "user_id": user_id,
            "activity_type": kind,
            "description": sentence,
            "playlist_id": None,
            "playlist_name": None,
            "metadata_json": {
                **facts,
                "actor": {
                    "kind": actor.kind,
                    "id": text(who, LONGEST_LABEL) if isinstance(who, str) else who,
                    "label": text(str(actor.label), LONGEST_LABEL),
                },
                **({} if reason is None else {"reason": text(str(reason), LONGEST_REASON)}),
            },
            "event_id": None,
        })


def summed(shares: Sequence[Share]) -> Pruned:
    """Return what the shares of all users come to."""
    if not shares:
        return Pruned()
    return Pruned(
        rows=sum(share.rows for share in shares),
        users=len(shares),
        first_id=min(share.first_id for share in shares),
        last_id=max(share.last_id for share in shares),
    )


Blank = tuple[Column[Any], Any, ColumnElement[bool]]
"""A column, what is left of it, and whether a row has anything to blank there."""


def _blanks(table: Table, dialect: str) -> list[Blank]:
    found: list[Blank] = [
        (table.c[name], null(), table.c[name].is_not(None))
        for name in CLIENT_COLUMNS if name in table.c
    ]
    column = table.c.get("metadata_json")
    if column is None:
        return found
    if dialect == "postgresql":
        part = cast(column, JSONB)
        left: Any = cast(part.op("-", return_type=JSONB())(CLIENT_PART), column.type)
        return [*found, (column, left, part.has_key(CLIENT_PART))]
    if dialect == "sqlite":
        path = f"$.{CLIENT_PART}"
        left = func.json_remove(column, path)
        return [*found, (column, left, func.json_type(column, path).is_not(None))]
    raise AuditError(f"Blanking is made for SQLite and PostgreSQL, not for {dialect}.")
