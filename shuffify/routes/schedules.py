"""Schedules: what is to happen to which playlist, and when."""

from flask import Blueprint, Response

from shuffify.enums import JobType
from shuffify.models.db import JobExecution, Schedule
from shuffify.services import JobExecutorService, PlaylistSnapshotService, SchedulerService
from shuffify.web import limits, pages, progress, schedule_page
from shuffify.web.guards import login_required, login_required_page, user_id
from shuffify.web.negotiation import Answer, counted, success, wants_json
from shuffify.web.schemas.base import NoFields
from shuffify.web.schemas.schedules import HistoryQuery, ScheduleCreate, ScheduleUpdate

bp = Blueprint("schedules", __name__, url_prefix="/schedules")


@bp.get("")
@login_required_page
def list_schedules() -> Answer | str:
    """Show the user's schedules, or return them, each with its next runs."""
    if not wants_json():
        return pages.render("schedules.html", **schedule_page.contents(user_id()))
    found = schedule_page.listing(user_id())
    said = f"{counted(len(found['schedules']), 'schedule')} found."
    if found["paused"]:
        said += " Paused: reconnect Spotify to go on."
    return success(said, **found)


@bp.post("/create")
@login_required
def create_schedule() -> Answer:
    """Make a schedule; a dry run only says when it would run."""
    wanted = ScheduleCreate.from_request()
    schedule = SchedulerService.create_schedule(user_id(), **wanted.sent())
    answer = schedule_page.described(user_id(), schedule)
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
    answer = schedule_page.described(user_id(), schedule)
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


def _finished(run: JobExecution, schedule: Schedule) -> Answer:
    name, total = schedule.target_playlist_name, counted(run.tracks_total or 0, "track")
    said = f"'{name}' has {total} now, {run.tracks_added:,} of them new."
    if schedule.job_type == JobType.SHUFFLE:
        said = f"Shuffled '{name}' with its {total}."
    notes = [run.error_message] if run.error_message else []
    if not schedule.is_enabled:
        notes.append("The schedule is switched off: it will not run by itself.")
    undoable = PlaylistSnapshotService.is_undoable(
        schedule.user_id, schedule.target_playlist_id, since=run.started_at
    )
    return success(
        " ".join([said, *notes]),
        undoable=undoable,
        result={
            "execution_id": run.id,
            "status": run.status,
            "tracks_added": run.tracks_added,
            "tracks_total": run.tracks_total,
            "error": run.error_message,
        },
    )
