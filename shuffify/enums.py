"""The closed vocabularies of the database and the API, as string enums."""

from enum import StrEnum


class ActivityType(StrEnum):
    """What the app's own activity rows can say; types of later models follow default names."""

    SHUFFLE = "shuffle"
    WORKSHOP_COMMIT = "workshop_commit"
    WORKSHOP_SESSION_SAVE = "workshop_session_save"
    WORKSHOP_SESSION_DELETE = "workshop_session_delete"
    UPSTREAM_SOURCE_ADD = "upstream_source_add"
    UPSTREAM_SOURCE_DELETE = "upstream_source_delete"
    SCHEDULE_CREATE = "schedule_create"
    SCHEDULE_UPDATE = "schedule_update"
    SCHEDULE_DELETE = "schedule_delete"
    SCHEDULE_TOGGLE = "schedule_toggle"
    SCHEDULE_RUN = "schedule_run"
    SNAPSHOT_CREATE = "snapshot_create"
    SNAPSHOT_RESTORE = "snapshot_restore"
    SNAPSHOT_DELETE = "snapshot_delete"
    SETTINGS_CHANGE = "settings_change"
    LOGIN = "login"
    LOGOUT = "logout"


EXPLICIT_TYPES = frozenset({
    ActivityType.SHUFFLE, ActivityType.WORKSHOP_COMMIT, ActivityType.LOGIN, ActivityType.LOGOUT,
})
"""Logged by services, for no row changes; all others are derived from what does."""


class JobType(StrEnum):
    """What a schedule does when it is due."""

    RAID = "raid"
    SHUFFLE = "shuffle"
    RAID_AND_SHUFFLE = "raid_and_shuffle"


class ScheduleType(StrEnum):
    """How a schedule's value is read."""

    INTERVAL = "interval"
    CRON = "cron"


class IntervalValue(StrEnum):
    """The intervals that a schedule may name."""

    EVERY_6H = "every_6h"
    EVERY_12H = "every_12h"
    DAILY = "daily"
    EVERY_3D = "every_3d"
    WEEKLY = "weekly"


class SnapshotType(StrEnum):
    """Why a snapshot was taken; all but MANUAL are automatic."""

    AUTO_PRE_SHUFFLE = "auto_pre_shuffle"
    AUTO_PRE_COMMIT = "auto_pre_commit"
    AUTO_PRE_RESTORE = "auto_pre_restore"
    AUTO_PRE_RAID = "auto_pre_raid"
    SCHEDULED_PRE_EXECUTION = "scheduled_pre_execution"
    MANUAL = "manual"


class WriteState(StrEnum):
    """How the write that an automatic snapshot was taken for ended."""

    PENDING = "pending"
    APPLIED = "applied"
    VOID = "void"
    INTERRUPTED = "interrupted"


class RunStatus(StrEnum):
    """Where a run of a schedule stands."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


class RunTrigger(StrEnum):
    """Who started a run."""

    MANUAL = "manual"
    SCHEDULER = "scheduler"


class SourceType(StrEnum):
    """Whose playlist an upstream source is."""

    OWN = "own"
    EXTERNAL = "external"


class Theme(StrEnum):
    """The colour schemes of the pages."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class LoginType(StrEnum):
    """Whether a login was the account's first."""

    OAUTH_INITIAL = "oauth_initial"
    OAUTH_REFRESH = "oauth_refresh"


class LoginEnd(StrEnum):
    """What closed a login."""

    LOGOUT = "logout"
    EVERYWHERE = "everywhere"
    EXPIRED = "expired"
