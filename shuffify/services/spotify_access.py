"""A user's way to Spotify, and Spotify's refusals in the words of the services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from shuffify.services.errors import (
    PlaylistAccessError,
    PlaylistChangedError,
    PlaylistNotFoundError,
    PlaylistWriteError,
)
from shuffify.services.settings import spotify_settings
from shuffify.services.token_service import TokenService
from shuffify.services.transaction import end_reads
from shuffify.services.user_service import UserService
from shuffify.spotify import errors as spotify
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.tracks import PlaylistSummary

Progress = Callable[[int, int], None]
"""Told how many calls of a write are done, of how many."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a use case may wait, and how many calls one write may take."""

    lock_wait: float
    patience: float
    calls: int


REQUEST = Limits(lock_wait=5.0, patience=10.0, calls=200)
"""Somebody is waiting for the answer."""

JOB = Limits(lock_wait=60.0, patience=60.0, calls=1000)
"""Nobody is."""

GOING_BACK = replace(REQUEST, calls=JOB.calls)
"""Somebody is, but what a job did to a list must be possible to undo."""


@dataclass(frozen=True, slots=True)
class Access:
    """An open gateway and the Spotify id of its user."""

    gateway: Gateway
    spotify_id: str

    def editable(self, playlist_id: str) -> PlaylistSummary:
        """Return a playlist that the user may change; raise NotEditableError."""
        summary = self.gateway.summary(playlist_id)
        if not summary.editable_by(self.spotify_id):
            raise spotify.NotEditableError
        return summary

    def readable(self, playlist_id: str) -> PlaylistSummary:
        """Return a playlist whose rows the user may read; raise NotReadableError."""
        summary = self.gateway.summary(playlist_id)
        # Spotify leaves the count out exactly where it withholds the items.
        if summary.track_count is None:
            raise spotify.NotReadableError
        return summary


@contextmanager
def spotify_access(user_id: int, limits: Limits = REQUEST) -> Iterator[Access]:
    """Open a gateway for the user; no transaction is open in the block unless it begins one.

    Raises UserNotFoundError, ReconnectRequired; in the block Spotify's errors are translated.
    """
    spotify_id = UserService.get(user_id).spotify_id
    token = TokenService.access_token(user_id)
    end_reads()
    gateway = Gateway(
        spotify_settings(),
        token,
        user_id=spotify_id,
        refresh=lambda refused: TokenService.access_token(user_id, refused=refused),
        patience=limits.patience,
    )
    try:
        with gateway, translated():
            yield Access(gateway, spotify_id)
    except (PlaylistNotFoundError, PlaylistAccessError):
        # Whoever looks at their playlists again must not find the same list there.
        gateway.forget_playlists()
        raise


@contextmanager
def translated(snapshot_id: Callable[[], int | None] = lambda: None) -> Iterator[None]:
    """Turn what Spotify says about a playlist into the errors of the services.

    Whatever is no matter of the playlist (time-outs, limits, a busy lock) passes through.
    """
    try:
        yield
    except spotify.NotFoundError as error:
        raise PlaylistNotFoundError from error
    except spotify.NotEditableError as error:
        raise PlaylistAccessError("not_editable", str(error)) from error
    except spotify.NotReadableError as error:
        raise PlaylistAccessError("not_readable", str(error)) from error
    except spotify.PlaylistChangedError as error:
        raise PlaylistChangedError(error.snapshot_id, str(error)) from error
    except spotify.WriteFailedError as error:
        if error.restored and isinstance(error.cause, spotify.UnknownItemsError):
            # Nothing failed but the request itself, and the list is as it was.
            raise error.cause from error
        raise PlaylistWriteError(
            str(error), restored=error.restored, snapshot_id=snapshot_id()
        ) from error
