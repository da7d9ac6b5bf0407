"""Every error's way to the client: one table from class to status and code.

A class without an entry of its own takes that of its nearest ancestor, so services and
routes raise and never translate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from flask import Flask, Response, current_app, jsonify, request, url_for
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from shuffify import errors as ours
from shuffify.services import errors as services
from shuffify.spotify import errors as spotify
from shuffify.web import error_pages, limits, refusals
from shuffify.web.actor import request_id
from shuffify.web.negotiation import Answer, wants_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rule:
    """What one class of errors becomes; without a code the error brings its own."""

    status: int
    code: str | None
    shows: tuple[str, ...] = ()
    """Facts of the error that stand in the answer under their own names."""


RULES: Final[Mapping[type[Exception], Rule]] = {
    refusals.LoginRequired: Rule(401, "login_required"),
    refusals.InvalidRequest: Rule(400, "invalid_request"),
    refusals.JsonRequired: Rule(415, "json_required"),
    services.InputError: Rule(400, "invalid_request"),
    services.NotFoundError: Rule(404, "not_found"),
    services.LimitError: Rule(409, "limit_reached"),
    services.UserNotAllowedError: Rule(403, "not_allowed"),
    services.ReconnectRequired: Rule(401, "reconnect_required"),
    services.SpotifyNotConfiguredError: Rule(503, "not_configured"),
    services.PlaylistAccessError: Rule(403, None),
    services.PlaylistChangedError: Rule(409, "playlist_changed", ("snapshot_id",)),
    services.PlaylistWriteError: Rule(502, "write_failed", ("restored", "snapshot_id")),
    services.UnknownRowsError: Rule(409, "unwritable_rows", ("unknown_uris",)),
    services.NothingToUndoError: Rule(409, "nothing_to_undo"),
    services.SourceInUseError: Rule(409, "source_in_use", ("schedules",)),
    services.ScheduleRunningError: Rule(409, "already_running"),
    spotify.SignInNeededError: Rule(401, "reconnect_required"),
    spotify.GrantRefusedError: Rule(401, "reconnect_required"),
    spotify.NotEditableError: Rule(403, "not_editable"),
    spotify.NotReadableError: Rule(403, "not_readable"),
    spotify.MissingScopeError: Rule(403, "missing_scope"),
    spotify.ForbiddenError: Rule(403, "not_allowed"),
    spotify.NotFoundError: Rule(404, "not_found"),
    spotify.RateLimitedError: Rule(429, "rate_limited", ("retry_after",)),
    spotify.PlaylistChangedError: Rule(409, "playlist_changed", ("snapshot_id",)),
    spotify.LockBusyError: Rule(409, "playlist_busy"),
    spotify.UnwritableRowsError: Rule(
        409,
        "unwritable_rows",
        ("local_files", "null_rows", "missing", "leaving", "staying", "calls", "limit"),
    ),
    spotify.UnsupportedItemError: Rule(409, "unwritable_rows"),
    spotify.UnknownItemsError: Rule(409, "unwritable_rows"),
    spotify.TooManyRowsError: Rule(409, "limit_reached"),
    spotify.WriteFailedError: Rule(502, "write_failed", ("restored",)),
    spotify.SpotifyTimeoutError: Rule(504, "spotify_timeout"),
    ours.SpotifyError: Rule(502, "spotify_error"),
    ours.DatabaseError: Rule(503, "database_unavailable"),
    ours.ServiceError: Rule(500, "internal_error"),
}

DATABASE_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)

HTTP_CODES: Final[Mapping[int, str]] = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "json_required",
    429: "rate_limited",
}

SIGN_IN_AGAIN: Final = frozenset({"reconnect_required", "missing_scope"})


@dataclass(frozen=True)
class Problem:
    """An error as the client sees it."""

    status: int
    code: str
    message: str
    errors: tuple[tuple[str, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def init_app(app: Flask) -> None:
    """Answer every error of this app through the table."""
    app.register_error_handler(ours.ShuffifyError, _answer_known)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(RateLimitExceeded, _answer_limit)
    app.register_error_handler(HTTPException, _answer_http)
    for away in DATABASE_AWAY:
        app.register_error_handler(away, _answer_database)
    app.register_error_handler(Exception, _answer_unknown)


def problem_of(error: ours.ShuffifyError) -> Problem:
    """Look an error of ours up in the table."""
    if isinstance(error.__cause__, DATABASE_AWAY):
        return _database_problem()
    rule = next((RULES[kind] for kind in type(error).__mro__ if kind in RULES), None)
    if rule is None:
        return _internal_problem()
    code = rule.code or str(getattr(error, "code", "not_allowed"))
    facts = {name: getattr(error, name) for name in rule.shows}
    headers = {"Retry-After": str(facts["retry_after"])} if "retry_after" in facts else {}
    if rule.status == 401 or code in SIGN_IN_AGAIN:
        facts["login_url"] = _login_url(code)
    return Problem(rule.status, code, str(error), getattr(error, "errors", ()), facts, headers)


def log_failure(what: str, error: ours.ShuffifyError, problem: Problem) -> None:
    """Log an error that was met: in one line where its words say it all, else with its trace."""
    if problem.code in ("internal_error", "database_unavailable"):
        log.error("%s: %s", what, problem.code, exc_info=error)
    else:
        log.error("%s: %s: %s", what, problem.code, error)


def answer(problem: Problem) -> Response:
    """Return a problem as JSON or as a page, whichever was asked for."""
    if wants_json():
        response = jsonify(_envelope(problem))
    else:
        page = error_pages.render(
            problem.status,
            problem.message,
            problem.facts,
            reconnects=problem.code in SIGN_IN_AGAIN,
        )
        response = Response(page, mimetype="text/html")
    response.status_code = problem.status
    response.headers.extend(problem.headers)
    return response


def answer_of(work: Callable[[], Answer]) -> Response:
    """Do a view's work after its request has ended; its errors are answered as inside of it."""
    try:
        return current_app.make_response(work())
    except Exception as error:
        return current_app.make_response(current_app.handle_user_exception(error))


