"""What a user listens to: top artists and tracks, and the tracks played last."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from .answers import ApiError, limit_argument, number_argument, offset_argument, page, state
from .caller import current_user, require_scope
from .library import Row
from .shapes import Json, artist_shape, item_shape, track_shape

bp = Blueprint("listening", __name__)
TOP_COUNT = 80
TIME_RANGES = ("short_term", "medium_term", "long_term")


@bp.get("/me/top/<any(artists, tracks):kind>")
def read_top(kind: str) -> Response:
    current_user()
    require_scope("user-top-read")
    time_range = request.args.get("time_range", "medium_term")
    if time_range not in TIME_RANGES:
        raise ApiError(400, "Invalid time range")
    limit, offset = limit_argument(20, 50), offset_argument()
    start = 5 * TIME_RANGES.index(time_range)
    if kind == "artists":
        artists = list(state().catalogue.artists.values())[start:]
        return jsonify(page(artists[:TOP_COUNT], artist_shape, limit=limit, offset=offset))
    tracks = list(state().catalogue.tracks.values())[start:]
    return jsonify(page(tracks[:TOP_COUNT], track_shape, limit=limit, offset=offset))


@bp.get("/me/player/recently-played")
def read_recent() -> Response:
    """Page by cursor: `before` and `after` are times in milliseconds."""
    user = current_user()
    require_scope("user-read-recently-played")
    limit = limit_argument(20, 50)
    if request.args.get("before") and request.args.get("after"):
        raise ApiError(400, "Only one of before and after can be specified")
    after, before = number_argument("after", 0), number_argument("before", 0)
    plays = [row for row in state().plays[user.id]
             if _moment(row) > after and (not before or _moment(row) < before)]
    shown = plays[:limit]
    cursors = older = None
    if shown:
        cursors = {"after": str(_moment(shown[0])), "before": str(_moment(shown[-1]))}
    if cursors and len(plays) > limit:
        older = f"{request.base_url}?{urlencode({'before': cursors['before'], 'limit': limit})}"
    return jsonify({"href": request.url, "limit": limit, "next": older, "cursors": cursors,
                    "items": [_play_shape(row) for row in shown]})


def _play_shape(row: Row) -> Json:
    return {"track": item_shape(row.item, episodes=True), "played_at": row.added_at,
            "context": None}


def _moment(row: Row) -> int:
    moment = datetime.strptime(row.added_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
