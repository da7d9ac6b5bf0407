"""Finding tracks and playlists that are not the user's, and opening one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shuffify.services.errors import PlaylistSearchError
from shuffify.services.playlist_view import PlaylistView
from shuffify.services.spotify_access import Access
from shuffify.spotify.errors import NotFoundError, NotReadableError
from shuffify.spotify.references import playlist_id_from
from shuffify.spotify.tracks import PlaylistSummary

LIMIT = 10
"""Results that Spotify gives a development app at once."""


@dataclass(frozen=True, slots=True)
class FoundPlaylist:
    """A playlist among the results of a search."""

    summary: PlaylistSummary
    readable: bool

    def to_dict(self) -> dict[str, object]:
        """Serialise for JSON answers."""
        return {
            "id": self.summary.id,
            "name": self.summary.name,
            "owner_display_name": self.summary.owner_name,
            "owner_id": self.summary.owner_id,
            "image_url": self.summary.image_url,
            "total_tracks": self.summary.track_count,
            "readable": self.readable,
        }


@dataclass(frozen=True, slots=True)
class ExternalList:
    """What a link or some words led to: a playlist, results to choose from, or a refusal."""

    mode: Literal["tracks", "search", "restricted"]
    playlist: PlaylistView | None = None
    playlists: tuple[FoundPlaylist, ...] = ()
    reason: str | None = None


def checked_query(query: str) -> str:
    """Return the words to search for; raise PlaylistSearchError for none."""
    words = query.strip()
    if not words:
        raise PlaylistSearchError([("query", "must not be empty")])
    return words


def playlist_id_of(url: str) -> str:
    """Return the id that a link names; raise PlaylistSearchError for any other text."""
    playlist_id = playlist_id_from(url)
    if playlist_id is None:
        raise PlaylistSearchError([("url", "is no link or id of a playlist")])
    return playlist_id


def find_playlists(access: Access, query: str) -> tuple[FoundPlaylist, ...]:
    """Search for playlists, and tell which of them can be opened."""
    found = access.gateway.search_playlists(query, limit=LIMIT)
    foreign = [summary for summary in found if not summary.editable_by(access.spotify_id)]
    open_to_all = _are_readable(access, foreign)
    return tuple(FoundPlaylist(each, open_to_all or each not in foreign) for each in found)


def open_playlist(access: Access, playlist_id: str) -> ExternalList:
    """Read a playlist with its rows, or say why Spotify does not show them."""
    try:
        playlist = access.gateway.playlist(playlist_id)
    except NotReadableError as error:
        return ExternalList("restricted", reason=str(error))
    return ExternalList("tracks", PlaylistView.of(playlist, access.spotify_id))


def _are_readable(access: Access, foreign: Sequence[PlaylistSummary]) -> bool:
    # Spotify shows an app all foreign lists or none, but results do not say which: one is tried.
    for summary in foreign[:1]:
        try:
            return access.gateway.summary(summary.id).track_count is not None
        except NotFoundError:
            return False
    return False
