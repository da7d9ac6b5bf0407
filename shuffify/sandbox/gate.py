"""The door that every call passes: it keeps the journal and makes planned faults happen."""

import io
import json
import select
import socket
from collections.abc import Callable, Iterable
from threading import Event
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from .faults import Fault, FaultPlan
from .journal import Entry, Journal
from .state import State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNWATCHED = ("/__sandbox", "/covers/", "/static/", "/open/")
WINDOW_SECONDS = 30
HTML_ERROR = "<html><head><title>Bad Gateway</title></head><body><h1>Upstream error</h1></body>"
NOT_REGISTERED = ("Check settings on developer.spotify.com/dashboard, "
                  "the user may not be registered.")
PATIENCE = 0.05
"""Seconds between two looks whether anybody still waits for a silent answer."""

Proceed = Callable[[], Response]


class Silence(ConnectionAbortedError):
    """Close the connection without an answer: the server takes it for a dropped client."""


class Gate:
    """WSGI around the app. A call holds the state's lock while it is answered, not while it waits.
    """

    def __init__(self, app: "WSGIApplication", state: State) -> None:
        self._app = app
        self._state = state
        self.faults = FaultPlan()
        self.journal = Journal()
        self.stopping = Event()
        self._effects: dict[str, Callable[[Request, Fault, Proceed], Response]] = {
            "rate_limit": _rate_limit, "error_before": _error_before,
            "error_after": _error_after, "truncated": _truncated, "empty": _empty,
            "not_json": _not_json, "spurious_401": _spurious_401, "partial": _partial,
            "not_registered": _not_registered, "lagging_read": _lagging_read,
            "invalid_grant": _invalid_grant, "token_expired": self._token_expired,
            "token_revoked": self._token_revoked, "timeout": self._timeout, "slow": self._slow,
            "disconnect": self._disconnect,
        }

    def __call__(self, environ: "WSGIEnvironment",
                 start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/v1/"):
            # Spotify takes paths with and without a slash at the end; spotipy sends both.
            environ["PATH_INFO"] = environ["PATH_INFO"].rstrip("/")
        request = Request(environ)
        data = request.get_data(cache=True)
        environ["wsgi.input"] = io.BytesIO(data)
        environ["sandbox.flags"] = []
        if request.path.startswith(UNWATCHED):
            return self._proceed(environ)()(environ, start_response)
        with self._state.lock:
            entry = self.journal.open(request, self._user(request))
            fault = self.faults.take(request.method, request.path)
        entry.flags = environ["sandbox.flags"]
        return self._answer(request, entry, fault)(environ, start_response)

    def _answer(self, request: Request, entry: Entry, fault: Fault | None) -> Response:
        proceed = self._proceed(request.environ)
        if fault:
            entry.fault = fault.kind
            response = self._effects[fault.kind](request, fault, proceed)
        else:
            response = self._over_limit(request) or proceed()
        entry.status = response.status_code
        return response

    def _proceed(self, environ: "WSGIEnvironment") -> Proceed:
        def proceed() -> Response:
            with self._state.lock:
                return Response.from_app(self._app, environ, buffered=True)
        return proceed

    def _user(self, request: Request) -> str | None:
        access = self._state.tokens.find(_bearer(request))
        return access.grant.user if access else None

    def _over_limit(self, request: Request) -> Response | None:
        """Keep the rolling window of the whole app, when the assumptions set one."""
        most = self._state.assumptions.request_window
        if most is None or not request.path.startswith("/v1"):
            return None
        with self._state.lock:
            now = self._state.now()
            recent = [call for call in self._state.calls if call > now - WINDOW_SECONDS]
            self._state.calls = recent
            if len(recent) >= most:
                return _too_many(request, int(recent[0] + WINDOW_SECONDS - now) + 1)
            recent.append(now)
        return None

    def _token_expired(self, request: Request, fault: Fault, proceed: Proceed) -> Response:
        with self._state.lock:
            access = self._state.tokens.find(_bearer(request))
            if access:
                access.ends_at = self._state.now()
        return proceed()

    def _token_revoked(self, request: Request, fault: Fault, proceed: Proceed) -> Response:
        """End this consent for good: the token of the call, or the refresh token it carries."""
        with self._state.lock:
            tokens = self._state.tokens
            access = tokens.find(_bearer(request))
            grant = tokens.find_refresh(request.form.get("refresh_token", ""))
            if access:
                access.ends_at, grant = self._state.now(), access.grant
            if grant:
                grant.revoked = True
        return proceed()

    def _timeout(self, request: Request, fault: Fault, proceed: Proceed) -> Response:
        if fault.details["applied"]:
            proceed()
        self._wait(request, fault.details["seconds"])
        raise Silence

    def _disconnect(self, request: Request, fault: Fault, proceed: Proceed) -> Response:
        if fault.details["applied"]:
            proceed()
        raise Silence

    def _slow(self, request: Request, fault: Fault, proceed: Proceed) -> Response:
        self._wait(request, fault.details["seconds"])
        return proceed()

    def _wait(self, request: Request, seconds: float) -> None:
        """Wait, but no longer than the client does and the server runs.

        Counts rather than reading a clock, for a test may have stopped the clocks.
        """
        connection: socket.socket = request.environ["werkzeug.socket"]
        while seconds > 0:
            if self.stopping.wait(min(PATIENCE, seconds)) or _hung_up(connection):
                return
            seconds -= PATIENCE


def _hung_up(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and not connection.recv(1, socket.MSG_PEEK)


def _bearer(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()


def _error(request: Request, status: int, message: str) -> Response:
    """Return an error in the form of the service that is called: nested or flat."""
    body: object = {"error": {"status": status, "message": message}}
    if not request.path.startswith("/v1"):
        body = {"error": "server_error", "error_description": message}
    return Response(json.dumps(body), status, mimetype="application/json")


def _too_many(request: Request, seconds: int) -> Response:
    response = _error(request, 429, "API rate limit exceeded")
    response.headers["Retry-After"] = str(seconds)
    return response


def _rate_limit(request: Request, fault: Fault, proceed: Proceed) -> Response:
    return _too_many(request, fault.details["retry_after"])


def _failure(request: Request, fault: Fault) -> Response:
    status, body = fault.details["status"], fault.details["body"]
    if body == "json":
        return _error(request, status, "Server error." if status == 500 else "Bad gateway.")
    return Response(HTML_ERROR if body == "html" else "", status, mimetype="text/html")


def _error_before(request: Request, fault: Fault, proceed: Proceed) -> Response:
    return _failure(request, fault)


def _error_after(request: Request, fault: Fault, proceed: Proceed) -> Response:
    proceed()
    return _failure(request, fault)


def _partial(request: Request, fault: Fault, proceed: Proceed) -> Response:
    request.environ["sandbox.apply_only"] = fault.details["applied"]
    proceed()
    return _error(request, 502, "Bad gateway.")


def _truncated(request: Request, fault: Fault, proceed: Proceed) -> Response:
    response = proceed()
    data = response.get_data()
    response.set_data(data[:len(data) // 2])
    return response


def _empty(request: Request, fault: Fault, proceed: Proceed) -> Response:
    proceed()
    return Response(b"", 200)


def _not_json(request: Request, fault: Fault, proceed: Proceed) -> Response:
    return Response(HTML_ERROR, fault.details["status"], mimetype="text/html")


def _spurious_401(request: Request, fault: Fault, proceed: Proceed) -> Response:
    response = _error(request, 401, "Invalid access token")
    response.headers["WWW-Authenticate"] = 'Bearer realm="spotify", error="invalid_token"'
    return response


def _not_registered(request: Request, fault: Fault, proceed: Proceed) -> Response:
    return Response(NOT_REGISTERED, 403, mimetype="text/plain")


def _invalid_grant(request: Request, fault: Fault, proceed: Proceed) -> Response:
    body = {"error": "invalid_grant", "error_description": "Invalid refresh token"}
    return Response(json.dumps(body), 400, mimetype="application/json")


def _lagging_read(request: Request, fault: Fault, proceed: Proceed) -> Response:
    request.environ["sandbox.lagging"] = True
    return proceed()
