"""The Web API, behind typed calls; the only importer of spotipy."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from spotipy import Spotify, SpotifyException

from shuffify.spotify.errors import (
    NotFoundError,
    PlaylistChangedError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
    UnavailableError,
    UnsupportedItemError,
)
from shuffify.spotify.listing import LISTINGS
from shuffify.spotify.references import is_playlist_id, is_writable
from shuffify.spotify.settings import SpotifySettings
from shuffify.spotify.shapes import (
    SUMMARY_FIELDS,
    playlist_from,
    profile_from,
    row_from,
    summary_from,
    track_from,
)
from shuffify.spotify.tracks import Playlist, PlaylistSummary, Profile, Track
from shuffify.spotify.transport import (
    TRIES,
    check_answer,
    failures_translated,
    open_session,
    pause_after,
)

T = TypeVar("T")

PAGE = 50
STEADY_READS = 3
"""How often a list that keeps moving is read before giving up."""

# at DEBUG spotipy logs the Authorization header
logging.getLogger("spotipy").setLevel(logging.INFO)


class Gateway:
    """One user's access for one request or job; not to be shared between threads.

    `refresh` is called with the access token that was refused and returns a new one. A
    Retry-After is waited out up to `patience` seconds for each call. Reads are tried again
    after a failure; writes never are, and UnavailableError leaves open whether they happened.
    """

    def __init__(
        self,
        settings: SpotifySettings,
        access_token: str,
        *,
        user_id: str,
        refresh: Callable[[str], str] | None = None,
        patience: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = settings.api_url.rstrip("/")
        self._user_id = user_id
        self._access_token = access_token
        self._refresh = refresh
        self._patience = patience
        self._sleep = sleep
        self._session = open_session(self._url)
        self._session.hooks["response"].append(check_answer)
        self._api = Spotify(
            auth=access_token,
            requests_session=self._session,
            requests_timeout=settings.timeout,
        )
        self._api.prefix = f"{self._url}/v1/"

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def profile(self) -> Profile:
        """Read who the access token belongs to."""
        return self._ask(self._api.current_user, profile_from)

    def playlists(self, *, fresh: bool = False) -> tuple[PlaylistSummary, ...]:
        """List owned and followed playlists; up to a minute old unless `fresh`."""
        known = None if fresh else LISTINGS.get(self._url, self._user_id)
        if known is None:
            found, _ = self._pages(
                self._api.current_user_playlists, lambda raw: summary_from(raw) if raw else None
            )
            known = tuple(summary for summary in found if summary)
            LISTINGS.put(self._url, self._user_id, known)
        return known

    def forget_playlists(self) -> None:
        """List them anew next time: what is remembered is known to be wrong."""
        LISTINGS.drop(self._url, self._user_id)

    def summary(self, playlist_id: str) -> PlaylistSummary:
        """Read a playlist without its rows."""
        return self._ask(self._metadata(playlist_id, SUMMARY_FIELDS), summary_from)

    def snapshot_id(self, playlist_id: str) -> str:
        """Read the present version of a playlist, cheaply."""
        read = self._metadata(playlist_id, "snapshot_id")
        return self._ask(read, lambda raw: str(raw["snapshot_id"]))

    def playlist(self, playlist_id: str) -> Playlist:
        """Read a playlist with every row, all of one version."""
        items = partial(self._api.playlist_items, _playlist_uri(playlist_id))
        for _ in range(STEADY_READS):
            summary = self.summary(playlist_id)
            tracks, total = self._pages(items, row_from)
            version = self.snapshot_id(playlist_id)
            # the totals betray pages that lag behind the version that stands above them
            if (version, total) == (summary.snapshot_id, summary.track_count):
                return playlist_from(summary, tracks)
        raise PlaylistChangedError(version)

    def search_tracks(self, query: str, *, limit: int = 10, offset: int = 0) -> tuple[Track, ...]:
        """Search the catalogue; `limit` is 10 at most."""
        search = partial(self._api.search, query, limit, offset, "track")
        return self._ask(search, lambda raw: _found(raw["tracks"], track_from))

    def search_playlists(self, query: str, *, limit: int = 10) -> tuple[PlaylistSummary, ...]:
        """Search other people's playlists; `limit` is 10 at most."""
        search = partial(self._api.search, query, limit, 0, "playlist")
        return self._ask(search, lambda raw: _found(raw["playlists"], summary_from))

    def replace(self, playlist_id: str, uris: Sequence[str]) -> None:
        """Make these the only rows, 100 at most; none clears the list."""
        uri, rows = _playlist_uri(playlist_id), _writable(uris)
        self._tell(partial(self._api.playlist_replace_items, uri, rows))

    def remove(self, playlist_id: str, uris: Sequence[str]) -> None:
        """Remove all occurrences of these, 100 at most."""
        uri, rows = _playlist_uri(playlist_id), _writable(uris)
        self._tell(partial(self._api.playlist_remove_all_occurrences_of_items, uri, rows))

    def add(self, playlist_id: str, uris: Sequence[str], position: int | None = None) -> None:
        """Insert rows, 100 at most, at the end or a position."""
        uri, rows = _playlist_uri(playlist_id), _writable(uris)
        self._tell(partial(self._api.playlist_add_items, uri, rows, position))

    def reorder(
        self, playlist_id: str, *, range_start: int, insert_before: int, range_length: int
    ) -> None:
        """Move a range before a position of the list as it is."""
        move = partial(self._api.playlist_reorder_items, _playlist_uri(playlist_id))
        self._tell(partial(move, range_start, insert_before, range_length))

    def _metadata(self, playlist_id: str, fields: str) -> Callable[[], Any]:
        return partial(self._api.playlist, _playlist_uri(playlist_id), fields=fields)

    def _pages(
        self, read: Callable[..., Any], understand: Callable[[Any], T]
    ) -> tuple[list[T], int]:
        """Page by offset: a link in an answer would be sent the access token wherever it leads."""
        found: list[T] = []
        while True:
            page = partial(read, limit=PAGE, offset=len(found))
            items, total = self._ask(page, lambda raw: _page(raw, understand))
            found += items
            if not items or len(found) >= total:
                return found, total

    def _ask(self, read: Callable[[], Any], understand: Callable[[Any], T]) -> T:
        return self._persist(lambda: _understood(read(), understand), tries=TRIES)

    def _tell(self, write: Callable[[], object]) -> None:
        # an empty or broken body of a successful write is a success: nothing in it is needed
        try:
            self._persist(write, tries=1)
        finally:
            self.forget_playlists()

    def _persist(self, call: Callable[[], T], *, tries: int) -> T:
        failures, waited, renewed = 0, 0.0, False
        while True:
            try:
                with failures_translated():
                    return call()
            except SpotifyException as error:
                raise RequestRefusedError(error.http_status, error.msg) from error
            except SignInNeededError:
                if renewed or self._refresh is None:
                    raise
                renewed = True
                self._access_token = self._refresh(self._access_token)
                self._api.set_auth(self._access_token)
            except RateLimitedError as error:
                waited += error.retry_after
                if waited > self._patience:
                    raise
                self._sleep(error.retry_after)
            except UnavailableError:
                failures += 1
                if failures >= tries:
                    raise
                self._sleep(pause_after(failures))


def _understood(raw: Any, understand: Callable[[Any], T]) -> T:
    try:
        return understand(raw)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnavailableError("the answer was not understood") from error


def _page(raw: Any, understand: Callable[[Any], T]) -> tuple[list[T], int]:
    return [understand(item) for item in raw["items"]], int(raw["total"])


def _found(paging: Any, understand: Callable[[Any], T]) -> tuple[T, ...]:
    return tuple(understand(raw) for raw in paging["items"] if raw)


def _playlist_uri(playlist_id: str) -> str:
    if not is_playlist_id(playlist_id):
        raise NotFoundError
    return f"spotify:playlist:{playlist_id}"


def _writable(uris: Sequence[str]) -> list[str]:
    for uri in uris:
        if not is_writable(uri):
            raise UnsupportedItemError(uri)
    return list(uris)
