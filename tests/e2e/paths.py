"""The paths of the trail: how to come to each, what it is, and what its row must tell."""

from dataclasses import dataclass, replace

from shuffify.cli.tour.steps import STEPS
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library
from tests.e2e.scheduled_steps import (
    DUE_RAID,
    DUE_SHUFFLE,
    FAILED_SHUFFLE,
    REMOVED,
    ROOM_FOR_ONE,
    SHARED,
    schedule,
)

TOUR = {step.name: step for step in STEPS}
NAMES = library.PLAYLIST_NAMES
SNAPSHOT = "snapshot_id snapshot_type track_count automatic"
RESTORED = "undo snapshot_id snapshot_type track_count taken_at"
RUN = (
    "schedule_id result execution_id job_type triggered_by outcome tracks_added tracks_total "
    "schedule_enabled"
)
DUE = "schedule_id job_type tracks_added tracks_total triggered_by execution_id due_at outcome"


@dataclass(frozen=True)
class Path:
    """One line of the table: the steps before, the step itself, and the row that it is about."""

    before: tuple[str | Step, ...]
    act: str | Step
    type: str
    sentence: str
    facts: str
    source: str = "web"

    @property
    def step(self) -> Step:
        return _step(self.act)

    @property
    def arranged(self) -> list[Step]:
        return [_step(step) for step in self.before]


def _step(step: str | Step) -> Step:
    return TOUR[step] if isinstance(step, str) else step


IN = ("log in for the first time",)
READ = (*IN, "read a playlist")
SAVED = (*READ, "read another playlist", "save a workshop session")
EDITED = (*SAVED, "give the session another list")
SOURCED = (*IN, "add a playlist of Jonas as a source")
CREATED = (*SOURCED, "create the schedule")
UPDATED = (*CREATED, "change when the schedule runs, and how")
TAKEN = (*IN, "take a snapshot")
TIRED = replace(
    TOUR["shuffle a playlist"],
    name="shuffle when there is room for one snapshot",
    rows=(*TOUR["shuffle a playlist"].rows, REMOVED),
)
MORNING, SHARED_NAME, BREAKFAST, NIGHT = (
    NAMES[role] for role in ("hundred_twenty", "shared", "twelve", "emoji")
)

