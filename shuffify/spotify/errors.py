"""What can go wrong with Spotify; nothing of spotipy or requests leaves this package.

SpotifyError
    SignInNeededError           the access token is refused, also after a refresh
    GrantRefusedError           the accounts service refuses a code or a refresh token
    ClientRefusedError          the accounts service refuses the app's own credentials
    ForbiddenError
        NotEditableError        neither the owner nor collaborative
        NotReadableError        Spotify withholds the items of other people's lists
        MissingScopeError       the consent is too small
        NotRegisteredError      the user is not on the Spotify app's list
    NotFoundError
    RateLimitedError            Spotify asks for more patience than there is
    RequestRefusedError         any other refusal
    UnsupportedItemError        a row that the API cannot add
    UnknownItemsError           rows that Spotify does not know
    UnavailableError            a failure on Spotify's side, or no connection
        SpotifyTimeoutError
    LockBusyError
        PlaylistBusyError       another write is under way
    PlaylistChangedError        the list moved since it was read
    UnwritableRowsError         local files or null rows make the write unsafe or too long
    TooManyRowsError            more rows than a playlist can hold
    WriteFailedError            a write went wrong; says what stands now
"""

from collections.abc import Sequence

from shuffify.errors import ShuffifyError, SpotifyError
from shuffify.spotify.losses import Loss
from shuffify.spotify.tracks import Playlist, Unwritable

__all__ = [
    "ClientRefusedError",
    "ForbiddenError",
    "GrantRefusedError",
    "LockBusyError",
    "MissingScopeError",
    "NotEditableError",
    "NotFoundError",
    "NotReadableError",
    "NotRegisteredError",
    "PlaylistBusyError",
    "PlaylistChangedError",
    "RateLimitedError",
    "RequestRefusedError",
    "SignInNeededError",
    "SpotifyError",
    "SpotifyTimeoutError",
    "TooManyRowsError",
    "UnavailableError",
    "UnknownItemsError",
    "UnsupportedItemError",
    "UnwritableRowsError",
    "WriteFailedError",
]


class SignInNeededError(SpotifyError):
    """The access token is refused, also after a refresh."""

    def __init__(self) -> None:
        super().__init__("Spotify no longer accepts this login. Sign in again.")


class GrantRefusedError(SpotifyError):
    """The accounts service refuses a code or a refresh token (`invalid_grant`)."""

    def __init__(self, description: str) -> None:
        self.description = description
        super().__init__(f"Spotify refused the login ({description}). Connect Spotify again.")


class ClientRefusedError(SpotifyError):
    """The accounts service refuses the app's own credentials: the operator's to mend."""

    def __init__(self, description: str) -> None:
        self.description = description
        super().__init__(
            f"Spotify refused this app ({description}). Check its client id, client secret "
            "and redirect URI."
        )


class ForbiddenError(SpotifyError):
    """Spotify forbids the call."""

    def __init__(self, message: str = "Spotify does not allow this.") -> None:
        super().__init__(message)


class NotEditableError(ForbiddenError):
    """The playlist is neither the user's own nor collaborative."""

    def __init__(self) -> None:
        super().__init__(
            "Only the owner of this playlist may change it. "
            "Copy its tracks into a playlist of your own instead."
        )


class NotReadableError(ForbiddenError):
    """Spotify withholds the items of other people's playlists."""

    def __init__(self) -> None:
        super().__init__(
            "Spotify shows the tracks of this playlist only to its owner and collaborators."
        )


class MissingScopeError(ForbiddenError):
    """The user's consent does not cover the call."""

    def __init__(self) -> None:
        super().__init__("Your consent at Spotify does not cover this. Sign in again.")


class NotRegisteredError(ForbiddenError):
    """The user is not on the list of the Spotify app's users."""

    def __init__(self) -> None:
        super().__init__(
            "Your Spotify account is not registered with this app. "
            "Ask whoever runs it to add you in the Spotify developer dashboard."
        )


class NotFoundError(SpotifyError):
    """Spotify does not know it, or made it itself and shows it to no app."""

    def __init__(self) -> None:
        super().__init__("Spotify does not know this, or shows it to no app.")


