"""What the page of schedules shows, also while Spotify is away."""

from collections.abc import Callable, Iterable
from typing import Any

from shuffify.models.base import iso_utc
from shuffify.models.db import Schedule
from shuffify.services import (
    HealthService,
    SchedulerService,
    ShuffleService,
    UpstreamSourceService,
    UserService,
    UserSettingsService,
)
from shuffify.services.scheduler_service import LIMIT
from shuffify.web import dashboard
from shuffify.web.schedule_words import INTERVALS, JOBS, words


def described(user_id: int, schedule: Schedule) -> dict[str, Any]:
    """Return one schedule, stored or not, in words as well, with its next runs."""
    (entry,) = _entries(user_id, lambda: [schedule])
    return {"schedule": entry, "next_runs": entry.pop("next_runs")}


def listing(user_id: int) -> dict[str, Any]:
    """Return the user's schedules, and what keeps them from running."""
    return {
        "schedules": _entries(user_id, lambda: SchedulerService.list(user_id)),
        "paused": UserService.get(user_id).needs_reconnect,
        "scheduler": HealthService.scheduler(),
    }


def contents(user_id: int) -> dict[str, Any]:
    """Return the page's values: the schedules, and what a new one may be made of."""
    found, problem = dashboard.playlists(user_id)
    settings = UserSettingsService.get_or_create(user_id)
    return {
        **listing(user_id),
        "limit": LIMIT,
        "playlists": found,
        "by_id": {playlist["id"]: playlist for playlist in found},
        "problem": problem,
        "jobs": JOBS,
        "intervals": INTERVALS,
        "algorithms": ShuffleService.list_algorithms(),
        "default_algorithm": settings.default_algorithm,
    }


def _entries(user_id: int, read: Callable[[], Iterable[Schedule]]) -> list[dict[str, Any]]:
    zone = UserSettingsService.get_or_create(user_id).timezone
    names = UpstreamSourceService.names(user_id)
    # Read last: whatever commits after it would have each row read once more.
    return [
        schedule.to_dict() | {"words": words(schedule, zone, names), "next_runs": _next(schedule)}
        for schedule in read()
    ]


def _next(schedule: Schedule) -> list[str]:
    return [iso_utc(due) for due in SchedulerService.next_runs(schedule)]
