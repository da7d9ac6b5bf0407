"""A year of due times through the claims, in zones whose clocks change.

The schedules name an algorithm that does not exist, so that their runs end before Spotify is
called: what is looked at is when they run, and how often.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from freezegun import freeze_time
import pytest

from shuffify.jobs import runner
from shuffify.models.db import JobExecution
from shuffify.timing import next_run
from tests.jobs.conftest import Table

YEAR = 2026
NONE = "NoSuchShuffle"
on_sqlite = pytest.mark.parametrize("app_database_url", ["sqlite"], indirect=True)


def utc(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def wall(moment: datetime, zone: str) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def first_of_year(kind: dict[str, str], anchor: datetime, zone: str) -> datetime:
    before = utc(datetime(YEAR, 1, 1), zone) - timedelta(seconds=1)
    found = next_run(kind["schedule_type"], kind["schedule_value"], anchor, zone, before)
    assert found is not None
    return found


def days(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def live_through(app: Flask, end: datetime) -> None:
    """Let the clock stand at each due time in turn and run what is due then, twice over."""
    planned = runner.planned(app) or {}
    with freeze_time(min(planned.values())) as clock:
        while min(planned.values()) < end:
            clock.move_to(min(planned.values()))
            for schedule_id, due_at in planned.items():
                if due_at == min(planned.values()):
                    runner.run_due(app, schedule_id)
                    runner.run_due(app, schedule_id)
            planned = runner.planned(app) or {}


def walls(runs: list[JobExecution], schedule_id: int, zone: str) -> list[datetime]:
    due = [run.due_at for run in runs if run.schedule_id == schedule_id]
    return [wall(moment, zone) for moment in due if moment is not None]


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize(
    ("zone", "timing"),
    [
        ("Europe/Berlin", {"schedule_type": "cron", "schedule_value": "15 2 * * *"}),
        ("America/New_York", {"schedule_type": "interval", "schedule_value": "daily"}),
        ("Australia/Lord_Howe", {"schedule_type": "cron", "schedule_value": "15 2 * * *"}),
    ],
)
def test_no_wall_time_of_a_year_runs_twice_and_none_is_lost(
    app: Flask, table: Table, zone: str, timing: dict[str, str]
) -> None:
    table.set_zone(zone)
    # 02:15 lies in the hours that change in all three zones.
    anchor = utc(datetime(YEAR - 1, 12, 31, 2, 15), zone)
    sunday = {"schedule_type": "cron", "schedule_value": "0 12 * * 0"}
    nightly, weekly = (
        table.add(
            first_of_year(kind, anchor, zone), anchor_at=anchor, algorithm_name=NONE, **kind
        )
        for kind in (timing, sunday)
    )

    live_through(app, utc(datetime(YEAR + 1, 1, 1), zone))

    runs = table.runs
    assert {run.status for run in runs} == {"failed"}
    nights = walls(runs, nightly, zone)
    assert [moment.date() for moment in nights] == [*days(YEAR)]
    odd = [f"{moment:%H:%M}" for moment in nights if f"{moment:%H:%M}" != "02:15"]
    # The day that has no quarter past two: as soon as its gap is over.
    assert odd == ["02:30" if zone == "Australia/Lord_Howe" else "03:00"]
    assert walls(runs, weekly, zone) == [
        datetime(YEAR, day.month, day.day, 12) for day in days(YEAR) if day.isoweekday() == 7
    ]


@on_sqlite
def test_hours_that_elapse_take_no_notice_of_clocks(app: Flask, table: Table) -> None:
    table.set_zone("Europe/Berlin")
    anchor = datetime(YEAR, 10, 24, 0, 30)
    every = table.add(
        anchor + timedelta(hours=6),
        anchor_at=anchor,
        schedule_value="every_6h",
        algorithm_name=NONE,
    )

    live_through(app, anchor + timedelta(days=2))

    assert [run.due_at for run in table.runs if run.schedule_id == every] == [
        anchor + timedelta(hours=6 * number) for number in range(1, 8)
    ]
