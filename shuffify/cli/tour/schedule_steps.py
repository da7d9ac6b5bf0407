"""Schedules and their runs by hand: P12 to P17 and S7 of the trail."""

from typing import Any

from shuffify.cli.tour.acts import failing, growing, send, spare
from shuffify.cli.tour.rows import Facts, Known, KnownKey, Like, Moment, Row
from shuffify.cli.tour.snapshot_rows import saved
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library

BREAKFAST = "twelve"
SHARED = library.PLAYLISTS["shared"]
NAME = library.PLAYLIST_NAMES[BREAKFAST]

_FIELDS: dict[str, Any] = {
    "job_type": "raid_and_shuffle",
    "target_playlist_id": library.PLAYLISTS[BREAKFAST],
    "source_playlist_ids": [SHARED],
    "algorithm_name": "BasicShuffle",
    "algorithm_params": {"keep_first": 0},
    "schedule_type": "interval",
    "schedule_value": "daily",
    "is_enabled": True,
}


def _row(kind: str, sentence: str, **metadata: Any) -> Row:
    return Row(
        f"schedule_{kind}",
        sentence,
        {"schedule_id": Known("schedule"), **metadata},
        playlist=BREAKFAST,
        entity=("schedule", KnownKey("schedule")),
    )


def _toggled(verb: str, *, on: bool) -> Row:
    return _row(
        "toggle", f"{verb} raid and shuffle schedule for '{NAME}'",
        is_enabled=on, changes={"is_enabled": [not on, on]},
    )


def _saved(count: int, snapshot: str) -> Row:
    recipe = Like(r"using Basic \(keep_first 2, seed [0-9]+\)")
    return saved(
        BREAKFAST, count, snapshot, "scheduled_pre_execution", trigger_description=recipe
    )


def _ran(run: str, **metadata: Any) -> dict[str, Any]:
    return {
        "schedule_id": Known("schedule"),
        "execution_id": Known(run),
        "job_type": "raid_and_shuffle",
        "triggered_by": "manual",
        "schedule_enabled": True,
        **metadata,
    }


def _failure(facts: Facts) -> str:
    return f"Manual run of raid and shuffle schedule for '{NAME}' failed: {facts['failure']}"


SCHEDULES = (
    Step(
        "try out a schedule",
        send("POST", "/schedules/create", **_FIELDS, dry_run=True),
    ),
    Step(
        "create the schedule",
        send("POST", "/schedules/create", **_FIELDS),
        [
            _row(
                "create", f"Created raid and shuffle schedule for '{NAME}'",
                job_type="raid_and_shuffle", schedule_value="daily",
                algorithm_name="BasicShuffle", schedule_type="interval", source_count=1,
                is_enabled=True,
                changes={
                    name: [None, value]
                    for name, value in {**_FIELDS, "created_at": Moment()}.items()
                },
            )
        ],
        status=201,
        learns={"schedule": "schedule.id"},
    ),
    Step(
        "delete the source that the schedule needs",
        send("DELETE", "/upstream-sources/{shared source}"),
        status=409,
    ),
    Step(
        "change when the schedule runs, and how",
        send(
            "PUT", "/schedules/{schedule}",
            schedule_type="cron", schedule_value="30 6 * * mon-fri",
            algorithm_params={"keep_first": 2},
        ),
        [
            _row(
                "update",
                f"Updated raid and shuffle schedule for '{NAME}' "
                "(algorithm_params, schedule_type, schedule_value)",
                updated_fields=["algorithm_params", "schedule_type", "schedule_value"],
                changes={
                    "algorithm_params": [{"keep_first": 0}, {"keep_first": 2}],
                    "schedule_type": ["interval", "cron"],
                    "schedule_value": ["daily", Known("cron")],
                },
            )
        ],
        learns={"cron": "schedule.schedule_value"},
    ),
    Step(
        "change nothing about the schedule",
        send("PUT", "/schedules/{schedule}", algorithm_params={"keep_first": 2}),
    ),
    Step(
        "switch the schedule off by an update",
        send("PUT", "/schedules/{schedule}", is_enabled=False),
        [_toggled("Disabled", on=False)],
    ),
    Step(
        "switch the schedule on",
        send("POST", "/schedules/{schedule}/toggle"),
        [_toggled("Enabled", on=True)],
    ),
    Step(
        "run the schedule",
        growing(BREAKFAST, 24, send("POST", "/schedules/{schedule}/run")),
        [
            _saved(12, "run"),
            Row(
                "schedule_run",
                f"Manually ran raid and shuffle schedule for '{NAME}'",
                _ran(
                    "first run", result="success", outcome="success",
                    tracks_added=24, tracks_total=36,
                    changes={
                        "status": ["running", "success"],
                        "completed_at": [None, Moment()],
                        "tracks_added": [0, 24],
                        "tracks_total": [None, 36],
                    },
                ),
                playlist=BREAKFAST,
                entity=("job_execution", KnownKey("first run")),
            ),
        ],
        learns={"first run": "result.execution_id"},
    ),
    Step(
        "run the schedule while Spotify fails",
        failing(
            spare(BREAKFAST, send("POST", "/schedules/{schedule}/run")),
            "error_before", "/v1/playlists/{twelve}/items", method="PUT", status=400,
        ),
        [
            _saved(36, "failed run"),
            Row(
                "schedule_run",
                _failure,
                _ran(
                    "second run", result="failed", outcome="failed",
                    tracks_added=0, tracks_total=None, error=Known("failure"),
                    changes={
                        "status": ["running", "failed"],
                        "completed_at": [None, Moment()],
                        "error_message": [None, Known("failure")],
                    },
                ),
                playlist=BREAKFAST,
                entity=("job_execution", KnownKey("second run")),
            ),
        ],
        status=502,
        learns={"failure": "message"},
    ),
    Step(
        "delete the schedule",
        send("DELETE", "/schedules/{schedule}"),
        [
            _row(
                "delete", f"Deleted raid and shuffle schedule for '{NAME}'",
                job_type="raid_and_shuffle", schedule_value=Known("cron"),
                algorithm_name="BasicShuffle",
                changes={
                    name: [value, None]
                    for name, value in {
                        **_FIELDS,
                        "algorithm_params": {"keep_first": 2},
                        "schedule_type": "cron",
                        "schedule_value": Known("cron"),
                        "created_at": Moment(),
                    }.items()
                },
            )
        ],
    ),
)
