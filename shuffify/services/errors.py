"""The errors of the services; their messages are written for users.

    ServiceError
      NotFoundError                   unknown, or another user's: the same answer
      LimitError                      no more rows of this kind
      InputError                      fields that are wrong, all of them at once
      UserServiceError
        UserNotFoundError             (NotFoundError)
        UserNotAllowedError
      UserSettingsError
        UserSettingsValidationError   (InputError)
      LoginHistoryError
      TokenError
        TokenEncryptionError
        ReconnectRequired
        SpotifyNotConfiguredError
      PlaylistError
        PlaylistNotFoundError         (NotFoundError)
        PlaylistAccessError
        PlaylistChangedError
        PlaylistWriteError
        CommitValidationError         (InputError)
        PlaylistRecordError
        PlaylistSearchError           (InputError)
      ShuffleError
        InvalidAlgorithmError         (InputError)
        ParameterValidationError      (InputError)
      PlaylistSnapshotError
        PlaylistSnapshotNotFoundError (NotFoundError)
        PlaylistSnapshotLimitError    (LimitError)
        PlaylistSnapshotValidationError (InputError)
        UnknownRowsError
        NothingToUndoError
      WorkshopSessionError
        WorkshopSessionNotFoundError, WorkshopSessionLimitError, WorkshopSessionValidationError
      UpstreamSourceError
        UpstreamSourceNotFoundError, UpstreamSourceLimitError, UpstreamSourceValidationError
        SourceInUseError
      ScheduleError
        ScheduleNotFoundError, ScheduleLimitError, ScheduleValidationError
        ScheduleRunningError
      JobExecutionError
        SourcesUnreadableError        (PlaylistAccessError)
"""

from collections.abc import Sequence

from shuffify.errors import ServiceError
from shuffify.services.account_errors import (
    LoginHistoryError,
    ReconnectRequired,
    SpotifyNotConfiguredError,
    TokenEncryptionError,
    TokenError,
    UserNotAllowedError,
    UserNotFoundError,
    UserServiceError,
    UserSettingsError,
    UserSettingsValidationError,
)
from shuffify.services.job_errors import JobExecutionError, SourcesUnreadableError
from shuffify.services.playlist_errors import (
    CommitValidationError,
    InvalidAlgorithmError,
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
    ShuffleError,
    UnknownRowsError,
)
from shuffify.services.refusals import InputError, LimitError, NotFoundError

__all__ = [
    "CommitValidationError",
    "InputError",
    "InvalidAlgorithmError",
    "JobExecutionError",
    "LimitError",
    "LoginHistoryError",
    "NotFoundError",
    "NothingToUndoError",
    "ParameterValidationError",
    "PlaylistAccessError",
    "PlaylistChangedError",
    "PlaylistError",
    "PlaylistNotFoundError",
    "PlaylistRecordError",
    "PlaylistSearchError",
    "PlaylistSnapshotError",
    "PlaylistSnapshotLimitError",
    "PlaylistSnapshotNotFoundError",
    "PlaylistSnapshotValidationError",
    "PlaylistWriteError",
    "ReconnectRequired",
    "ScheduleError",
    "ScheduleLimitError",
    "ScheduleNotFoundError",
    "ScheduleRunningError",
    "ScheduleValidationError",
    "ServiceError",
    "ShuffleError",
    "SourceInUseError",
    "SourcesUnreadableError",
    "SpotifyNotConfiguredError",
    "TokenEncryptionError",
    "TokenError",
    "UnknownRowsError",
    "UpstreamSourceError",
    "UpstreamSourceLimitError",
    "UpstreamSourceNotFoundError",
    "UpstreamSourceValidationError",
    "UserNotAllowedError",
    "UserNotFoundError",
    "UserServiceError",
    "UserSettingsError",
    "UserSettingsValidationError",
    "WorkshopSessionError",
    "WorkshopSessionLimitError",
    "WorkshopSessionNotFoundError",
    "WorkshopSessionValidationError",
]


class WorkshopSessionError(ServiceError):
    """A workshop session could not be read or changed."""


class WorkshopSessionNotFoundError(WorkshopSessionError, NotFoundError):
    """The user has no such workshop session."""

    noun = "workshop session"


class WorkshopSessionLimitError(WorkshopSessionError, LimitError):
    """The playlist has all the workshop sessions it may have."""

    noun = "workshop sessions"
    scope = " for this playlist"


class WorkshopSessionValidationError(WorkshopSessionError, InputError):
    """A workshop session with a name or list that cannot be kept."""


class UpstreamSourceError(ServiceError):
    """An upstream source could not be read or changed."""


class UpstreamSourceNotFoundError(UpstreamSourceError, NotFoundError):
    """The user has no such upstream source."""

    noun = "upstream source"


class UpstreamSourceLimitError(UpstreamSourceError, LimitError):
    """The playlist has all the upstream sources it may have."""

    noun = "upstream sources"
    scope = " for this playlist"


class UpstreamSourceValidationError(UpstreamSourceError, InputError):
    """A playlist that cannot be a source of this one."""


class SourceInUseError(UpstreamSourceError):
    """A schedule still raids this source."""

    def __init__(self, source_name: str, schedules: Sequence[str]) -> None:
        self.schedules = tuple(schedules)
        super().__init__(
            f"'{source_name}' is still used by: {', '.join(self.schedules)}. "
            "Remove it from there first."
        )


class ScheduleError(ServiceError):
    """A schedule could not be read or changed."""


class ScheduleNotFoundError(ScheduleError, NotFoundError):
    """The user has no such schedule."""

    noun = "schedule"


class ScheduleLimitError(ScheduleError, LimitError):
    """The user has all the schedules they may have."""

    noun = "schedules"


class ScheduleValidationError(ScheduleError, InputError):
    """A schedule that names something unusable."""


class ScheduleRunningError(ScheduleError):
    """The schedule is running right now."""

    def __init__(self) -> None:
        super().__init__("This schedule is running right now. Try again when it has finished.")
