"""Answers in gzip for those who take it: a page of 60 playlists is a tenth as long.

Compressing secrets beside what an attacker chose can give the secrets away by length. It takes
many requests with the victim's cookie from another site, which SameSite=Lax does not let happen.
"""

import gzip
from typing import Final

from flask import Flask, Response, request

LEAST_BYTES: Final = 1024
"""Below, the answer fits one packet anyway."""

LEVEL: Final = 5
TEXTS: Final = frozenset({
    "text/html", "text/css", "text/javascript", "application/json", "image/svg+xml",
})


def init_app(app: Flask) -> None:
    """Compress what is long, is text, and is there as a whole."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if not _is_long_text(response):
        return response
    # Also of the answers that stay as they are: caches must not hand one out for the other.
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] <= 0 or request.method == "HEAD":
        return response
    response.direct_passthrough = False
    response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        # The same content in other bytes.
        response.set_etag(etag, weak=True)
    return response


def _is_long_text(response: Response) -> bool:
    # Lines of progress are written as they come, and parts of a file are not the file.
    if response.status_code == 206 or "Content-Encoding" in response.headers:
        return False
    length = response.content_length
    return response.mimetype in TEXTS and length is not None and length >= LEAST_BYTES
