"""Seals the committed rows of a log behind the horizon, in their order, each once (rule A15).

The write path knows nothing of it: seals are rows of a table of their own, made afterwards. Two
sealers at once are harmless: the same row cannot be the first of two seals.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, func, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from .canonical import naive_utc
from .errors import AuditError
from .horizon import horizon
from .permanence import only_key
from .seal import ROWS_A_SEAL, SealKeys, Seal, row_digest, sealed
from .tolerance import all_of, any_text, tolerant
from .unit import utcnow

COLUMNS: Final = frozenset(Seal.__dataclass_fields__)
"""What a table of seals must have, beside its primary key."""

PATIENCE: Final = 5.0
"""Seconds to wait for transactions under way."""

NEVER: Final = datetime.min


@dataclass(frozen=True, slots=True)
class Sealing:
    """What one sealing came to."""

    rows: int
    seals: int
    last_id: int
    """Where the seals end now."""
    is_held_up: bool
    """Transactions under way may still add rows below the newest: nothing was sealed."""


class Sealer:
    """Makes the seals of one log."""

    def __init__(self, log: Table, seals: Table) -> None:
        missing = sorted(COLUMNS - set(seals.c.keys()))
        if missing:
            raise AuditError(f"The table of seals {seals.name} lacks {', '.join(missing)}.")
        self.log = log
        self.seals = seals
        self.keys = SealKeys()
        self._key = only_key(log)
        self._names = log.c.keys()

    def seal(self, engine: Engine, patience: float, most: int | None) -> Sealing:
        """Seal what is committed and settled, at most so many rows; commits seal by seal."""
        with reading(engine) as connection:
            head = self.head(connection)
        end = horizon(engine, self.log, patience)
        rows = seals = 0
        while end is not None and (most is None or rows < most):
            with reading(engine) as connection:
                made = self._next(connection, head, end)
            if made is None or not self._keep(engine, made):
                break
            head, rows, seals = made, rows + made.row_count, seals + 1
        return Sealing(rows, seals, head.last_id if head else 0, is_held_up=end is None)

    def head(self, connection: Connection) -> Seal | None:
        """Return the newest seal."""
        query = self.every_seal().order_by(None).order_by(self.seals.c.last_id.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None:
            return None
        head = as_seal(row)
        if type(head.last_id) is not int or type(head.digest) is not str:
            raise AuditError("The newest seal is not as it was made: verify names it.")
        return head

    def every_seal(self) -> Any:
        """Return the query for all seals in their order."""
        columns = [tolerant(self.seals.c[name], name) for name in Seal.__dataclass_fields__]
        return select(*columns).order_by(self.seals.c.first_id)

    def every_row(self) -> Any:
        """Return the query for all rows of the log, as they are sealed."""
        return select(*all_of(self.log))

    def lag(self, connection: Connection) -> int:
        """Return for how many seconds the oldest row above the seals has been waiting.

        Zero for a log that does not say when its rows were written.
        """
        if "created_at" not in self.log.c:
            return 0
        last_id = connection.scalar(select(func.max(self.seals.c.last_id))) or 0
        query = select(tolerant(self.log.c.created_at, "at")).where(self._key > last_id)
        oldest = connection.scalar(query.order_by(self._key).limit(1))
        if not isinstance(oldest, datetime):
            return 0
        return max(0, int((utcnow() - naive_utc(oldest)).total_seconds()))

    def digested(self, row: Row[Any]) -> tuple[int, str]:
        """Return a row's id and digest."""
        values = dict(zip(self._names, row, strict=True))  # `_mapping` costs four times that.
        return values.pop(self._key.key), row_digest(values)

    def _next(self, connection: Connection, head: Seal | None, end: int) -> Seal | None:
        query = self.every_row().where(self._key <= end)
        if head is not None:
            query = query.where(self._key > head.last_id)
        rows = connection.execute(query.order_by(self._key).limit(ROWS_A_SEAL)).all()
        if not rows:
            return None
        previous = None if head is None else head.digest
        return sealed(map(self.digested, rows), previous, self.keys, utcnow())

    def _keep(self, engine: Engine, seal: Seal) -> bool:
        """Insert a seal; False where another sealer was faster."""
        try:
            with engine.begin() as connection:
                connection.execute(insert(self.seals), asdict(seal))
        except IntegrityError:
            return False
        return True


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Connect to read whatever text there is, each as itself."""
    with engine.connect() as connection, any_text(connection, "surrogateescape"):
        yield connection


def as_seal(row: Row[Any]) -> Seal:
    """Return a seal as it was made, whatever the database's idea of time."""
    values = dict(row._mapping)
    at = values["sealed_at"]
    # A time that nobody can read is none at which the seal was made.
    return Seal(**{**values, "sealed_at": naive_utc(at) if isinstance(at, datetime) else NEVER})


def is_seal(seal: Seal) -> bool:
    """Tell whether every value has the type that it was made with."""
    return (
        all(type(one) is int for one in (seal.first_id, seal.last_id, seal.row_count))
        and all(type(one) is str for one in (seal.trace, seal.digest))
        and all(one is None or type(one) is str for one in (seal.previous, seal.key_id))
    )
