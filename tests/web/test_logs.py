"""What log lines hold, and what they never hold."""

import json
import logging
import sys

from flask import Flask
import pytest

from shuffify.sandbox import Sandbox, library
from shuffify.web.logs import JsonFormatter, redact
from tests.visitor import Visitor, on_sqlite

TOKEN = "BQDx4dK-kq_0123456789abcdefghijklmnopqrstuvwxyz"
FERNET = "gAAAAABrA_GhpsK00YuBmY8u97MpJCA2xMzw4LiswVsnGWsdPXej"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"{{'Authorization': 'Bearer {TOKEN}', 'Accept': '*/*'}}",
        f"headers={{'authorization': 'Basic {TOKEN}'}}",
        f"got Bearer {TOKEN}",
        f"access_token={TOKEN}&scope=x",
        f'{{"access_token": "{TOKEN}", "expires_in": 3600}}',
        f"'refresh_token': '{TOKEN}'",
        f"GET /callback?code={TOKEN}&state=abc HTTP/1.1",
        f"GET /callback?code=abc&state={TOKEN}",
        f"code_verifier={TOKEN}",
        f"client_secret={TOKEN}",
        f"Cookie: shuffify={TOKEN}; other={TOKEN}",
        f"Set-Cookie: shuffify={TOKEN}; HttpOnly",
        f"X-CSRFToken: {TOKEN}",
        f"csrf_token={TOKEN}",
        f'{{"sid": "{TOKEN}"}}',
        f"password: {TOKEN}",
        f"row holds {FERNET}",
    ],
)
def test_secrets_are_redacted(text: str) -> None:
    clean = redact(text)
    assert TOKEN not in clean and FERNET not in clean
    assert "[redacted]" in clean


@pytest.mark.parametrize(
    "text",
    [
        "GET /playlist/RFO1G1tJBz057ycxRxCYje 404 not_found",
        "Spotify answered with code 429 in state open",
        "error code: internal_error",
        "the CSRF token is missing",
        "spotify:track:dBdVOZSR7rwHLLmpoHcZcj",
    ],
)
def test_harmless_lines_stay(text: str) -> None:
    assert redact(text) == text


def record(app: Flask, message: str, *args: object, **options: object) -> logging.LogRecord:
    return logging.getLogger("somebody.else").makeRecord(
        "somebody.else", logging.ERROR, __file__, 1, message, args, options.get("exc_info")
    )  # type: ignore[arg-type]


@on_sqlite
def test_records_of_any_logger_are_redacted_with_their_arguments(app: Flask) -> None:
    made = record(app, "asked with %s", {"access_token": TOKEN})
    assert TOKEN not in made.getMessage()
    assert TOKEN not in repr(made.__dict__)


@on_sqlite
def test_exceptions_are_redacted(app: Flask) -> None:
    try:
        raise ValueError(f"refused: Bearer {TOKEN}")
    except ValueError:
        made = record(app, "failed", exc_info=sys.exc_info())
    formatted = logging.Formatter().format(made)
    assert "ValueError" in formatted and TOKEN not in formatted


@on_sqlite
def test_lines_name_their_request(app: Flask) -> None:
    assert record(app, "outside").request_id == "-"  # type: ignore[attr-defined]
    with app.test_request_context():
        app.preprocess_request()
        inside = record(app, "inside").request_id  # type: ignore[attr-defined]
    assert len(inside) == 36


@on_sqlite
def test_arguments_that_do_not_fit_are_left_to_the_handler(app: Flask) -> None:
    assert record(app, "%d tracks", "many").args == ("many",)


@on_sqlite
def test_collectors_get_one_object_per_line(app: Flask) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        line = JsonFormatter().format(record(app, "failed\nbadly", exc_info=sys.exc_info()))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["message"], entry["request_id"]) == (
        "ERROR", "failed\nbadly", "-",
    )
    assert "ValueError" in entry["exception"]


@on_sqlite
def test_a_whole_visit_leaves_no_secret_in_the_logs(
    visitor: Visitor, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor.log_in()
        visitor.client.get("/")
        sandbox.expire_access_tokens(library.MIRA)
        visitor.post("/refresh-playlists")
        sandbox.revoke(library.MIRA)
        sandbox.expire_access_tokens(library.MIRA)
        visitor.post("/refresh-playlists")
        visitor.client.get("/callback?code=made-up-code-of-some-length&state=made-up-state-too")
        with visitor.client.session_transaction() as session:
            secrets = [session["sid"]]
    for exchange in sandbox.requests(path="/api/token"):
        sent = exchange["body"] or {}
        secrets += [sent[name] for name in ("code", "code_verifier", "refresh_token")
                    if name in sent]
    cookie = visitor.client.get_cookie("shuffify")
    assert cookie is not None and len(secrets) >= 4
    logged = "\n".join(logging.Formatter().format(entry) for entry in caplog.records)
    for secret in [*secrets, cookie.value, "sandbox-secret"]:
        assert secret not in logged
