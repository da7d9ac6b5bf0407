"""The user who calls: profile and listening history."""

from flask import Blueprint, Response, jsonify, request

from .answers import (ApiError, limit_argument, not_found, offset_argument, page, profile, state)
from .caller import caller, current_user, require_scope
from .library import User
from .shapes import Json, artist_shape, images, owner_shape, track_shape

bp = Blueprint("profile", __name__)
TOP_COUNT = 80
TIME_RANGES = ("short_term", "medium_term", "long_term")


@bp.get("/me", strict_slashes=False)
@bp.get("/me/", strict_slashes=False)
def read_me() -> Response:
    user = current_user()
    shape = {**owner_shape(user), "images": images(user.id, (300, 64))}
    if state().assumptions.account_id:
        shape["account_id"] = user.account_id
    if profile().legacy:
        shape |= _personal_shape(user)
    return jsonify(shape)


def _personal_shape(user: User) -> Json:
    shape: Json = {"followers": {"href": None, "total": 3}}
    if "user-read-email" in caller().scopes:
        shape["email"] = user.email
    if "user-read-private" in caller().scopes:
        shape |= {"country": user.country, "product": "premium",
                  "explicit_content": {"filter_enabled": False, "filter_locked": False}}
    return shape


@bp.get("/users/<user_id>")
def read_user(user_id: str) -> Response:
    if not profile().legacy:
        raise ApiError(403, "Forbidden")
    if user_id not in state().users:
        raise not_found()
    user = state().users[user_id]
    return jsonify({**owner_shape(user), "images": images(user.id, (300, 64)),
                    "followers": {"href": None, "total": 3}})


@bp.get("/me/top/<kind>")
def read_top(kind: str) -> Response:
    current_user()
    require_scope("user-top-read")
    time_range = request.args.get("time_range", "medium_term")
    if kind not in ("artists", "tracks") or time_range not in TIME_RANGES:
        raise ApiError(400, "Invalid time range" if kind in ("artists", "tracks")
                       else "Invalid type")
    limit, offset = limit_argument(20, 50), offset_argument()
    start = 10 * TIME_RANGES.index(time_range)
    if kind == "artists":
        artists = list(state().catalogue.artists.values())[start:][:TOP_COUNT]
        return jsonify(page(artists, artist_shape, limit=limit, offset=offset))
    tracks = list(state().catalogue.tracks.values())[start * 20:][:TOP_COUNT]
    return jsonify(page(tracks, track_shape, limit=limit, offset=offset))