def _envelope(problem: Problem) -> dict[str, Any]:
    envelope = {
        "success": False,
        "message": problem.message,
        "category": "error",
        "code": problem.code,
        "request_id": request_id(),
        **problem.facts,
    }
    if problem.errors:
        envelope["errors"] = [
            {"field": name, "message": message} for name, message in problem.errors
        ]
    return envelope


def _answer_known(error: ours.ShuffifyError) -> Response:
    problem = problem_of(error)
    if problem.status >= 500:
        log_failure(f"{request.method} {request.path}", error, problem)
    return answer(problem)


def _answer_csrf(error: CSRFError) -> Response:
    message = "This page is out of date. Reload it and try again; nothing was changed."
    return answer(Problem(400, "csrf_failed", message))


def _answer_limit(error: RateLimitExceeded) -> Response:
    seconds = limits.retry_after()
    message = f"That was too often. Try again in {seconds} seconds."
    facts = {"retry_after": seconds}
    return answer(Problem(429, "rate_limited", message, (), facts, {"Retry-After": str(seconds)}))


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status >= 500:
        return answer(_internal_problem())
    code = HTTP_CODES.get(status, error.name.lower().replace(" ", "_"))
    allow = error.get_response().headers.get("Allow")
    headers = {"Allow": allow} if allow else {}
    return answer(Problem(status, code, error_pages.happened(status), (), {}, headers))


def _answer_database(error: Exception) -> Response:
    log.error("%s %s: the database is away", request.method, request.path, exc_info=error)
    return answer(_database_problem())


def _answer_unknown(error: Exception) -> Response:
    # The last resort: whatever it was, it is logged whole and told to nobody.
    log.error("%s %s: unexpected error", request.method, request.path, exc_info=error)
    return answer(_internal_problem())


def _database_problem() -> Problem:
    return Problem(503, "database_unavailable", error_pages.happened(503))


def _internal_problem() -> Problem:
    return Problem(500, "internal_error", error_pages.happened(500))


def _login_url(code: str) -> str:
    if code in SIGN_IN_AGAIN:
        # They agreed to the terms when they first logged in.
        return url_for("core.login", legal_consent="kept")
    return url_for("core.index")
