"""The sandbox's Flask app: one blueprint per noun, one form of error."""

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from . import accounts, control, playlist_items, playlists, profile
from .accounts import Client
from .answers import ApiError, error_answer
from .caller import authenticate
from .controls import Controls
from .state import State

API = (profile.bp, playlists.bp, playlist_items.bp)


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

    app.register_blueprint(accounts.bp)
    app.register_blueprint(control.bp)
    for blueprint in API:
        app.register_blueprint(blueprint, url_prefix=f"/v1{blueprint.url_prefix or ''}")
    app.register_error_handler(ApiError, refuse)
    app.register_error_handler(HTTPException, refuse_http)
    return app


def refuse(error: ApiError) -> Response:
    return error_answer(error.status, error.message, error.headers)


def refuse_http(error: HTTPException) -> Response:
    """Answer what no route took: an unknown path is an unknown resource."""
    status = error.code or 500
    return error_answer(status, "Resource not found" if status == 404 else error.name)
