"""Schedules: what is to happen to which playlist, and when."""

from typing import Any

from flask import Blueprint

from shuffify.models.base import iso_utc
from shuffify.models.db import Schedule
from shuffify.services import SchedulerService
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, counted, success
from shuffify.web.schemas.schedules import HistoryQuery, ScheduleCreate, ScheduleUpdate

bp = Blueprint("schedules", __name__, url_prefix="/schedules")


@bp.get("")
@login_required
def list_schedules() -> Answer:
    """Return the user's schedules, each with its next runs."""
    schedules = SchedulerService.list(user_id())
    entries = [schedule.to_dict() | _next_runs(schedule) for schedule in schedules]
    return success(f"{counted(len(entries), 'schedule')} found.", schedules=entries)


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
    schedule = SchedulerService.toggle_schedule(user_id(), schedule_id)
    state = "on" if schedule.is_enabled else "off"
    message = f"The schedule of '{schedule.target_playlist_name}' is {state}."
    return success(message, schedule=schedule.to_dict())


@bp.get("/<row:schedule_id>/history")
@login_required
def list_history(schedule_id: int) -> Answer:
    """Return the runs of a schedule, newest first."""
    wanted = HistoryQuery.from_request()
    runs = SchedulerService.history(user_id(), schedule_id, limit=wanted.limit)
    return success(f"{counted(len(runs), 'run')} found.", history=[run.to_dict() for run in runs])


def _next_runs(schedule: Schedule) -> dict[str, Any]:
    return {"next_runs": [iso_utc(due) for due in SchedulerService.next_runs(schedule)]}
