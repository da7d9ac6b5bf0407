"""Schedules in words: what is done, when it is due, and what came of it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from shuffify import cron
from shuffify.algorithms import registry
from shuffify.enums import IntervalValue, JobType, RunStatus, ScheduleType
from shuffify.models.db import Schedule
from shuffify.web.negotiation import counted

JOBS: Final[Mapping[str, tuple[str, str]]] = {
    JobType.SHUFFLE: ("Shuffle", "Gives the playlist a new order."),
    JobType.RAID: ("Raid", "Adds what its sources have and it does not, at its end."),
    JobType.RAID_AND_SHUFFLE: ("Raid and shuffle", "Adds new tracks, then mixes all of them."),
}
"""What a schedule may do, and what that means."""

INTERVALS: Final[Mapping[str, str]] = {
    IntervalValue.EVERY_6H: "Every 6 hours",
    IntervalValue.EVERY_12H: "Every 12 hours",
    IntervalValue.DAILY: "Every day",
    IntervalValue.EVERY_3D: "Every 3 days",
    IntervalValue.WEEKLY: "Every week",
}

OUTCOMES: Final[Mapping[str, str]] = {
    RunStatus.RUNNING: "Running",
    RunStatus.SUCCESS: "Succeeded",
    RunStatus.FAILED: "Failed",
    RunStatus.SKIPPED: "Skipped",
}

_ELAPSED = {IntervalValue.EVERY_6H, IntervalValue.EVERY_12H}
_MOST_TIMES = 3
_MONDAY = date(2024, 1, 1)


def words(schedule: Schedule, zone: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Describe a schedule for people; `names` are those of playlists that may be sources."""
    return {
        "job": _job(schedule),
        "sources": [names.get(source, source) for source in schedule.source_playlist_ids],
        "when": when(schedule, zone),
        "zone": zone,
        "outcome": OUTCOMES.get(schedule.last_status or ""),
    }


def when(schedule: Schedule, zone: str) -> str:
    """Say how often and at what time of day a schedule runs, by the clocks of a zone."""
    value = schedule.schedule_value
    if schedule.schedule_type == ScheduleType.CRON:
        return cron_words(value)
    if value in _ELAPSED:
        return INTERVALS[value]
    local = schedule.anchor_at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    often = f"Every {local:%A}" if value == IntervalValue.WEEKLY else INTERVALS[value]
    return f"{often} at {local:%H:%M}"


def cron_words(text: str) -> str:
    """Say what a cron expression means, or show it where words would be longer."""
    parsed = cron.parse(text)
    days = _days(parsed)
    if days is None or len(parsed.times) > _MOST_TIMES:
        return f"By crontab: {text}"
    return f"{days} at {_listed(f'{time:%H:%M}' for time in parsed.times)}"


def follows_the_clock(schedule: Schedule) -> bool:
    """Tell whether another time zone can move the runs of a schedule.

    Intervals count from a moment that stays; those of days move where summer time differs.
    """
    return schedule.is_enabled and schedule.schedule_value not in _ELAPSED


def _job(schedule: Schedule) -> str:
    raid = f"Raid {counted(len(schedule.source_playlist_ids), 'playlist')}"
    if schedule.job_type == JobType.RAID:
        return raid
    algorithm = registry.ALGORITHMS.get(schedule.algorithm_name or "")
    label = algorithm.label if algorithm else schedule.algorithm_name
    if schedule.job_type == JobType.SHUFFLE:
        return f"Shuffle with {label}"
    return f"{raid}, then shuffle with {label}"


def _days(parsed: cron.Cron) -> str | None:
    """Return the days in words; None where weeks, months and days are mixed."""
    if not _is_whole(parsed.months, 1, 12):
        return None
    every_day, every_weekday = _is_whole(parsed.days, 1, 31), _is_whole(parsed.weekdays, 0, 6)
    if every_day and every_weekday:
        return "Every day"
    if every_day:
        return _weekdays(parsed.weekdays)
    if every_weekday and len(parsed.days) <= _MOST_TIMES:
        return f"Day {_listed(str(day) for day in sorted(parsed.days))} of every month"
    return None


def _is_whole(numbers: Collection[int], low: int, high: int) -> bool:
    return len(numbers) == high - low + 1


def _weekdays(numbers: Collection[int]) -> str:
    # Monday first; crontab's Sunday is 0.
    ordered = sorted((number - 1) % 7 for number in numbers)
    names = [f"{_MONDAY + timedelta(days=number):%A}" for number in ordered]
    if len(names) > 2 and ordered[-1] - ordered[0] == len(names) - 1:
        return f"{names[0]} to {names[-1]}"
    return f"Every {_listed(names)}"


def _listed(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
