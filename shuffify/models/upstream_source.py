"""Upstream sources: playlists that another playlist may be raided from."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import Audited, Change
from shuffify.enums import SourceType
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, one_of, utcnow


def _describe(change: Change) -> str:
    source = change.value("source_name")
    target = change.value("target_playlist_name")
    if change.operation == "delete":
        return f"Removed upstream source '{source}' from '{target}'"
    return f"Added upstream source '{source}' to '{target}'"


def _facts(change: Change) -> dict[str, Any]:
    columns = ("source_playlist_id", "source_type", "source_name")
    return {
        **{column: change.value(column) for column in columns},
        "source_id": int(change.entity_id),
    }


class UpstreamSource(Model):
    """A playlist registered as a source of one of the user's playlists."""

    __tablename__ = "upstream_sources"
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "target_playlist_id",
            "source_playlist_id",
            # The convention's name would pass the 63 characters of PostgreSQL.
            name="uq_upstream_sources_target_source",
        ),
        one_of("source_type", SourceType),
        NEVER_REUSE_IDS,
    )
    __audit__ = Audited(
        # Only refreshed names are ever updated, and those are nobody's act.
        types={
            "create": "upstream_source_add",
            "update": None,
            "delete": "upstream_source_delete",
        },
        label="source_name",
        playlist=("target_playlist_id", "target_playlist_name"),
        describe=_describe,
        extra=_facts,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    target_playlist_id: Mapped[str] = mapped_column(String(255))
    target_playlist_name: Mapped[str] = mapped_column(String(255))
    source_playlist_id: Mapped[str] = mapped_column(String(255))
    source_name: Mapped[str] = mapped_column(String(255))
    source_type: Mapped[str] = mapped_column(String(20))
    source_url: Mapped[str | None] = mapped_column(String(1024))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
