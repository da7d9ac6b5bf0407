"""Static files, which browsers may keep for good: their addresses change when a file does.

One digest over all of them stands in the path of each, /static/<digest>/js/main.js. Modules
import each other by relative addresses, so these carry it too, without a list of imports in
the page or a build. Whoever asks for another digest gets 404, which nobody keeps.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

from flask import Flask, Response, request

LIFETIME_SECONDS: Final = 365 * 24 * 3600
DIGITS: Final = 12


def base_url(folder: Path) -> str:
    """Return what the addresses of the files in a folder start with, as they are now."""
    digest = sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return f"/static/{digest.hexdigest()[:DIGITS]}"


def init_app(app: Flask) -> None:
    """Let browsers keep the files, and nothing else."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = LIFETIME_SECONDS
    app.after_request(_mark_kept)


def _mark_kept(response: Response) -> Response:
    # A file that is not there has the same endpoint as one that is.
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        response.cache_control.immutable = True
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
