"""Music and people as the Web API writes them, in either generation of field names."""

from functools import lru_cache
from typing import Any

from flask import request

from .answers import profile, state
from .library import User
from .music import Album, Artist, Episode, Item, LocalFile, Show, Track

Json = dict[str, Any]
MARKETS = ["DE", "FR", "GB", "JP", "SE", "US"]
ALBUM_SIZES = (640, 300, 64)


def api_address(path: str) -> str:
    return f"{request.host_url}v1/{path}"


def link(kind: str, identifier: str, uri: str) -> Json:
    """Return the five fields that every reference to something begins with."""
    return {
        "external_urls": {"spotify": f"{request.host_url}open/{kind}/{identifier}"},
        "href": api_address(f"{kind}s/{identifier}"), "id": identifier, "type": kind, "uri": uri,
    }


def images(key: str, sizes: tuple[int, ...]) -> list[Json]:
    return [{"url": f"{request.host_url}covers/{key}/{size}.svg", "height": size, "width": size}
            for size in sizes]


def user_shape(user_id: str) -> Json:
    """Return a user as others see one: without a name, except where the caller adds it."""
    return link("user", user_id, f"spotify:user:{user_id}")


def owner_shape(user: User) -> Json:
    return {**user_shape(user.id), "display_name": user.display_name}


def artist_reference(artist: Artist) -> Json:
    return {**link("artist", artist.id, artist.uri), "name": artist.name}


def artist_shape(artist: Artist) -> Json:
    shape = {**artist_reference(artist), "genres": [], "images": images(artist.id, (320,))}
    if profile().legacy:
        shape |= {"popularity": 40, "followers": {"href": None, "total": 1200}}
    return shape


def album_reference(album: Album) -> Json:
    shape = {
        **link("album", album.id, album.uri), "name": album.name, "album_type": "album",
        "artists": [artist_reference(artist) for artist in album.artists],
        "images": images(album.id, ALBUM_SIZES) if album.has_cover else [],
        "release_date": album.release_date, "release_date_precision": "day",
        "total_tracks": album.total_tracks,
    }
    if profile().legacy:
        shape["available_markets"] = MARKETS
    return shape


def track_reference(track: Track) -> Json:
    """Return a track as its album lists it: without the album."""
    shape = {
        **link("track", track.id, track.uri), "name": track.name,
        "artists": [artist_reference(artist) for artist in track.artists],
        "disc_number": 1, "duration_ms": track.duration_ms, "explicit": track.explicit,
        "is_local": False, "preview_url": None, "track_number": track.track_number,
    }
    if profile().legacy:
        shape["available_markets"] = [] if track.restriction else MARKETS
    return shape


def track_shape(track: Track) -> Json:
    """Return a full track, relinked and marked playable as the request's market has it."""
    market = request.args.get("market")
    substitute = state().catalogue.tracks[track.relinked_to] if track.relinked_to else None
    if substitute and (market or state().assumptions.relink_without_market):
        linked_from = link("track", track.id, track.uri)
        return {**_full_track(substitute, market), "linked_from": linked_from}
    return _full_track(track, market)


def _full_track(track: Track, market: str | None) -> Json:
    shape = {**track_reference(track), "album": album_reference(track.album),
             "external_ids": {"isrc": track.isrc}}
    if profile().legacy:
        shape["popularity"] = track.popularity
    if market:
        shape["is_playable"] = track.restriction is None
        shape.pop("available_markets", None)
        if track.restriction:
            shape["restrictions"] = {"reason": track.restriction}
    return shape


def show_shape(show: Show) -> Json:
    return {**link("show", show.id, show.uri), "name": show.name, "publisher": show.publisher,
            "description": "", "explicit": False, "images": images(show.id, ALBUM_SIZES),
            "languages": ["en"], "media_type": "audio", "total_episodes": 8}


def episode_shape(episode: Episode) -> Json:
    return {
        **link("episode", episode.id, episode.uri), "name": episode.name,
        "audio_preview_url": None, "description": "", "duration_ms": episode.duration_ms,
        "explicit": False, "images": images(episode.id, ALBUM_SIZES), "is_playable": True,
        "languages": ["en"], "release_date": episode.release_date,
        "release_date_precision": "day", "show": show_shape(episode.show),
    }


def episode_as_track(episode: Episode) -> Json:
    """Return the stub that clients get which did not ask for episodes."""
    show = episode.show
    reference = {**link("album", show.id, show.uri), "type": "show", "name": show.name}
    return {
        **link("episode", episode.id, episode.uri), "type": "track", "name": episode.name,
        "album": {**reference, "artists": [], "images": images(show.id, ALBUM_SIZES)},
        "artists": [{**reference, "name": show.publisher}], "disc_number": 0,
        "duration_ms": episode.duration_ms, "episode": True, "explicit": False,
        "external_ids": {}, "is_local": False, "preview_url": None, "track": False,
        "track_number": 0,
    }


def local_file_shape(file: LocalFile) -> Json:
    nothing: Json = {"external_urls": {}, "href": None, "id": None, "uri": None}
    return {
        **nothing, "type": "track", "uri": file.uri, "name": file.title, "is_local": True,
        "album": {**nothing, "type": "album", "name": file.album, "album_type": None,
                  "artists": [], "images": [], "release_date": None,
                  "release_date_precision": None, "total_tracks": 0},
        "artists": [{**nothing, "type": "artist", "name": file.artist}], "disc_number": 0,
        "duration_ms": file.seconds * 1000, "explicit": False, "external_ids": {},
        "preview_url": None, "track_number": 0,
    }


def item_shape(item: Item | None, *, episodes: bool) -> Json | None:
    """Return an item as a list holds it: one value for all who ask alike, not to be changed."""
    return _item_shape(
        item, episodes, request.host_url, request.args.get("market"), profile().name,
        state().assumptions.relink_without_market)


@lru_cache(maxsize=4000)
def _item_shape(item: Item | None, episodes: bool, *asked: object) -> Json | None:
    """Draw an item; `asked` is what else of the request the drawing depends on.

    Kept, because drawing their tracks anew is most of the time that lists take to read.
    """
    match item:
        case Track():
            return track_shape(item)
        case LocalFile():
            return local_file_shape(item)
        case Episode():
            return episode_shape(item) if episodes else episode_as_track(item)
        case _:
            return None
