"""Schedules: what is to happen to which playlist, and when."""

from typing import Any

from flask import Blueprint, Response

from shuffify.models.base import iso_utc
from shuffify.models.db import JobExecution, Schedule
from shuffify.services import JobExecutorService, SchedulerService, UserService
from shuffify.web import limits, progress
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.base import NoFields
from shuffify.web.schemas.schedules import HistoryQuery, ScheduleCreate, ScheduleUpdate

bp = Blueprint("schedules", __name__, url_prefix="/schedules")


@bp.get("")
@login_required
def list_schedules() -> Answer:
    """Return the user's schedules, each with its next runs."""
    schedules = SchedulerService.list(user_id())
    entries = [schedule.to_dict() | _next_runs(schedule) for schedule in schedules]
    paused = UserService.get(user_id()).needs_reconnect
    said = f"{counted(len(entries), 'schedule')} found."
    if paused:
        said += " Paused: reconnect Spotify to go on."
    return success(said, schedules=entries, paused=paused)


@bp.post("/create")
@login_required
def create_schedule() -> Answer:
    """Make a schedule; a dry run only says when it would run."""
    wanted = ScheduleCreate.from_request()
    schedule = SchedulerService.create_schedule(user_id(), **wanted.sent())
    answer = {"schedule": schedule.to_dict(), **_next_runs(schedule)}
    if wanted.dry_run:
        return success("This schedule would work. Nothing was stored.", category="info", **answer)
    return success(f"Scheduled '{schedule.target_playlist_name}'.", status=201, **answer)


@bp.put("/<row:schedule_id>")
@login_required
def update_schedule(schedule_id: int) -> Answer:
    """Change the named fields of a schedule."""
    wanted = ScheduleUpdate.from_request()
    changes = {name: value for name, value in wanted.sent().items() if name != "dry_run"}
    schedule, changed = SchedulerService.update_schedule(
        user_id(), schedule_id, changes, dry_run=wanted.dry_run
    )
    answer = {"schedule": schedule.to_dict(), **_next_runs(schedule)}
    if wanted.dry_run:
        return success("This schedule would work. Nothing was stored.", category="info", **answer)
    if not changed:
        return success("Nothing had to change.", category="info", **answer)
    return success(f"Updated the schedule of '{schedule.target_playlist_name}'.", **answer)


@bp.delete("/<row:schedule_id>")
@login_required
def delete_schedule(schedule_id: int) -> Answer:
    """Delete a schedule and its history."""
    SchedulerService.delete_schedule(user_id(), schedule_id)
    return success("The schedule was deleted.")


@bp.post("/<row:schedule_id>/toggle")
@login_required
def toggle_schedule(schedule_id: int) -> Answer:
    """Switch a schedule on or off."""
    NoFields.from_request()
    schedule = SchedulerService.toggle_schedule(user_id(), schedule_id)
    state = "on" if schedule.is_enabled else "off"
    message = f"The schedule of '{schedule.target_playlist_name}' is {state}."
    return success(message, schedule=schedule.to_dict())


@bp.post("/<row:schedule_id>/run")
@login_required
@limits.schedule_run
def run_schedule(schedule_id: int) -> Answer | Response:
    """Run a schedule now, also one that is switched off."""
    NoFields.from_request()
    user = user_id()

    def run(report: progress.Report) -> Answer:
        execution = JobExecutorService.execute_now(schedule_id, user, progress=report)
        return _finished(execution, SchedulerService.get(user, schedule_id))

    return progress.respond(run)


@bp.get("/<row:schedule_id>/history")
@login_required
def list_history(schedule_id: int) -> Answer:
    """Return the runs of a schedule, newest first."""
    wanted = HistoryQuery.from_request()
    runs = SchedulerService.history(user_id(), schedule_id, limit=wanted.limit)
    return success(f"{counted(len(runs), 'run')} found.", history=[run.to_dict() for run in runs])


def _next_runs(schedule: Schedule) -> dict[str, Any]:
    return {"next_runs": [iso_utc(due) for due in SchedulerService.next_runs(schedule)]}


def _finished(run: JobExecution, schedule: Schedule) -> Answer:
    total = counted(run.tracks_total or 0, "track")
    said = f"'{schedule.target_playlist_name}' has {total} now, {run.tracks_added:,} of them new."
    notes = [run.error_message] if run.error_message else []
    if not schedule.is_enabled:
        notes.append("The schedule is switched off: it will not run by itself.")
    return success(
        " ".join([said, *notes]),
        result={
            "execution_id": run.id,
            "status": run.status,
            "tracks_added": run.tracks_added,
            "tracks_total": run.tracks_total,
            "error": run.error_message,
        },
    )
