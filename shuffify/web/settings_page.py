"""What the page of settings shows: the settings, what hangs on them, and the open logins."""

from typing import Any

from shuffify.models.base import iso_utc
from shuffify.services import (
    LoginHistoryService,
    SchedulerService,
    ShuffleService,
    UserSettingsService,
)
from shuffify.timing import zone_names
from shuffify.web.devices import device
from shuffify.web.schedule_words import follows_the_clock, when


def contents(user_id: int, sid: str) -> dict[str, Any]:
    """Return the settings with what they may be set to, and the logins that are open."""
    settings = UserSettingsService.get_or_create(user_id).to_dict()
    return {
        "settings": settings,
        "algorithms": ShuffleService.list_algorithms(),
        "timezones": sorted(zone_names()),
        "clocked": _clocked(user_id, settings["timezone"]),
        "logins": _logins(user_id, sid),
    }


def _clocked(user_id: int, zone: str) -> list[dict[str, str]]:
    """Describe the schedules whose runs another time zone moves."""
    return [
        {"name": schedule.target_playlist_name, "when": when(schedule, zone)}
        for schedule in SchedulerService.list(user_id)
        if follows_the_clock(schedule)
    ]


def _logins(user_id: int, sid: str) -> list[dict[str, Any]]:
    return [
        {
            "device": device(login.user_agent),
            "ip_address": login.ip_address,
            "logged_in_at": iso_utc(login.logged_in_at),
            "is_current": LoginHistoryService.is_of(login, sid),
        }
        for login in LoginHistoryService.list_open(user_id)
    ]
