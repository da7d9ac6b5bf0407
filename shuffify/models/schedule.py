"""Schedules: what is done to a playlist, and when."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import Audited, Change, choosing
from shuffify.enums import IntervalValue, JobType, RunStatus, ScheduleType
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, Json, one_of, utcnow

_CREATE_FACTS = ("job_type", "schedule_value", "algorithm_name", "schedule_type", "is_enabled")
_DELETE_FACTS = ("job_type", "schedule_value", "algorithm_name")


def job_words(job_type: str) -> str:
    """Return a job type as it stands in sentences."""
    return job_type.replace("_", " ")


@choosing("schedule_toggle", "schedule_update")
def _update_type(change: Change) -> str:
    return "schedule_toggle" if change.changed == {"is_enabled"} else "schedule_update"


def _describe(change: Change) -> str:
    what = f"{job_words(change.value('job_type'))} schedule"
    where = f"for '{change.value('target_playlist_name')}'"
    if change.operation == "create":
        return f"Created {what} {where}"
    if change.operation == "delete":
        return f"Deleted {what} {where}"
    if change.changed == {"is_enabled"}:
        return f"{'Enabled' if change.after('is_enabled') else 'Disabled'} {what} {where}"
    return f"Updated {what} {where} ({', '.join(sorted(change.changed))})"


def _facts(change: Change) -> dict[str, Any]:
    facts: dict[str, Any] = {"schedule_id": int(change.entity_id)}
    if change.operation == "create":
        sources = change.value("source_playlist_ids") or []
        return {**facts, **_columns(change, _CREATE_FACTS), "source_count": len(sources)}
    if change.operation == "delete":
        return {**facts, **_columns(change, _DELETE_FACTS)}
    if change.changed == {"is_enabled"}:
        return {**facts, "is_enabled": change.after("is_enabled")}
    return {**facts, "updated_fields": sorted(change.changed)}


def _columns(change: Change, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: change.value(name) for name in names}


class Schedule(Model):
    """A job on one playlist of one user, repeated by interval or cron."""

    __tablename__ = "schedules"
    __table_args__ = (
        one_of("job_type", JobType),
        one_of("schedule_type", ScheduleType),
        one_of("last_status", RunStatus),
        Index(None, "is_enabled", "next_run_at"),
        Index(None, "user_id", "target_playlist_id"),
        NEVER_REUSE_IDS,
    )
    __audit__ = Audited(
        types={
            "create": "schedule_create",
            "update": _update_type,
            "delete": "schedule_delete",
        },
        label="target_playlist_name",
        playlist=("target_playlist_id", "target_playlist_name"),
        describe=_describe,
        extra=_facts,
        shown={"algorithm_params", "source_playlist_ids"},
        ignore={
            "last_run_at", "last_status", "last_error", "next_run_at", "anchor_at",
            "target_playlist_name",
        },
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    job_type: Mapped[str] = mapped_column(String(20))
    target_playlist_id: Mapped[str] = mapped_column(String(255))
    target_playlist_name: Mapped[str] = mapped_column(String(255))
    source_playlist_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    algorithm_name: Mapped[str | None] = mapped_column(String(64))
    algorithm_params: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    schedule_type: Mapped[str] = mapped_column(String(10), default=ScheduleType.INTERVAL.value)
    schedule_value: Mapped[str] = mapped_column(String(100), default=IntervalValue.DAILY.value)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    anchor_at: Mapped[datetime] = mapped_column(default=utcnow)
    next_run_at: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    last_status: Mapped[str | None] = mapped_column(String(20))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