PATHS = {
    "P1": Path(
        IN, "log in at work too", "login", "Logged in via Spotify OAuth", "first_login",
    ),
    "P2": Path(
        (*IN, "log in as Jonas"), "log out as Jonas", "logout", "Logged out",
        "everywhere logins_closed",
    ),
    "P3": Path(
        (), "log in for the first time", "login", "Logged in via Spotify OAuth", "first_login",
    ),
    "P4": Path(
        IN, "shuffle a playlist", "shuffle", f"Shuffled '{MORNING}' using Basic",
        "algorithm track_count params seed moved method snapshot_id outcome",
    ),
    "P5": Path(
        (*IN, "shuffle a playlist"), "undo the first shuffle", "snapshot_restore",
        f"Undid the last change to '{MORNING}'", RESTORED,
    ),
    "P6": Path(
        (*READ, "open a playlist in the workshop"), "commit another list", "workshop_commit",
        f"Committed workshop changes to '{NIGHT}'",
        "track_count added removed moved method snapshot_id outcome",
    ),
    "P7": Path(
        READ, "save a workshop session", "workshop_session_save",
        "Saved workshop session 'Draft'", "session_name track_count session_id operation",
    ),
    "P8": Path(
        EDITED, "rename the session", "workshop_session_save",
        "Renamed workshop session 'Draft' to 'For Sunday'",
        "session_name track_count session_id operation changes",
    ),
    "P9": Path(
        (*EDITED, "rename the session"), "delete the session", "workshop_session_delete",
        "Deleted workshop session 'For Sunday'", "session_name track_count session_id",
    ),
    "P10": Path(
        IN, "add a playlist of Jonas as a source", "upstream_source_add",
        f"Added upstream source '{SHARED_NAME}' to '{BREAKFAST}'",
        "source_playlist_id source_type source_name source_id",
    ),
    "P11": Path(
        SOURCED, "delete a source", "upstream_source_delete",
        f"Removed upstream source '{SHARED_NAME}' from '{BREAKFAST}'",
        "source_playlist_id source_type source_name source_id",
    ),
    "P12": Path(
        SOURCED, "create the schedule", "schedule_create",
        f"Created raid and shuffle schedule for '{BREAKFAST}'",
        "schedule_id job_type schedule_value algorithm_name schedule_type source_count "
        "is_enabled",
    ),
    "P13": Path(
        CREATED, "change when the schedule runs, and how", "schedule_update",
        f"Updated raid and shuffle schedule for '{BREAKFAST}' "
        "(algorithm_params, schedule_type, schedule_value)",
        "schedule_id updated_fields changes",
    ),
    "P14": Path(
        (*UPDATED, "run the schedule"), "delete the schedule", "schedule_delete",
        f"Deleted raid and shuffle schedule for '{BREAKFAST}'",
        "schedule_id job_type schedule_value algorithm_name",
    ),
    "P15": Path(
        CREATED, "switch the schedule off by an update", "schedule_toggle",
        f"Disabled raid and shuffle schedule for '{BREAKFAST}'", "schedule_id is_enabled",
    ),
    "P16": Path(
        UPDATED, "run the schedule", "schedule_run",
        f"Manually ran raid and shuffle schedule for '{BREAKFAST}'", RUN,
    ),
    "P17": Path(
        (*UPDATED, "run the schedule"), "run the schedule while Spotify fails", "schedule_run",
        f"Manual run of raid and shuffle schedule for '{BREAKFAST}' failed: ", f"{RUN} error",
    ),
    "P18": Path(
        IN, "take a snapshot", "snapshot_create",
        f"Created snapshot of '{SHARED_NAME}' (24 tracks)", SNAPSHOT,
    ),
    "P19": Path(
        TAKEN, "restore it after somebody has moved a song", "snapshot_restore",
        f"Restored '{SHARED_NAME}' to the snapshot of 20", RESTORED,
    ),
    "P20": Path(
        (*TAKEN, "restore it after somebody has moved a song"), "delete the snapshot",
        "snapshot_delete", f"Deleted snapshot of '{SHARED_NAME}' from 20",
        f"{SNAPSHOT} taken_at",
    ),
    "P21": Path(
        IN, "change two settings", "settings_change", "Changed settings (theme, timezone)",
        "changes",
    ),
    "S1": Path(
        (*IN, schedule("shuffle")), DUE_SHUFFLE, "schedule_run",
        f"Scheduled shuffle on '{MORNING}' completed", DUE, "scheduler",
    ),
    "S2": Path(
        (*IN, schedule("shuffle")), FAILED_SHUFFLE, "schedule_run",
        f"Scheduled shuffle on '{MORNING}' failed: ", f"{DUE} error", "scheduler",
    ),
    "S3": Path(
        IN, "shuffle another with parameters", "snapshot_create",
        f"Saved '{NAMES['japanese']}' before shuffle", SNAPSHOT,
    ),
    "S4": Path(
        (*READ, "open a playlist in the workshop"), "commit another list", "snapshot_create",
        f"Saved '{NIGHT}' before workshop commit", SNAPSHOT,
    ),
    "S5": Path(
        TAKEN, "restore it after somebody has moved a song", "snapshot_create",
        f"Saved '{SHARED_NAME}' before restore", SNAPSHOT,
    ),
    "S6": Path(
        (*IN, schedule("raid", SHARED)), DUE_RAID, "snapshot_create",
        f"Saved '{MORNING}' before raid", SNAPSHOT, "scheduler",
    ),
    "S7": Path(
        UPDATED, "run the schedule", "snapshot_create",
        f"Saved '{BREAKFAST}' before scheduled shuffle", SNAPSHOT,
    ),
    "S8": Path(
        (*IN, ROOM_FOR_ONE), TIRED, "snapshot_delete",
        f"Removed old snapshot of '{MORNING}' from 2026-10-01 12:30 UTC",
        f"{SNAPSHOT} taken_at reason", "retention",
    ),
}
"""All of them, by their numbers in the table."""
