"""Use cases: each checks its owner, does one thing and commits once.

Nothing here knows of requests: plain arguments come in, rows and frozen results go out, and
errors whose messages are written for users.
"""

from shuffify.errors import ServiceError
from shuffify.services.activity_log_service import ActivityLogError, ActivityLogService
from shuffify.services.errors import (
    CommitValidationError,
    InputError,
    InvalidAlgorithmError,
    JobExecutionError,
    LimitError,
    LoginHistoryError,
    NotFoundError,
    NothingToUndoError,
    ParameterValidationError,
    PlaylistAccessError,
    PlaylistChangedError,
    PlaylistError,
    PlaylistNotFoundError,
    PlaylistRecordError,
    PlaylistSearchError,
    PlaylistSnapshotError,
    PlaylistSnapshotLimitError,
    PlaylistSnapshotNotFoundError,
    PlaylistSnapshotValidationError,
    PlaylistWriteError,
    ReconnectRequired,
    ScheduleError,
    ScheduleLimitError,
    ScheduleNotFoundError,
    ScheduleRunningError,
    ScheduleValidationError,
    ShuffleError,
    SourceInUseError,
    SourcesUnreadableError,
    SpotifyNotConfiguredError,
    TokenEncryptionError,
    TokenError,
    UnknownRowsError,
    UpstreamSourceError,
    UpstreamSourceLimitError,
    UpstreamSourceNotFoundError,
    UpstreamSourceValidationError,
    UserNotAllowedError,
    UserNotFoundError,
    UserServiceError,
    UserSettingsError,
    UserSettingsValidationError,
    WorkshopSessionError,
    WorkshopSessionLimitError,
    WorkshopSessionNotFoundError,
    WorkshopSessionValidationError,
)
from shuffify.services.diagnosis import CHECKS, Finding, State
from shuffify.services.health_service import HealthService
from shuffify.services.job_executor_service import JobExecutorService
from shuffify.services.key_rotation import KeyRotation
from shuffify.services.login_history_service import LoginHistoryService
from shuffify.services.playlist_search import ExternalList, FoundPlaylist
from shuffify.services.playlist_service import CommitResult, PlaylistService
from shuffify.services.playlist_snapshot_service import PlaylistSnapshotService
from shuffify.services.playlist_view import PlaylistCard, PlaylistView
from shuffify.services.scheduler_service import SchedulerService
from shuffify.services.settings import spotify_settings
from shuffify.services.shuffle_service import ShuffleResult, ShuffleService
from shuffify.services.spotify_access import JOB, REQUEST, Limits
from shuffify.services.token_service import TokenService
from shuffify.services.undo import RestoreResult, SnapshotDiff, UndoResult
from shuffify.services.upstream_source_service import UpstreamSourceService
from shuffify.services.user_service import UserService
from shuffify.services.user_settings_service import UserSettingsService
from shuffify.services.workshop_session_service import WorkshopSessionService

__all__ = [
    "ActivityLogError",
    "ActivityLogService",
    "CHECKS",
    "CommitResult",
    "CommitValidationError",
    "ExternalList",
    "Finding",
    "FoundPlaylist",
    "HealthService",
    "InputError",
    "InvalidAlgorithmError",
    "JOB",
    "JobExecutionError",
    "JobExecutorService",
    "KeyRotation",
    "LimitError",
    "Limits",
    "LoginHistoryError",
    "LoginHistoryService",
    "NotFoundError",
    "NothingToUndoError",
    "ParameterValidationError",
    "PlaylistAccessError",
    "PlaylistCard",
    "PlaylistChangedError",
    "PlaylistError",
    "PlaylistNotFoundError",
    "PlaylistRecordError",
    "PlaylistSearchError",
    "PlaylistService",
    "PlaylistSnapshotError",
    "PlaylistSnapshotLimitError",
    "PlaylistSnapshotNotFoundError",
    "PlaylistSnapshotService",
    "PlaylistSnapshotValidationError",
    "PlaylistView",
    "PlaylistWriteError",
    "REQUEST",
    "ReconnectRequired",
    "RestoreResult",
    "ScheduleError",
    "ScheduleLimitError",
    "ScheduleNotFoundError",
    "ScheduleRunningError",
    "ScheduleValidationError",
    "SchedulerService",
    "ServiceError",
    "ShuffleError",
    "ShuffleResult",
    "ShuffleService",
    "SnapshotDiff",
    "SourceInUseError",
    "SourcesUnreadableError",
    "SpotifyNotConfiguredError",
    "State",
    "TokenEncryptionError",
    "TokenError",
    "TokenService",
    "UndoResult",
    "UnknownRowsError",
    "UpstreamSourceError",
    "UpstreamSourceLimitError",
    "UpstreamSourceNotFoundError",
    "UpstreamSourceService",
    "UpstreamSourceValidationError",
    "UserNotAllowedError",
    "UserNotFoundError",
    "UserService",
    "UserServiceError",
    "UserSettingsError",
    "UserSettingsService",
    "UserSettingsValidationError",
    "WorkshopSessionError",
    "WorkshopSessionLimitError",
    "WorkshopSessionNotFoundError",
    "WorkshopSessionService",
    "WorkshopSessionValidationError",
    "spotify_settings",
]
