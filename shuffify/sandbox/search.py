"""Search by words and by the field filters of the query language."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .answers import ApiError, limit_argument, offset_argument, page, profile, state
from .music import Album, Artist, Track
from .playlists import reference_shape
from .shapes import Json, album_reference, artist_shape, episode_shape, show_shape, track_shape
from .state import Playlist

bp = Blueprint("search", __name__)
REACH = 1000
"""Offset and limit together: search never shows more."""

_TERM = re.compile(r'(?:(track|artist|album|isrc|year):)?(?:"([^"]*)"|(\S+))')
Terms = list[tuple[str, str]]


@bp.get("/search")
def search() -> Response:
    query = request.args.get("q", "").strip()
    if not query:
        raise ApiError(400, "No search query")
    kinds = [kind for kind in request.args.get("type", "").split(",") if kind]
    if not kinds:
        raise ApiError(400, "Missing parameter type")
    limit = limit_argument(profile().search_default, profile().search_limit)
    offset = offset_argument(REACH - limit)
    terms = [(field, (quoted or plain).casefold()) for field, quoted, plain
             in _TERM.findall(query)]
    answer = {}
    for kind in kinds:
        if kind not in _SEARCHES:
            raise ApiError(400, f"Bad search type field {kind}")
        find, shape = _SEARCHES[kind]
        answer[f"{kind}s"] = page(find(terms)[:REACH], shape, limit=limit, offset=offset)
    return jsonify(answer)


def _matches(terms: Terms, **texts: str) -> bool:
    """Tell whether every term is in its field, or in any when it names none."""
    lowered = {field: text.casefold() for field, text in texts.items()}
    everything = " ".join(lowered.values())
    return all(term in (lowered.get(field, "") if field else everything)
               for field, term in terms)


def _find_tracks(terms: Terms) -> Sequence[Track]:
    return [track for track in state().catalogue.tracks.values() if _matches(
        terms, track=track.name, artist=" ".join(artist.name for artist in track.artists),
        album=track.album.name, isrc=track.isrc, year=track.album.release_date[:4])]


def _find_albums(terms: Terms) -> Sequence[Album]:
    return [album for album in state().catalogue.albums.values() if _matches(
        terms, album=album.name, artist=album.artists[0].name, year=album.release_date[:4])]


def _find_artists(terms: Terms) -> Sequence[Artist]:
    return [artist for artist in state().catalogue.artists.values()
            if _matches(terms, artist=artist.name)]


def _find_shows(terms: Terms) -> Sequence[Any]:
    return [show for show in state().catalogue.shows.values() if _matches(terms, name=show.name)]


def _find_episodes(terms: Terms) -> Sequence[Any]:
    return [episode for episode in state().catalogue.episodes.values()
            if _matches(terms, name=episode.name, show=episode.show.name)]


def _find_playlists(terms: Terms) -> Sequence[Playlist | None]:
    """Find public playlists. The second hit is Spotify's own, which an app gets as null."""
    hits: list[Playlist | None] = [
        playlist for playlist in state().playlists.values() if playlist.public and _matches(
            terms, name=playlist.name, owner=state().users[playlist.owner].display_name)]
    if hits:
        hits.insert(1, None)
    return hits


def _playlist_shape(playlist: Playlist | None) -> Json | None:
    return reference_shape(playlist) if playlist else None


_SEARCHES: dict[str, tuple[Callable[[Terms], Sequence[Any]], Callable[[Any], Json | None]]] = {
    "track": (_find_tracks, track_shape), "album": (_find_albums, album_reference),
    "artist": (_find_artists, artist_shape), "playlist": (_find_playlists, _playlist_shape),
    "show": (_find_shows, show_shape), "episode": (_find_episodes, episode_shape),
}
