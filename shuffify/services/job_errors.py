"""The errors of runs."""

from collections.abc import Sequence

from shuffify.errors import ServiceError
from shuffify.services.playlist_errors import PlaylistAccessError


class JobExecutionError(ServiceError):
    """A run of a schedule could not be started or recorded."""


class SourcesUnreadableError(JobExecutionError, PlaylistAccessError):
    """None of the sources of a raid can be read; `notes` says why, one by one."""

    def __init__(self, notes: Sequence[str]) -> None:
        self.notes = tuple(notes)
        super().__init__("not_readable", " ".join(["No source can be read.", *self.notes]))
