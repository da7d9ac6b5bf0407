"""Snapshots: our copies of a playlist's order, taken by hand or before a write."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import Audited, Change, choosing
from shuffify.enums import SnapshotType, WriteState
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, Json, at_least, one_of, utcnow

_OCCASIONS = {
    SnapshotType.AUTO_PRE_SHUFFLE: "shuffle",
    SnapshotType.AUTO_PRE_COMMIT: "workshop commit",
    SnapshotType.AUTO_PRE_RESTORE: "restore",
    SnapshotType.AUTO_PRE_RAID: "raid",
    SnapshotType.SCHEDULED_PRE_EXECUTION: "scheduled shuffle",
}


@choosing("snapshot_restore")
def _update_type(change: Change) -> str | None:
    restored = "restored_at" in change.changed and change.after("restored_at") is not None
    return "snapshot_restore" if restored else None


def _is_undo(change: Change) -> bool:
    # A restore of a snapshot that was undone earlier leaves undone_at as it is.
    return "undone_at" in change.changed and change.after("undone_at") is not None


def _taken_at(change: Change) -> str:
    moment = datetime.fromisoformat(change.value("created_at"))
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _describe(change: Change) -> str:
    name = change.value("playlist_name")
    if change.operation == "create":
        return _describe_new(name, change.value("snapshot_type"), change.value("track_count"))
    if change.operation == "delete":
        verb = "Removed old" if change.reason == "retention" else "Deleted"
        return f"{verb} snapshot of '{name}' from {_taken_at(change)}"
    if _is_undo(change):
        return f"Undid the last change to '{name}'"
    return f"Restored '{name}' to the snapshot of {_taken_at(change)}"


def _describe_new(name: str, snapshot_type: str, track_count: int) -> str:
    if snapshot_type == SnapshotType.MANUAL:
        tracks = "1 track" if track_count == 1 else f"{track_count} tracks"
        return f"Created snapshot of '{name}' ({tracks})"
    return f"Saved '{name}' before {_OCCASIONS[SnapshotType(snapshot_type)]}"


def _facts(change: Change) -> dict[str, Any]:
    facts = {
        "snapshot_id": int(change.entity_id),
        "snapshot_type": change.value("snapshot_type"),
        "track_count": change.value("track_count"),
    }
    if change.operation == "update":
        return {**facts, "taken_at": change.value("created_at"), "undo": _is_undo(change)}
    if change.operation == "delete":
        facts["taken_at"] = change.value("created_at")
    return {**facts, "automatic": change.value("snapshot_type") != SnapshotType.MANUAL}


class PlaylistSnapshot(Model):
    """The order of one playlist at one time; automatic ones are also the steps of undo."""

    __tablename__ = "playlist_snapshots"
    __table_args__ = (
        at_least("track_count", 0),
        one_of("snapshot_type", SnapshotType),
        one_of("write_state", WriteState),
        Index(None, "user_id", "playlist_id", "created_at"),
        Index(
            None,
            "write_state",
            sqlite_where=text("write_state = 'pending'"),
            postgresql_where=text("write_state = 'pending'"),
        ),
        NEVER_REUSE_IDS,
    )
    __audit__ = Audited(
        types={
            "create": "snapshot_create",
            "update": _update_type,
            "delete": "snapshot_delete",
        },
        label="playlist_name",
        playlist=("playlist_id", "playlist_name"),
        describe=_describe,
        extra=_facts,
        ignore={"playlist_name", "write_state", "write_target", "write_facts"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    playlist_id: Mapped[str] = mapped_column(String(255))
    playlist_name: Mapped[str] = mapped_column(String(255))
    track_uris: Mapped[list[str | None]] = mapped_column(Json)
    track_count: Mapped[int]
    snapshot_type: Mapped[str] = mapped_column(String(30), default=SnapshotType.MANUAL.value)
    trigger_description: Mapped[str | None] = mapped_column(String(500))
    write_state: Mapped[str | None] = mapped_column(String(20))
    write_target: Mapped[str | None] = mapped_column(String(64))
    restores_id: Mapped[int | None] = mapped_column(
        ForeignKey("playlist_snapshots.id", ondelete="SET NULL"), index=True
    )
    restored_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    write_facts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the trail is told of the write, kept for the case that its process dies."""
