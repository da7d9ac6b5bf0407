"""What the overhead benchmark writes: one table of tracks, and a log like the app's own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import NotAudited

USER = 1
MOMENT = datetime(2026, 11, 23, 14, 2, 5, 123456)

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """The base that the audited variant watches."""


class User(Base):
    __tablename__ = "users"
    __audit__ = NotAudited("an actor, no subject")

    id: Mapped[int] = mapped_column(primary_key=True)


class Track(Base):
    __tablename__ = "tracks"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    artist: Mapped[str] = mapped_column(String(255))
    position: Mapped[int]
    added_at: Mapped[datetime]


class ActivityLog(Base):
    """The columns and indexes of the app's table."""

    __tablename__ = "activity_log"
    __table_args__ = (
        Index("ix_activity_user_created", "user_id", "created_at"),
        Index("ix_activity_log_entity", "entity_type", "entity_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    activity_type: Mapped[str] = mapped_column(String(50), index=True)
    description: Mapped[str] = mapped_column(String(500))
    playlist_id: Mapped[str | None] = mapped_column(String(255))
    playlist_name: Mapped[str | None] = mapped_column(String(255))
    metadata_json: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(index=True)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    entity_type: Mapped[str | None] = mapped_column(String(50))
    entity_id: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(20))
    request_id: Mapped[str | None] = mapped_column(String(36))


def fields(number: int) -> dict[str, Any]:
    """Return the values of one track."""
    return {
        "user_id": USER,
        "name": f"Track {number}",
        "artist": f"Artist {number % 50}",
        "position": number,
        "added_at": MOMENT,
    }


def finished_row(operation: str, number: int, event_id: str) -> dict[str, Any]:
    """Return the row that the engine would write, made beforehand: the floor's INSERT."""
    at = "2026-11-23T14:02:05.123456+00:00"
    after = {"name": f"Track {number}", "artist": f"Artist {number % 50}", "position": number,
             "added_at": at}
    changes = {
        "create": {name: [None, value] for name, value in after.items()},
        "update": {"position": [number, number + 1]},
        "delete": {name: [value, None] for name, value in after.items()},
    }
    return {
        "user_id": USER,
        "activity_type": f"track_{operation}",
        "description": f"{operation.capitalize()}d track 'Track {number}'",
        "playlist_id": None,
        "playlist_name": None,
        "metadata_json": {"changes": changes[operation]},
        "created_at": datetime.now(),
        "event_id": event_id,
        "entity_type": "track",
        "entity_id": str(number),
        "source": "test",
        "request_id": "5a8f2c1e-benchmark",
    }
