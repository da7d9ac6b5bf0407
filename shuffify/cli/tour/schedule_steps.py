"""Schedules: P12 to P15 of the trail."""

from typing import Any

from shuffify.cli.tour.acts import send
from shuffify.cli.tour.rows import Known, KnownKey, Moment, Row
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
