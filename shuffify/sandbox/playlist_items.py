"""The items of a playlist: read, added, replaced, moved and removed."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from . import edits
from .answers import (ApiError, check_id, forbidden, limit_argument, offset_argument, profile,
                      selected, state)
from .caller import caller, require_editable, require_playlist, require_readable_items
from .edits import OutOfBoundsError, Rows
from .ids import is_base62_id
from .music import Item
from .playlists import json_object, rows_page
from .shapes import Json
from .state import Playlist

bp = Blueprint("playlist_items", __name__, url_prefix="/playlists/<playlist_id>")
PER_CALL = 100
PER_PLAYLIST = 10_000
REMOVAL_REFUSED = "Could not remove tracks, please check parameters."


@bp.get("/items")
@bp.get("/tracks")
def read_items(playlist_id: str) -> Response:
    playlist = _open(playlist_id)
    require_readable_items(playlist)
    usual = 100 if request.path.endswith("/tracks") else 20
    return selected(rows_page(playlist.rows, limit=limit_argument(usual, profile().items_limit),
                              offset=offset_argument()))


@bp.post("/items")
@bp.post("/tracks")
def add_items(playlist_id: str) -> tuple[Response, int]:
    playlist = _open(playlist_id, write=True)
    body = request.get_json(force=True, silent=True) if request.data else {}
    if isinstance(body, list):
        body = {"uris": body}
    if not isinstance(body, dict):
        raise ApiError(400, "Error parsing JSON.")
    items = _items(_uris(body))
    if not items:
        raise ApiError(400, "No uris provided")
    if len(playlist.rows) + len(items) > PER_PLAYLIST:
        raise ApiError(400, "Playlist size limit reached.")
    rows = _within_bounds(edits.insert, playlist.rows, items, _position(body),
                          now=state().timestamp(), by=caller().user)
    return _written(playlist, rows), 201


@bp.put("/items")
@bp.put("/tracks")
def replace_or_move_items(playlist_id: str) -> Response:
    playlist = _open(playlist_id, write=True)
    body = json_object() if request.data else {}
    moves = "range_start" in body or "insert_before" in body
    replaces = "uris" in body or "uris" in request.args
    if moves and replaces:
        raise ApiError(400, "Error parsing JSON.")
    if moves:
        return _written(playlist, _moved(playlist, body))
    if not replaces:
        raise ApiError(400, "No uris provided")
    rows = edits.replace(playlist.rows, _items(_uris(body)), now=state().timestamp(),
                         by=caller().user, keep_dates=state().assumptions.replace_keeps_dates)
    return _written(playlist, rows)


@bp.delete("/items")
@bp.delete("/tracks")
def remove_items(playlist_id: str) -> Response:
    playlist = _open(playlist_id, write=True)
    body = json_object()
    wanted = body.get("items", body.get("tracks") if profile().legacy else None)
    if not isinstance(wanted, list) or not 0 < len(wanted) <= PER_CALL:
        raise ApiError(400, REMOVAL_REFUSED)
    if not all(isinstance(entry, dict) and isinstance(entry.get("uri"), str) for entry in wanted):
        raise ApiError(400, REMOVAL_REFUSED)
    if any("positions" in entry for entry in wanted):
        request.environ["sandbox.flags"].append("positions ignored")
    base = _base(playlist, body)
    uris = {entry["uri"] for entry in wanted[:_apply_only()]}
    return _written(playlist, edits.remove(playlist.rows, uris, base))


def _open(playlist_id: str, *, write: bool = False) -> Playlist:
    if request.path.endswith("/tracks") and not profile().legacy:
        raise forbidden()
    playlist = require_playlist(check_id(playlist_id))
    if write:
        require_editable(playlist)
    return playlist


def _written(playlist: Playlist, rows: Rows) -> Response:
    playlist.changed(rows)
    return jsonify({"snapshot_id": playlist.snapshot_id})


def _moved(playlist: Playlist, body: Json) -> Rows:
    start, before = _whole_number(body, "range_start"), _whole_number(body, "insert_before")
    length = _whole_number(body, "range_length") if "range_length" in body else 1
    base = _base(playlist, body)
    inside = start < before < start + length
    if inside and state().assumptions.reorder_into_itself == "refuse":
        raise ApiError(400, "Index out of bounds.")
    if base is None or base == playlist.rows:
        return _within_bounds(edits.reorder, playlist.rows, start, before, length)
    return _within_bounds(edits.reorder_from, base, playlist.rows, start, before, length)


def _whole_number(body: Json, name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise ApiError(400, "Error parsing JSON.")
    return value


def _base(playlist: Playlist, body: Json) -> Rows | None:
    """Return the version that a write names as its base, if it names one."""
    snapshot_id = body.get("snapshot_id")
    if snapshot_id is None:
        return None
    if not isinstance(snapshot_id, str) or snapshot_id not in playlist.versions:
        raise ApiError(400, "Missing or bad version tag")
    return playlist.versions[snapshot_id]


def _uris(body: Json) -> list[str]:
    if "uris" in body:
        uris = body["uris"]
    else:
        uris = [uri for uri in request.args.get("uris", "").split(",") if uri]
    if not isinstance(uris, list):
        raise ApiError(400, "Error parsing JSON.")
    if len(uris) > PER_CALL:
        raise ApiError(400, "You can add a maximum of 100 tracks per request.")
    return uris


def _items(uris: list[Any]) -> list[Item]:
    """Resolve URIs; nothing local, nothing unknown, nothing that is neither track nor episode."""
    items = []
    for uri in uris:
        kind, _, identifier = str(uri).removeprefix("spotify:").partition(":")
        if kind in ("track", "episode") and not is_base62_id(identifier):
            raise ApiError(400, "Invalid base62 id")
        item = state().catalogue.item(uri) if isinstance(uri, str) else None
        if item is None and kind in ("track", "episode"):
            # The words of spotify/web-api#214, which do not say which.
            raise ApiError(400, "Payload contains a non-existing ID")
        if item is None:
            raise ApiError(400, f"Invalid track uri: {uri}")
        items.append(item)
    return items[:_apply_only()]


def _apply_only() -> int | None:
    """Return how many entries a planned `partial` fault lets through, None for all."""
    limit: int | None = request.environ.get("sandbox.apply_only")
    return limit


def _position(body: Json) -> int | None:
    position = body.get("position", request.args.get("position"))
    if position is None:
        return None
    try:
        return int(position)
    except (TypeError, ValueError):
        raise ApiError(400, "Error parsing JSON.") from None


def _within_bounds(edit: Any, *arguments: Any, **named: Any) -> Rows:
    try:
        rows: Rows = edit(*arguments, **named)
    except OutOfBoundsError:
        raise ApiError(400, "Index out of bounds.") from None
    return rows
