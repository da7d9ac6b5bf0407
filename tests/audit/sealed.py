"""A log with seals, and rows in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, String, Text, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import AuditTrail, NotAudited, permanent
from shuffify.audit.verification import Verified
from tests.audit.stage import LogColumns, UserColumns

NOON = datetime(2026, 1, 1, 12)
LONG_AGO = "2025-01-01 00:00:00.000000"

SWAP = (
    "UPDATE activity_log SET id = 900 WHERE id = {0}",
    "UPDATE activity_log SET id = {0} WHERE id = {1}",
    "UPDATE activity_log SET id = {1} WHERE id = 900",
)
INSERT = (
    "INSERT INTO activity_log (id, user_id, activity_type, description, created_at, event_id)"
    f" VALUES ({{0}}, 7, 'x', 'x', '{LONG_AGO}', 'forged')"
)


class Base(DeclarativeBase):
    """A base of its own."""


class User(UserColumns, Base):
    pass


@permanent
class Log(LogColumns, Base):
    # Without it SQLite gives the ids of pruned rows again.
    __table_args__ = {"sqlite_autoincrement": True}

    remote_addr: Mapped[str | None] = mapped_column(String(45))


class Seals(Base):
    __tablename__ = "activity_seals"
    __audit__ = NotAudited("it proves the trail")

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(unique=True)
    last_id: Mapped[int]
    row_count: Mapped[int]
    trace: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64), unique=True)
    key_id: Mapped[str | None] = mapped_column(String(20))
    sealed_at: Mapped[datetime]


permanent(Seals, door=False)

LOG = Log.__table__


class Archive:
    """The tables on one engine and their trail; whoever owns them may do anything."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(User.__table__.insert(), [{"id": 7}, {"id": 8}])
        self.trail = AuditTrail(log=Log, seals=Seals)
        self._made = 0

    def put(self, number: int = 1, **columns: Any) -> list[int]:
        """Commit some rows and return their ids."""
        with self.engine.begin() as connection:
            return self.insert(connection, number, **columns)

    def insert(self, connection: Any, number: int = 1, **columns: Any) -> list[int]:
        """Insert some rows and return their ids."""
        made = []
        for _ in range(number):
            self._made += 1
            row = {
                "user_id": 7, "activity_type": "note_update", "description": f"N {self._made}",
                "created_at": NOON + timedelta(minutes=self._made),
                "event_id": f"event-{self._made}",
                "metadata_json": {"changes": {"n": [self._made, 1e2]}, "client": {"a": "b"}},
                **columns,
            }
            made.append(connection.execute(LOG.insert(), row).inserted_primary_key[0])
        return made

    def seal(self, *sizes: int) -> None:
        """Put and seal runs of rows, or seal what stands."""
        for size in sizes or (0,):
            self.put(size)
            self.trail.custody.seal(self.engine)

    def fill(self) -> None:
        """Put twelve rows with a gap in their ids, in three seals of four."""
        self.seal(4, 4)
        self.put(2)
        with self.engine.begin() as connection:
            for number in (100, 102):
                self.insert(connection, id=number)
        if self.engine.dialect.name == "postgresql":
            with self.engine.begin() as connection:
                connection.execute(text("SELECT setval('activity_log_id_seq', 102)"))
        self.seal()

    @contextmanager
    def owned(self) -> Iterator[Connection]:
        """Give a connection on which a database's owner has switched all triggers off."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                for name in connection.scalars(query).all():
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                for table in ("activity_log", "activity_seals"):
                    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            yield connection

    def tamper(self, *statements: str) -> None:
        """Do what a database's owner can."""
        with self.owned() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def verify(self, anchors: Sequence[Any] = ()) -> Verified:
        """Return what the trail says of itself."""
        return self.trail.custody.verify(self.engine, anchors)

    def found(self, anchors: Sequence[Any] = ()) -> list[tuple[str, int]]:
        """Return kind and row of each finding."""
        return [(one.kind, one.row_id) for one in self.verify(anchors).findings]

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Note the statements that are executed meanwhile."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.engine, "before_cursor_execute", note)
