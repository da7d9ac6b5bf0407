"""A small application for the engine's tests: a few models, a log, a trail, sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Engine, ForeignKey, String, Text, event, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.orm import sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, permanent

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """The watched base."""


class User(Base):
    __tablename__ = "users"
    __audit__ = NotAudited("the tests' actors are no subject")

    id: Mapped[int] = mapped_column(primary_key=True)


@permanent
class ActivityLog(Base):
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


class Playlist(Base):
    """A parent whose notes go with it by the ORM's own cascade."""

    __tablename__ = "playlists"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(255))
    position: Mapped[int] = mapped_column(default=0)
    tags: Mapped[list[str] | None] = mapped_column(Json)
    comment: Mapped[str | None] = mapped_column(Text, deferred=True)
    notes: Mapped[list[Note]] = relationship(
        back_populates="playlist", cascade="all, delete-orphan"
    )


class Note(Base):
    __tablename__ = "notes"
    __audit__ = Audited(owner="playlist.user_id", playlist=("playlist_id", "playlist.name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    playlist_id: Mapped[int] = mapped_column(ForeignKey("playlists.id"))
    title: Mapped[str] = mapped_column(String(255))
    playlist: Mapped[Playlist] = relationship(back_populates="notes")


class World:
    """The models' tables on one engine, watched by a trail of its own."""

    def __init__(self, engine: Engine, spool: Path) -> None:
        self.engine = engine
        self.spool = spool
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(User.__table__.insert(), [{"id": 7}, {"id": 8}])
        self.Session = sessionmaker(engine)
        self.trail = AuditTrail(log=ActivityLog, spool=spool)
        self.trail.watch(self.Session, base=Base)
        self.statements: list[str] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def session(self) -> Session:
        """Return a new watched session."""
        return self.Session()

    def rows(self) -> Sequence[Any]:
        """Return the log's committed rows, in order, read past every session."""
        with self.engine.connect() as connection:
            table = ActivityLog.__table__
            return connection.execute(select(table).order_by(table.c.id)).all()

    def count(self, model: Any) -> int:
        """Return how many rows of a model are committed."""
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(model.__table__)
            return connection.execute(query).scalar_one()

    def said(self) -> list[tuple[str, str | None]]:
        """Return type and entity id of each committed row."""
        return [(row.activity_type, row.entity_id) for row in self.rows()]

    def close(self) -> None:
        """Stop watching."""
        self.trail.unwatch()
