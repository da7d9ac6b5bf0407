"""The trail itself: one row for each change, kept when everything else goes."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import NotAudited, permanent
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, Json, iso_utc, known_id, utcnow


def new_event_id() -> str:
    """Return a fresh identity for an event."""
    return str(uuid4())


@permanent
class ActivityLog(Model):
    """One thing that happened; nothing references it, nothing changes it afterwards."""

    __tablename__ = "activity_log"
    __table_args__ = (
        UniqueConstraint("event_id"),
        Index("ix_activity_user_created", "user_id", "created_at"),
        # Without it, a page of one type sorts all rows of the type on SQLite.
        Index("ix_activity_type_created", "activity_type", "created_at"),
        Index(None, "entity_type", "entity_id"),
        NEVER_REUSE_IDS,
    )
    __audit__ = NotAudited("it is the trail")

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    activity_type: Mapped[str] = mapped_column(String(50), index=True)
    description: Mapped[str] = mapped_column(String(500))
    playlist_id: Mapped[str | None] = mapped_column(String(255))
    playlist_name: Mapped[str | None] = mapped_column(String(255))
    metadata_json: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
    event_id: Mapped[str] = mapped_column(String(36), default=new_event_id)
    entity_type: Mapped[str | None] = mapped_column(String(50))
    entity_id: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(20))
    request_id: Mapped[str | None] = mapped_column(String(36))

    def to_dict(self, without: Any = ()) -> dict[str, Any]:
        """Return the row as JSON-ready values; `metadata_json` is called `metadata`."""
        return {key: value for key, value in as_dict(self).items() if key not in without}

    def __repr__(self) -> str:
        known = self.__dict__
        kind, user_id = known.get("activity_type"), known.get("user_id")
        return f"<ActivityLog {known_id(self)} {kind} user={user_id}>"


def as_dict(row: Any) -> dict[str, Any]:
    """Return a row as JSON-ready values, be it an object or what a Core SELECT gives."""
    at = row.created_at
    return {
        "id": row.id,
        "user_id": row.user_id,
        "activity_type": row.activity_type,
        "description": row.description,
        "playlist_id": row.playlist_id,
        "playlist_name": row.playlist_name,
        "metadata": row.metadata_json,
        "created_at": iso_utc(at) if isinstance(at, datetime) else at,
        "event_id": row.event_id,
        "entity_type": row.entity_type,
        "entity_id": row.entity_id,
        "source": row.source,
        "request_id": row.request_id,
    }
