"""The sandbox's Flask app: one blueprint per noun, one form of error."""

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from . import (accounts, control, covers, discography, listening, pages, playlist_items,
               playlists, profile, saved, search)
from .accounts import Client
from .answers import ApiError, error_answer
from .caller import authenticate
from .controls import Controls
from .state import State

API = (profile.bp, listening.bp, saved.bp, playlists.bp, playlist_items.bp, covers.api,
       discography.bp, search.bp)
PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
ELSEWHERE = (accounts.bp, control.bp, covers.bp, pages.bp)


def create_sandbox_app(state: State, client: Client) -> Flask:
    """Wire the app. The sandbox sets its controls in `extensions` before the first call."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.before_request
    def remember() -> None:
        controls: Controls = app.extensions["sandbox_controls"]
        g.sandbox_state, g.sandbox_client, g.sandbox_controls = state, client, controls
        if request.path.startswith("/v1/"):
            authenticate()

    for blueprint in ELSEWHERE:
        app.register_blueprint(blueprint)
    for blueprint in API:
        app.register_blueprint(blueprint, url_prefix=f"/v1{blueprint.url_prefix or ''}")
    app.after_request(validate_cache)
    app.after_request(guard_page)
    app.register_error_handler(ApiError, refuse)
    app.register_error_handler(HTTPException, refuse_http)
    return app


def validate_cache(answer: Response) -> Response:
    """Give reads of the API an ETag, and answer 304 to a client that holds this version."""
    if request.path.startswith("/v1/") and request.method == "GET" and answer.status_code == 200:
        answer.add_etag()
        answer.headers.setdefault("Cache-Control", "private, max-age=0")
        answer.make_conditional(request)
    return answer


def guard_page(answer: Response) -> Response:
    if answer.mimetype == "text/html":
        answer.headers["Content-Security-Policy"] = PAGE_POLICY
    return answer


def refuse(error: ApiError) -> Response:
    return error_answer(error.status, error.message, error.headers)


def refuse_http(error: HTTPException) -> Response:
    """Answer what no route took: an unknown path is an unknown resource."""
    status = error.code or 500
    return error_answer(status, "Resource not found" if status == 404 else error.name)
