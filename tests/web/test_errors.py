"""Every error's way to the client."""

from collections.abc import Iterator
import logging

from flask import Flask
import pytest
from sqlalchemy.exc import OperationalError, TimeoutError

from shuffify import errors as ours
from shuffify.algorithms.errors import AlgorithmError
from shuffify.services import errors as services
from shuffify.spotify import errors as spotify
from shuffify.web import error_pages, refusals
from shuffify.web.errors import RULES, problem_of
from tests.visitor import Visitor, on_sqlite

INTERNAL = {
    ours.ConfigurationError,
    ours.FieldError,
    ours.TimingError,
    AlgorithmError,
    refusals.Refusal,
}
"""Errors that stop the start, or that a service or schema turns into one of its own."""


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("shuffify."):
            yield child
            yield from subclasses(child)


@pytest.mark.parametrize("kind", sorted(set(subclasses(ours.ShuffifyError)), key=str), ids=str)
def test_every_error_has_a_place_in_the_table(kind: type[Exception]) -> None:
    known = any(ancestor in RULES for ancestor in kind.__mro__)
    assert known or INTERNAL & set(kind.__mro__)


@on_sqlite
@pytest.mark.parametrize(
    "error, status, code",
    [
        (services.WorkshopSessionNotFoundError(), 404, "not_found"),
        (services.WorkshopSessionLimitError(10), 409, "limit_reached"),
        (services.UserNotAllowedError(disabled=True), 403, "not_allowed"),
        (services.PlaylistAccessError("not_editable", "No."), 403, "not_editable"),
        (services.PlaylistAccessError("not_readable", "No."), 403, "not_readable"),
        (services.PlaylistChangedError("abc", "Moved."), 409, "playlist_changed"),
        (services.NothingToUndoError(), 409, "nothing_to_undo"),
        (services.ScheduleRunningError(), 409, "already_running"),
        (services.SpotifyNotConfiguredError(), 503, "not_configured"),
        (services.TokenEncryptionError(7), 500, "internal_error"),
        (spotify.SignInNeededError(), 401, "reconnect_required"),
        (spotify.MissingScopeError(), 403, "missing_scope"),
        (spotify.NotRegisteredError(), 403, "not_allowed"),
        (spotify.PlaylistBusyError("lock"), 409, "playlist_busy"),
        (spotify.TooManyRowsError(10_001, 10_000), 409, "limit_reached"),
        (spotify.UnknownItemsError(["spotify:track:1"]), 409, "unwritable_rows"),
        (spotify.UnavailableError("no connection"), 502, "spotify_error"),
        (spotify.SpotifyTimeoutError(), 504, "spotify_timeout"),
        (spotify.RequestRefusedError(400, "bad"), 502, "spotify_error"),
        (ours.DatabaseUnavailable("away"), 503, "database_unavailable"),
        (ours.FieldTooLongError("name", 255, 300), 500, "internal_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_become_status_and_code(
    app: Flask, error: ours.ShuffifyError, status: int, code: str
) -> None:
    with app.test_request_context():
        problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)


@on_sqlite
def test_facts_travel_with_their_error(app: Flask) -> None:
    failed = services.PlaylistWriteError("Half-way.", restored=True, snapshot_id=7)
    limited = spotify.RateLimitedError(90)
    with app.test_request_context():
        assert problem_of(failed).facts == {"restored": True, "snapshot_id": 7}
        assert problem_of(limited).headers == {"Retry-After": "90"}
        assert problem_of(spotify.MissingScopeError()).facts["login_url"].startswith("/login?")


def fail_with(app: Flask, error: Exception) -> None:
    def fail() -> None:
        raise error

    app.add_url_rule("/fail", "fail", fail, methods=["GET", "POST"])


SQL = OperationalError("SELECT secret FROM users", {"token": "BQDsecret"}, Exception("away"))


@on_sqlite
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(
    "error, status",
    [(RuntimeError("SELECT token BQDsecret"), 500), (SQL, 503), (TimeoutError("secret"), 503)],
    ids=["unexpected", "database", "pool"],
)
def test_no_stack_trace_token_or_sql_reaches_a_client(
    visitor: Visitor, app: Flask, error: Exception, status: int, accept: str
) -> None:
    fail_with(app, error)
    answer = visitor.client.get("/fail", headers={"Accept": accept})
    assert answer.status_code == status
    for leak in ("Traceback", "SELECT", "secret", "BQD", ".py"):
        assert leak not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


@on_sqlite
def test_a_database_error_behind_a_services_is_503(visitor: Visitor, app: Flask) -> None:
    error = services.UserServiceError("The account could not be read.")
    error.__cause__ = SQL
    fail_with(app, error)
    answer = visitor.get("/fail")
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")


@on_sqlite
def test_unexpected_errors_are_logged_whole_with_their_request(
    visitor: Visitor, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    fail_with(app, RuntimeError("the reason"))
    with caplog.at_level(logging.ERROR):
        answer = visitor.get("/fail")
    (record,) = (entry for entry in caplog.records if entry.levelno == logging.ERROR)
    assert "the reason" in (record.exc_text or "")
    assert record.request_id == answer.headers["X-Request-ID"]  # type: ignore[attr-defined]


@on_sqlite
@pytest.mark.parametrize(
    "error, has_trace",
    [
        (services.PlaylistWriteError("Put back.", restored=True, snapshot_id=7), False),
        (spotify.SpotifyTimeoutError(), False),
        (services.PlaylistRecordError(), True),
        (ours.DatabaseUnavailable("away"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_only_what_needs_one_is_logged_with_its_trace(
    visitor: Visitor,
    app: Flask,
    caplog: pytest.LogCaptureFixture,
    error: ours.ShuffifyError,
    has_trace: bool,
) -> None:
    fail_with(app, error)
    with caplog.at_level(logging.ERROR):
        visitor.get("/fail")
    (record,) = (entry for entry in caplog.records if entry.levelno == logging.ERROR)
    assert bool(record.exc_info) is has_trace
    assert has_trace or str(error) in record.getMessage()


@on_sqlite
def test_the_envelope_of_an_error_is_complete(mira: Visitor) -> None:
    answer = mira.post("/settings", {"theme": 7})
    assert set(answer.json) == {
        "success", "message", "category", "code", "errors", "request_id",
    }
    assert (answer.json["success"], answer.json["category"]) == (False, "error")
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert set(answer.json["errors"][0]) == {"field", "message"}


@on_sqlite
def test_errors_are_listed_for_wrong_fields_only(mira: Visitor) -> None:
    assert "errors" not in mira.get("/nowhere").json


@on_sqlite
@pytest.mark.parametrize("status", sorted(error_pages.PAGES))
def test_error_pages_say_what_happened_what_changed_and_what_to_do(
    app: Flask, status: int
) -> None:
    words = error_pages.PAGES[status]
    with app.test_request_context("/nowhere", method="POST"):
        app.preprocess_request()
        page = error_pages.render(status, "Just so.", {})
    for part in (words.title, "Just so.", words.changed, words.next, "Request id"):
        assert part in page
    assert 'href="/"' in page


def test_product_names_every_status_that_has_a_page() -> None:
    needed = {400, 401, 403, 404, 405, 409, 413, 429, 500, 502, 503, 504}
    assert needed <= set(error_pages.PAGES)


@on_sqlite
def test_a_failed_reading_changed_nothing(app: Flask) -> None:
    with app.test_request_context("/"):
        app.preprocess_request()
        assert error_pages.NOTHING in error_pages.render(500, "Sorry.", {})


@on_sqlite
@pytest.mark.parametrize("restored, words", [(True, "put back"), (False, "not certain")])
def test_a_failed_write_says_whether_the_list_was_put_back(
    app: Flask, restored: bool, words: str
) -> None:
    with app.test_request_context("/nowhere", method="POST"):
        app.preprocess_request()
        assert words in error_pages.render(502, "Half-way.", {"restored": restored})


@on_sqlite
@pytest.mark.parametrize(
    "method, path, status",
    [("GET", "/nowhere", 404), ("POST", "/terms", 405), ("GET", "/api/user-playlists", 401)],
)
def test_browsers_get_pages_and_programs_get_json(
    mira: Visitor, visitor: Visitor, method: str, path: str, status: int
) -> None:
    page = visitor.client.open(path, method=method, data={"csrf_token": visitor.token()})
    if path.startswith("/api/"):
        assert page.is_json
    else:
        assert page.mimetype == "text/html"
    assert page.status_code == status
    program = visitor.send(method, path)
    assert program.is_json and program.status_code == status


@on_sqlite
def test_405_names_the_methods_that_work(visitor: Visitor) -> None:
    answer = visitor.post("/terms")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@on_sqlite
def test_an_empty_database_is_503_and_tells_nothing(
    mira: Visitor, app: Flask
) -> None:
    from shuffify.models.db import db

    with app.app_context():
        db.drop_all()
    for path in ("/", "/api/user-playlists"):
        answer = mira.client.get(path)
        assert answer.status_code == 503
        assert "no such table" not in answer.text
    assert mira.client.get("/livez").status_code == 200
    assert mira.client.get("/readyz").status_code == 503
