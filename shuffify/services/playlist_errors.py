"""The errors about playlists, shuffles and snapshots; errors.py prints the whole tree."""

from collections.abc import Sequence

from shuffify.errors import ServiceError
from shuffify.services.refusals import InputError, LimitError, NotFoundError


class PlaylistError(ServiceError):
    """A playlist could not be read or changed."""


class PlaylistNotFoundError(PlaylistError, NotFoundError):
    """Spotify knows no such playlist, or does not show it to this user."""

    noun = "playlist"


class PlaylistAccessError(PlaylistError):
    """The playlist may not be read or changed; `code` is `not_readable` or `not_editable`."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class PlaylistChangedError(PlaylistError):
    """The playlist moved since it was read; `snapshot_id` is its present version."""

    def __init__(self, snapshot_id: str, message: str) -> None:
        self.snapshot_id = snapshot_id
        super().__init__(message)


class PlaylistWriteError(PlaylistError):
    """A write failed at Spotify; `restored` says whether the list stands as before it.

    `snapshot_id` is the id of our own snapshot of the list before the write, if one was taken.
    """

    def __init__(self, message: str, *, restored: bool, snapshot_id: int | None) -> None:
        self.restored = restored
        self.snapshot_id = snapshot_id
        if not restored and snapshot_id is not None:
            message += " Its previous order is kept in a snapshot and can be restored."
        super().__init__(message)


class PlaylistSearchError(PlaylistError, InputError):
    """A link that names no playlist, or nothing to search for."""


class CommitValidationError(PlaylistError, InputError):
    """Rows that no playlist can hold."""


class PlaylistRecordError(PlaylistError):
    """Spotify holds the new order, but our record of it could not be saved."""

    def __init__(self) -> None:
        super().__init__(
            "The playlist has its new order at Spotify, but that could not be recorded here yet. "
            "Undo becomes available once it is."
        )


class ShuffleError(ServiceError):
    """A playlist could not be shuffled."""


class InvalidAlgorithmError(ShuffleError, InputError):
    """No algorithm has this name."""


class ParameterValidationError(ShuffleError, InputError):
    """Parameters do not fit the algorithm."""


class PlaylistSnapshotError(ServiceError):
    """A snapshot could not be read or changed."""


class PlaylistSnapshotNotFoundError(PlaylistSnapshotError, NotFoundError):
    """The user has no such snapshot."""

    noun = "snapshot"


class PlaylistSnapshotLimitError(PlaylistSnapshotError, LimitError):
    """The playlist has all the manual snapshots it may have."""

    noun = "snapshots"
    scope = " of this playlist taken by hand"


class PlaylistSnapshotValidationError(PlaylistSnapshotError, InputError):
    """A snapshot with a description that cannot be kept."""


class UnknownRowsError(PlaylistSnapshotError):
    """Spotify does not know a row of the snapshot any more; the playlist is as it was.

    `unknown_uris` holds that row, or those among which it is: Spotify may not say.
    """

    def __init__(self, refusal: str, unknown_uris: Sequence[str]) -> None:
        self.unknown_uris = [*unknown_uris]
        super().__init__(
            f"{refusal} The playlist is as it was. No restore can bring that row back, but one "
            "that leaves out what Spotify does not know brings back all others "
            "(accept_unknown_loss)."
        )


class NothingToUndoError(PlaylistSnapshotError):
    """No change of this playlist is left to undo."""

    def __init__(self) -> None:
        super().__init__("There is no change of this playlist left to undo.")
