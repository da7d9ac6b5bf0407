"""The database object and every model, in one place to import from."""

from shuffify.extensions import db
from shuffify.models.activity_log import ActivityLog
from shuffify.models.activity_seal import ActivitySeal
from shuffify.models.job_execution import JobExecution
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.models.schedule import Schedule
from shuffify.models.scheduler_state import SchedulerState
from shuffify.models.upstream_source import UpstreamSource
from shuffify.models.user import LoginHistory, User, UserSettings
from shuffify.models.workshop_session import WorkshopSession

__all__ = [
    "ActivityLog",
    "ActivitySeal",
    "JobExecution",
    "LoginHistory",
    "PlaylistSnapshot",
    "Schedule",
    "SchedulerState",
    "UpstreamSource",
    "User",
    "UserSettings",
    "WorkshopSession",
    "db",
]