class RateLimitedError(SpotifyError):
    """Spotify asks for more patience than there is; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"Spotify is busy. Try again in {retry_after} seconds.")


class RequestRefusedError(SpotifyError):
    """Spotify refuses the request for any other reason."""

    def __init__(self, status: int, description: str) -> None:
        self.status = status
        self.description = description
        super().__init__(f"Spotify refused the request ({description or status}).")


class UnsupportedItemError(SpotifyError):
    """A row that the API cannot add: a local file, or no address of a track or episode."""

    def __init__(self, uri: str | None) -> None:
        self.uri = uri
        super().__init__(f"Spotify cannot add {uri or 'a removed track'} to a playlist.")


class UnknownItemsError(SpotifyError):
    """Spotify refuses rows because it does not know one of them; `uris` holds the suspects."""

    _SHOWN = 3

    def __init__(self, uris: Sequence[str]) -> None:
        self.uris = tuple(uris)
        shown = ", ".join(self.uris[: self._SHOWN])
        more = len(self.uris) - self._SHOWN
        if more > 0:
            shown = f"{shown} and {more:,} more"
        some = "" if len(self.uris) == 1 else "at least one of "
        super().__init__(f"Spotify does not know {some}{shown}, so no playlist can hold it.")


class UnavailableError(SpotifyError):
    """A failure on Spotify's side, or no connection to it."""

    def __init__(self, description: str) -> None:
        self.description = description
        super().__init__(f"Spotify does not answer properly ({description}). Try again later.")


class SpotifyTimeoutError(UnavailableError):
    """Spotify took too long."""

    def __init__(self) -> None:
        super().__init__("it took too long")


class LockBusyError(SpotifyError):
    """A lock is held by somebody else."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("Another change is under way. Try again in a moment.")


class PlaylistBusyError(LockBusyError):
    """Another write to the playlist is under way."""


class PlaylistChangedError(SpotifyError):
    """The list moved since it was read; `snapshot_id` is its present version."""

    def __init__(self, snapshot_id: str) -> None:
        self.snapshot_id = snapshot_id
        super().__init__("The playlist was changed elsewhere in the meantime. Reload it.")


class UnwritableRowsError(SpotifyError):
    """Local files or null rows make the write unsafe, or longer than `limit` calls.

    `missing`, `leaving` and `staying` count the rows of a Loss: what becomes of them when the
    caller lets it happen.
    """

    def __init__(
        self,
        unwritable: Unwritable,
        *,
        loss: Loss | None = None,
        calls: int | None = None,
        limit: int | None = None,
        remedy: str = "Keep more of the first tracks in place, use fewer tracks, or move the "
        "local files to a playlist of their own.",
    ) -> None:
        self.local_files = unwritable.local_files
        self.null_rows = unwritable.null_rows
        self.missing, self.leaving, self.staying = loss.numbers if loss else (0, 0, 0)
        self.calls = calls
        self.limit = limit
        found = f"{_count(self.local_files, 'local file')} and " + _count(
            self.null_rows, "removed track"
        )
        if calls is None:
            super().__init__(
                f"This would drop or need {found}, which no app can add to a playlist. "
                "Keep them, or move them to a playlist of their own."
            )
        else:
            super().__init__(
                f"The playlist holds {found}, so its rows can only be moved one by one: "
                f"{calls:,} calls, and {limit:,} are allowed. {remedy}"
            )


class TooManyRowsError(SpotifyError):
    """More rows than a playlist can hold."""

    def __init__(self, count: int, limit: int) -> None:
        self.count = count
        self.limit = limit
        super().__init__(f"A playlist holds {limit:,} tracks at most, this would be {count:,}.")


class WriteFailedError(SpotifyError):
    """A write went wrong; `restored` says whether the previous list stands again.

    `found` is the list as it was last read, None when it could not be read.
    """

    def __init__(
        self,
        *,
        restored: bool,
        before: Playlist,
        found: Playlist | None,
        calls_done: int,
        calls_total: int,
        cause: ShuffifyError | None,
    ) -> None:
        self.restored = restored
        self.before = before
        self.found = found
        self.calls_done = calls_done
        self.calls_total = calls_total
        self.cause = cause
        super().__init__(f"{self._what_happened()} {self._what_stands()}")

    def _what_happened(self) -> str:
        steps = f"after {self.calls_done} of {self.calls_total} steps"
        return f"Writing the playlist failed {steps}: {self.cause or 'the result differs.'}"

    def _what_stands(self) -> str:
        if self.restored:
            return "The previous order stands again; nothing was lost."
        now = (
            f"now it has {len(self.found.tracks):,}"
            if self.found
            else "what stands now could not be read"
        )
        return f"It had {len(self.before.tracks):,} rows, {now}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
