"""Runs: each execution of a schedule, by its due time or by hand."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shuffify.audit import Audited, Change, choosing
from shuffify.enums import RunStatus, RunTrigger
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS, at_least, one_of, utcnow
from shuffify.models.schedule import Schedule, job_words

_FINISHED = frozenset({RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.SKIPPED})


@choosing("schedule_run")
def _type_when_finished(change: Change) -> str | None:
    finished = change.after("status") in _FINISHED
    reached = change.operation == "create" or "status" in change.changed
    return "schedule_run" if finished and reached else None


def _describe(change: Change) -> str:
    job = job_words(change.value("schedule.job_type"))
    name = change.playlist_name
    status = change.value("status")
    ending = status
    if change.value("error_message"):
        ending = f"{status}: {change.value('error_message')}"
    if change.value("trigger") == RunTrigger.MANUAL:
        if status == RunStatus.SUCCESS:
            return f"Manually ran {job} schedule for '{name}'"
        return f"Manual run of {job} schedule for '{name}' {ending}"
    if status == RunStatus.SUCCESS:
        return f"Scheduled {job} on '{name}' completed"
    return f"Scheduled {job} on '{name}' {ending}"


def _facts(change: Change) -> dict[str, Any]:
    facts = {
        "schedule_id": change.value("schedule_id"),
        "execution_id": int(change.entity_id),
        "triggered_by": change.value("trigger"),
        "result": change.value("status"),
        "outcome": change.value("status"),
        "tracks_added": change.value("tracks_added"),
        "tracks_total": change.value("tracks_total"),
    }
    if change.value("due_at") is not None:
        facts["due_at"] = change.value("due_at")
    if change.value("error_message") is not None:
        facts["error"] = change.value("error_message")
    return facts


class JobExecution(Model):
    """One run of a schedule; `due_at` is what claims it, manual runs have none."""

    __tablename__ = "job_executions"
    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        one_of("trigger", RunTrigger),
        one_of("status", RunStatus),
        at_least("tracks_added", 0),
        at_least("tracks_total", 0),
        Index(None, "status", "started_at"),
        NEVER_REUSE_IDS,
    )
    __audit__ = Audited(
        types={"create": _type_when_finished, "update": _type_when_finished, "delete": None},
        owner="schedule.user_id",
        playlist=("schedule.target_playlist_id", "schedule.target_playlist_name"),
        describe=_describe,
        extra=(
            {"job_type": "schedule.job_type", "schedule_enabled": "schedule.is_enabled"},
            _facts,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(
        ForeignKey("schedules.id", ondelete="CASCADE"), index=True
    )
    trigger: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    completed_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20), default=RunStatus.RUNNING.value)
    tracks_added: Mapped[int] = mapped_column(default=0)
    tracks_total: Mapped[int | None]
    error_message: Mapped[str | None] = mapped_column(String(1000))

    schedule: Mapped[Schedule] = relationship()
