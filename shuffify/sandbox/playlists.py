"""Playlists as a whole: listed, read, made, renamed, followed and unfollowed."""

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, request

from .answers import (ApiError, check_id, forbidden, limit_argument, offset_argument, page,
                      profile, selected, state)
from .caller import (caller, current_user, may_read_items, require_playlist,
                     require_readable_items, require_scope)
from .edits import Rows
from .fields import asks_for
from .library import Row
from .music import LocalFile
from .shapes import Json, api_address, images, item_shape, link, owner_shape, user_shape
from .state import Playlist

bp = Blueprint("playlists", __name__)
COVER_SIZES = (640, 300, 60)
PLAYLISTS_PER_USER = 11_000


def cover_shapes(playlist: Playlist) -> list[Json] | None:
    if playlist.cover:
        digest = hashlib.sha256(playlist.cover).hexdigest()[:16]
        url = f"{request.host_url}covers/uploaded/{playlist.id}/{digest}.jpg"
        return [{"url": url, "height": None, "width": None}]
    match playlist.images:
        case "null":
            return None
        case "none":
            return []
        case "unsized":
            return [{**images(playlist.id, (640,))[0], "height": None, "width": None}]
        case _:
            return images(playlist.id, COVER_SIZES)


def reference_shape(playlist: Playlist) -> Json:
    """Return a playlist as lists show it: with the number of items, under the profile's names."""
    total = {"href": api_address(f"playlists/{playlist.id}/items"), "total": len(playlist.rows)}
    shape = {
        **link("playlist", playlist.id, f"spotify:playlist:{playlist.id}"),
        "collaborative": playlist.collaborative, "description": playlist.description,
        "images": cover_shapes(playlist), "name": playlist.name,
        "owner": owner_shape(state().users[playlist.owner]), "primary_color": None,
        "public": playlist.public, "snapshot_id": playlist.snapshot_id, "items": total,
    }
    return _with_old_names(shape, total)


def full_shape(playlist: Playlist) -> Json:
    shape = reference_shape(playlist)
    shape.pop("tracks", None)
    del shape["items"]
    shape["followers"] = {"href": None, "total": state().followers(playlist)}
    if not may_read_items(playlist):
        return shape
    require_readable_items(playlist)
    fields = request.args.get("fields", "")
    if not asks_for(fields, "items") and not asks_for(fields, "tracks"):
        return shape
    shape["items"] = rows_page(playlist.rows, limit=profile().items_limit, offset=0,
                               path=f"v1/playlists/{playlist.id}/items")
    return _with_old_names(shape, shape["items"])


def _with_old_names(shape: Json, items: Any) -> Json:
    if profile().legacy:
        shape["tracks"] = items
    elif state().assumptions.tracks_null:
        shape["tracks"] = None
    return shape


def rows_page(rows: Rows, *, limit: int, offset: int, path: str | None = None) -> Json:
    return page(rows, row_shape, limit=limit, offset=offset, path=path)


def row_shape(row: Row) -> Json:
    episodes = "episode" in request.args.get("additional_types", "track").split(",")
    item = item_shape(row.item, episodes=episodes)
    shape = {
        "added_at": row.added_at, "added_by": user_shape(row.added_by) if row.added_by else None,
        "is_local": isinstance(row.item, LocalFile), "item": item, "primary_color": None,
        "video_thumbnail": {"url": None},
    }
    if profile().legacy:
        shape["track"] = item
    return shape


@bp.get("/me/playlists")
def list_playlists() -> Response:
    user = current_user()
    require_scope("playlist-read-private", "playlist-read-collaborative")
    shelf = [require_playlist(playlist_id) for playlist_id in state().shelves[user.id]]
    visible = [playlist for playlist in shelf if _scope_shows(playlist)]
    return jsonify(page(visible, reference_shape, limit=limit_argument(20, 50),
                        offset=offset_argument()))


def _scope_shows(playlist: Playlist) -> bool:
    scopes = caller().scopes
    if playlist.collaborative and playlist.owner != caller().user:
        return "playlist-read-collaborative" in scopes
    return playlist.public or "playlist-read-private" in scopes


@bp.post("/me/playlists")
def create_playlist() -> tuple[Response, int]:
    return _create(current_user().id)


@bp.post("/users/<user_id>/playlists")
def create_playlist_the_old_way(user_id: str) -> tuple[Response, int]:
    if not profile().legacy or user_id != current_user().id:
        raise forbidden()
    return _create(user_id)


def _create(user_id: str) -> tuple[Response, int]:
    body = json_object()
    name, public = body.get("name"), body.get("public", True)
    collaborative = body.get("collaborative", False)
    if not isinstance(name, str) or not name.strip():
        raise ApiError(400, "Missing required field: name")
    if collaborative and public:
        raise ApiError(400, "A collaborative playlist can not be public.")
    require_scope("playlist-modify-public" if public else "playlist-modify-private")
    if len(state().shelves[user_id]) >= PLAYLISTS_PER_USER:
        raise ApiError(400, "Too many playlists.")
    ignored = state().assumptions.private_create_ignored and not collaborative
    playlist = state().create_playlist(
        user_id, name, public=bool(public) or ignored, collaborative=bool(collaborative),
        description=str(body.get("description") or ""))
    return jsonify(full_shape(playlist)), 201


@bp.get("/playlists/<playlist_id>")
def read_playlist(playlist_id: str) -> Response:
    return selected(full_shape(require_playlist(check_id(playlist_id))))


@bp.put("/playlists/<playlist_id>")
def change_details(playlist_id: str) -> Response:
    playlist = require_playlist(check_id(playlist_id))
    if playlist.owner != current_user().id:
        raise forbidden()
    apply_details(playlist, json_object(), check=_require_details_scope)
    return Response(status=200)


def _require_details_scope(public: bool) -> None:
    require_scope("playlist-modify-public" if public else "playlist-modify-private")


def apply_details(playlist: Playlist, body: Json, check: Any = None) -> None:
    """Set name, description, public and collaborative; absent fields stay as they are."""
    name = body.get("name", playlist.name)
    description = body.get("description", playlist.description)
    public = body.get("public", playlist.public)
    collaborative = body.get("collaborative", playlist.collaborative)
    kinds = ((name, str), (description, str), (public, bool), (collaborative, bool))
    if not all(isinstance(value, kind) for value, kind in kinds) or not name.strip():
        raise ApiError(400, "Error parsing JSON.")
    if body.get("collaborative") and public:
        raise ApiError(400, "A collaborative playlist can not be public.")
    if check:
        check(playlist.public)
    playlist.name, playlist.description = name, description
    playlist.public, playlist.collaborative = public, collaborative and not public
    playlist.changed()


def json_object() -> Json:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ApiError(400, "Error parsing JSON.")
    return body


@bp.route("/playlists/<playlist_id>/followers", methods=["PUT", "DELETE"])
def follow_the_old_way(playlist_id: str) -> Response:
    playlist = require_playlist(check_id(playlist_id))
    if not profile().legacy:
        raise forbidden()
    follow(playlist) if request.method == "PUT" else unfollow(playlist)
    return Response(status=200)


def follow(playlist: Playlist) -> None:
    _require_details_scope(playlist.public)
    shelf = state().shelves[current_user().id]
    if playlist.id not in shelf:
        shelf.insert(0, playlist.id)


def unfollow(playlist: Playlist) -> None:
    """Take a playlist from the user's shelf; for its owner that is deleting it."""
    _require_details_scope(playlist.public)
    shelf = state().shelves[current_user().id]
    if playlist.id in shelf:
        shelf.remove(playlist.id)
