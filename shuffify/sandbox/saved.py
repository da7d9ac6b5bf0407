"""What a user saved and follows: Liked Songs, albums, and the one endpoint that changes them."""

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, request

from .answers import ApiError, limit_argument, offset_argument, page, state
from .caller import current_user, require_playlist, require_scope
from .ids import is_base62_id
from .playlists import follow, unfollow
from .shapes import Json, album_reference, track_shape

bp = Blueprint("saved", __name__)
PER_CALL = 40
READ_SCOPES = {"playlist": "playlist-read-private", "artist": "user-follow-read",
               "user": "user-follow-read"}
WRITE_SCOPES = {"artist": "user-follow-modify", "user": "user-follow-modify"}
KINDS = ("track", "album", "episode", "show", "artist", "user", "playlist")


@bp.get("/me/tracks")
def list_saved_tracks() -> Response:
    require_scope("user-library-read")
    rows = _saved("track")
    return jsonify(page(rows, _track_row, limit=limit_argument(20, 50), offset=offset_argument()))


@bp.get("/me/albums")
def list_saved_albums() -> Response:
    require_scope("user-library-read")
    rows = _saved("album")
    return jsonify(page(rows, _album_row, limit=limit_argument(20, 50), offset=offset_argument()))


def _saved(kind: str) -> Sequence[tuple[str, str]]:
    prefix = f"spotify:{kind}:"
    return [(uri.removeprefix(prefix), added_at)
            for uri, added_at in state().saved[current_user().id].items()
            if uri.startswith(prefix)]


def _track_row(saved: tuple[str, str]) -> Json:
    identifier, added_at = saved
    return {"added_at": added_at, "track": track_shape(state().catalogue.tracks[identifier])}


def _album_row(saved: tuple[str, str]) -> Json:
    identifier, added_at = saved
    return {"added_at": added_at, "album": album_reference(state().catalogue.albums[identifier])}


@bp.put("/me/library")
def save() -> Response:
    user = current_user()
    for kind, identifier, uri in _asked():
        if kind == "playlist":
            follow(require_playlist(identifier))
        else:
            require_scope(WRITE_SCOPES.get(kind, "user-library-modify"))
            known = state().saved[user.id]
            state().saved[user.id] = {uri: known.get(uri, state().timestamp()), **known}
    return Response(status=200)


@bp.delete("/me/library")
def forget() -> Response:
    user = current_user()
    for kind, identifier, uri in _asked():
        if kind == "playlist":
            unfollow(require_playlist(identifier))
        else:
            require_scope(WRITE_SCOPES.get(kind, "user-library-modify"))
            state().saved[user.id].pop(uri, None)
    return Response(status=200)


@bp.get("/me/library/contains")
def contains() -> Response:
    user = current_user()
    answers = []
    for kind, identifier, uri in _asked():
        require_scope(READ_SCOPES.get(kind, "user-library-read"))
        answers.append(identifier in state().shelves[user.id] if kind == "playlist"
                       else uri in state().saved[user.id])
    return jsonify(answers)


def _asked() -> list[tuple[str, str, str]]:
    """Return kind, id and URI of everything asked for, all checked before anything is done."""
    uris = [uri for uri in request.args.get("uris", "").split(",") if uri]
    if not uris:
        raise ApiError(400, "No uris provided")
    if len(uris) > PER_CALL:
        raise ApiError(400, f"Too many uris requested, maximum is {PER_CALL}")
    return [(*_parts(uri), uri) for uri in uris]


def _parts(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition(":")
    kind, _, identifier = rest.partition(":")
    if scheme != "spotify" or kind not in KINDS:
        raise ApiError(400, f"Invalid uri: {uri}")
    if kind == "user":
        known = identifier in state().users
    elif not is_base62_id(identifier):
        raise ApiError(400, "Invalid base62 id")
    else:
        known = kind == "playlist" or state().catalogue.knows(kind, identifier)
    if not known:
        raise ApiError(404, "Resource not found")
    return kind, identifier
