"""Albums, artists, tracks and episodes one by one, and what Spotify took away around them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import Blueprint, Response, jsonify, request

from .answers import (ApiError, check_id, forbidden, limit_argument, not_found, offset_argument,
                      page, profile, state)
from .music import Album
from .shapes import (MARKETS, Json, album_reference, artist_shape, episode_shape, show_shape,
                     track_reference, track_shape)

bp = Blueprint("discography", __name__)
BATCH = 50
Thing = TypeVar("Thing")


@bp.get("/tracks/<track_id>")
def read_track(track_id: str) -> Response:
    return jsonify(track_shape(_find(state().catalogue.tracks, track_id)))


@bp.get("/episodes/<episode_id>")
def read_episode(episode_id: str) -> Response:
    return jsonify(episode_shape(_find(state().catalogue.episodes, episode_id)))


@bp.get("/shows/<show_id>")
def read_show(show_id: str) -> Response:
    return jsonify(show_shape(_find(state().catalogue.shows, show_id)))


@bp.get("/albums/<album_id>")
def read_album(album_id: str) -> Response:
    return jsonify(album_shape(_find(state().catalogue.albums, album_id)))


def album_shape(album: Album) -> Json:
    tracks = state().catalogue.album_tracks[album.id]
    return {**album_reference(album), "copyrights": [], "external_ids": {}, "genres": [],
            "label": "Sandbox Records",
            "tracks": page(tracks, track_reference, limit=50, offset=0,
                           path=f"v1/albums/{album.id}/tracks")}


@bp.get("/albums/<album_id>/tracks")
def list_album_tracks(album_id: str) -> Response:
    album = _find(state().catalogue.albums, album_id)
    return jsonify(page(state().catalogue.album_tracks[album.id], track_reference,
                        limit=limit_argument(20, 50), offset=offset_argument()))


@bp.get("/artists/<artist_id>")
def read_artist(artist_id: str) -> Response:
    return jsonify(artist_shape(_find(state().catalogue.artists, artist_id)))


@bp.get("/artists/<artist_id>/albums")
def list_artist_albums(artist_id: str) -> Response:
    artist = _find(state().catalogue.artists, artist_id)
    albums = [album for album in state().catalogue.albums.values() if artist in album.artists]
    return jsonify(page(albums, album_reference, limit=limit_argument(20, 50),
                        offset=offset_argument()))


@bp.get("/tracks")
def read_tracks() -> Response:
    return _batch("tracks", state().catalogue.tracks, track_shape)


@bp.get("/albums")
def read_albums() -> Response:
    return _batch("albums", state().catalogue.albums, album_shape)


@bp.get("/artists")
def read_artists() -> Response:
    return _batch("artists", state().catalogue.artists, artist_shape)


def _batch(name: str, things: Mapping[str, Thing], shape: Callable[[Thing], Json]) -> Response:
    """Answer `?ids=`, which development mode has lost."""
    if not profile().legacy:
        raise forbidden()
    wanted = [check_id(identifier) for identifier in request.args.get("ids", "").split(",")]
    if len(wanted) > BATCH:
        raise ApiError(400, "Too many ids requested")
    found = [things.get(identifier) for identifier in wanted]
    return jsonify({name: [shape(thing) if thing else None for thing in found]})


def _find(things: Mapping[str, Thing], identifier: str) -> Thing:
    thing = things.get(check_id(identifier))
    if thing is None:
        raise not_found()
    return thing


@bp.get("/artists/<artist_id>/top-tracks")
def list_top_tracks(artist_id: str) -> Response:
    if not profile().legacy:
        raise forbidden()
    artist = _find(state().catalogue.artists, artist_id)
    tracks = [track for track in state().catalogue.tracks.values() if artist in track.artists]
    return jsonify({"tracks": [track_shape(track) for track in tracks[:10]]})


@bp.get("/markets")
def list_markets() -> Response:
    if not profile().legacy:
        raise forbidden()
    return jsonify({"markets": MARKETS})


@bp.get("/audio-features")
@bp.get("/audio-features/<identifier>")
@bp.get("/audio-analysis/<identifier>")
@bp.get("/recommendations")
@bp.get("/recommendations/<path:identifier>")
@bp.get("/artists/<identifier>/related-artists")
@bp.get("/browse/<path:identifier>")
@bp.get("/users/<user>/playlists")
def refuse_what_is_gone(identifier: str = "", user: str = "") -> Response:
    """New apps lost these in November 2024, or in development mode in 2026."""
    raise forbidden()
