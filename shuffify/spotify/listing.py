"""Each user's list of playlists, remembered in this process for a minute."""

import time
from threading import Lock

from shuffify.spotify.tracks import PlaylistSummary

LIFETIME = 60.0
"""Seconds."""


class Listings:
    """Lists by API address and user; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, str], tuple[float, tuple[PlaylistSummary, ...]]] = {}

    def get(self, api_url: str, user_id: str) -> tuple[PlaylistSummary, ...] | None:
        """Return the user's list unless it is too old."""
        now = time.monotonic()
        with self._lock:
            until, listing = self._known.get((api_url, user_id), (now, ()))
        return listing if now < until else None

    def put(self, api_url: str, user_id: str, listing: tuple[PlaylistSummary, ...]) -> None:
        """Remember the user's list and forget those that are too old."""
        now = time.monotonic()
        with self._lock:
            self._known = {key: entry for key, entry in self._known.items() if now < entry[0]}
            self._known[api_url, user_id] = (now + LIFETIME, listing)

    def drop(self, api_url: str, user_id: str) -> None:
        """Forget the user's list, because it has just been changed."""
        with self._lock:
            self._known.pop((api_url, user_id), None)


LISTINGS = Listings()
"""The one of this process."""
