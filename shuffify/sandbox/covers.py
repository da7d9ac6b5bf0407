"""Cover images: generated ones for everything, uploaded ones for playlists."""

import base64
import binascii
import random
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, request

from .answers import ApiError, check_id, not_found, state
from .caller import require_editable, require_playlist, require_scope
from .playlists import cover_shapes

api = Blueprint("playlist_images", __name__, url_prefix="/playlists/<playlist_id>/images")
bp = Blueprint("covers", __name__, url_prefix="/covers")
LARGEST_UPLOAD = 256 * 1024
JPEG_START = b"\xff\xd8\xff"
SHAPES = 5


@api.get("")
def read_images(playlist_id: str) -> Response:
    return jsonify(cover_shapes(require_playlist(check_id(playlist_id))) or [])


@api.put("")
def upload_image(playlist_id: str) -> tuple[str, int]:
    playlist = require_playlist(check_id(playlist_id))
    require_editable(playlist)
    require_scope("ugc-image-upload")
    if len(request.data) > LARGEST_UPLOAD:
        raise ApiError(413, "Payload Too Large")
    if request.mimetype != "image/jpeg":
        raise ApiError(400, "Invalid image format")
    try:
        image = base64.b64decode(request.data, validate=True)
    except binascii.Error:
        raise ApiError(400, "Invalid base64 image data") from None
    if not image.startswith(JPEG_START):
        raise ApiError(400, "Invalid image format")
    playlist.cover = image
    playlist.changed()
    return "", 202


@bp.get("/uploaded/<playlist_id>/<digest>.jpg")
def show_uploaded(playlist_id: str, digest: str) -> Response:
    playlist = state().find_playlist(playlist_id)
    if playlist is None or playlist.cover is None:
        raise not_found()
    return Response(playlist.cover, mimetype="image/jpeg")


@bp.get("/<key>/<int:size>.svg")
def show_generated(key: str, size: int) -> Response:
    answer = Response(_draw(key, min(size, 640)), mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@dataclass(frozen=True)
class _Circle:
    x: int
    y: int
    radius: int
    hue: int

    def __str__(self) -> str:
        return (f'<circle cx="{self.x}" cy="{self.y}" r="{self.radius}" '
                f'fill="hsl({self.hue} 65% 55%)" fill-opacity=".75"/>')


def _draw(key: str, size: int) -> str:
    """Draw a few circles on a ground, always the same for one key."""
    rng = random.Random(key)
    hue = rng.randrange(360)
    circles = "".join(str(_Circle(rng.randrange(100), rng.randrange(100), rng.randint(12, 45),
                                  (hue + rng.randint(-70, 70)) % 360)) for _ in range(SHAPES))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
            f'viewBox="0 0 100 100"><rect width="100" height="100" fill="hsl({hue} 45% 28%)"/>'
            f'{circles}</svg>')
