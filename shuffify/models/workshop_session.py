"""Workshop sessions: orders of a playlist that a user set aside unfinished."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import Audited, Change
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, Json, utcnow


def _describe(change: Change) -> str:
    name = change.value("session_name")
    if change.operation == "create":
        return f"Saved workshop session '{name}'"
    if change.operation == "delete":
        return f"Deleted workshop session '{name}'"
    if change.changed == {"session_name"}:
        return f"Renamed workshop session '{change.before('session_name')}' to '{name}'"
    return f"Updated workshop session '{name}'"


def _facts(change: Change) -> dict[str, Any]:
    uris = change.value("track_uris")
    facts = {
        "session_name": change.value("session_name"),
        "track_count": None if uris is None else uris["count"],
        "session_id": int(change.entity_id),
    }
    if change.operation != "delete":
        facts["operation"] = change.operation
    return facts


class WorkshopSession(Model):
    """A named list of tracks, kept for one playlist of one user."""

    __tablename__ = "workshop_sessions"
    __table_args__ = (Index(None, "user_id", "playlist_id"), NEVER_REUSE_IDS)
    __audit__ = Audited(
        types={
            "create": "workshop_session_save",
            "update": "workshop_session_save",
            "delete": "workshop_session_delete",
        },
        label="session_name",
        playlist=("playlist_id", "playlist_name"),
        describe=_describe,
        extra=_facts,
        ignore={"playlist_name"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    playlist_id: Mapped[str] = mapped_column(String(255))
    playlist_name: Mapped[str] = mapped_column(String(255))
    session_name: Mapped[str] = mapped_column(String(255))
    track_uris: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
