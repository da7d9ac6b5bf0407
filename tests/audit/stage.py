"""A stage for models that a test module brings along: its tables, a log, a trail, sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Engine, ForeignKey, String, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from shuffify.audit import AuditTrail, NotAudited

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UserColumns:
    """The actors; rows 7 and 8 stand when the stage opens."""

    __tablename__ = "users"
    __audit__ = NotAudited("the tests' actors are no subject")

    id: Mapped[int] = mapped_column(primary_key=True)


class LogColumns:
    """The log table as the design has it."""

    __tablename__ = "activity_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    activity_type: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(500))
    playlist_id: Mapped[str | None] = mapped_column(String(255))
    playlist_name: Mapped[str | None] = mapped_column(String(255))
    metadata_json: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    entity_type: Mapped[str | None] = mapped_column(String(50))
    entity_id: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(20))
    request_id: Mapped[str | None] = mapped_column(String(36))


def log_of(base: Any) -> Any:
    """Map the actors and a log under a base; return the log."""
    base.metadata.info["users"] = type("User", (UserColumns, base), {})  # Nobody else keeps it.
    return type("ActivityLog", (LogColumns, base), {"__audit__": NotAudited("it is the trail")})


class Stage:
    """A module's models on one engine, watched by a trail of their own."""

    def __init__(self, engine: Engine, base: Any, log: Any, spool: Path | None = None) -> None:
        self.engine = engine
        self.base = base
        self.log = log
        base.metadata.create_all(engine)
        users = base.metadata.tables.get("users")
        if users is not None:
            with engine.begin() as connection:
                connection.execute(users.insert(), [{"id": 7}, {"id": 8}])
        self.Session = sessionmaker(engine)
        # For stocks, and for what the caller would see without a trail.
        self.unwatched = sessionmaker(engine.execution_options(audit="the trail is not asked"))
        self.trail = AuditTrail(log=log, spool=spool)
        self.trail.watch(self.Session, base=base)
        self._before: dict[str, int] = {}
        self._last = 0

    def session(self, **options: Any) -> Session:
        """Return a new watched session."""
        return self.Session(**options)

    def rows(self) -> Sequence[Any]:
        """Return the log's committed rows, in order, read past every session."""
        table = self.log.__table__
        query = select(table).where(table.c.id > self._last).order_by(table.c.id)
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def turn_page(self) -> None:
        """Let `rows` leave out what stands by now: nobody deletes from a log."""
        with self.engine.connect() as connection:
            self._last = connection.scalar(select(func.max(self.log.__table__.c.id))) or 0

    def last(self) -> Any:
        """Return the newest committed row."""
        return self.rows()[-1]

    def changes(self) -> Any:
        """Return the recorded differences of the newest row."""
        return self.last().metadata_json["changes"]

    def said(self) -> list[str]:
        """Return the type of each committed row."""
        return [row.activity_type for row in self.rows()]

    def count(self, name: str) -> int:
        """Return one of the trail's counters."""
        return self.trail.counters().get(name, 0) - self._before.get(name, 0)

    def count_anew(self) -> None:
        """Let `count` begin at nothing."""
        self._before = self.trail.counters()


@contextmanager
def staged(
    engine: Engine, base: Any, log: Any, spool: Path | None = None
) -> Iterator[Stage]:
    """Open a stage and stop watching afterwards."""
    stage = Stage(engine, base, log, spool)
    try:
        yield stage
    finally:
        stage.trail.unwatch()
