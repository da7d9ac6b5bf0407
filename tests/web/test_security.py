"""Headers, cookies, CSRF and proxies."""

from collections.abc import Callable

from flask import Flask, request
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import LoginHistory, User
from shuffify.sandbox import Sandbox
from tests.visitor import Visitor, on_sqlite

PRODUCTION = {
    "PUBLIC_URL": "https://shuffify.example",
    "SPOTIFY_REDIRECT_URI": "https://shuffify.example/callback",
    "SPOTIFY_CLIENT_ID": "0" * 32,
    "SPOTIFY_CLIENT_SECRET": "1" * 32,
}


@pytest.fixture
def production(make_app: Callable[..., Flask]) -> Flask:
    """Return an app as people depend on it, pointed at the real hosts."""
    real = {"SPOTIFY_ACCOUNTS_URL": "", "SPOTIFY_API_URL": ""}
    return make_app("production", **PRODUCTION, **real)


def policy(visitor: Visitor) -> dict[str, list[str]]:
    text = visitor.client.get("/").headers["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in text.split("; ")}


@on_sqlite
def test_the_policy_lets_nothing_in_but_our_own_and_covers(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    covers = ["https://*.scdn.co", "https://*.spotifycdn.com", sandbox.url]
    assert policy(visitor) == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:", *covers],
        "form-action": ["'self'", sandbox.url],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


@on_sqlite
def test_production_knows_no_sandbox(production: Flask) -> None:
    found = policy(Visitor(production))
    assert found["img-src"] == [
        "'self'", "data:", "https://*.scdn.co", "https://*.spotifycdn.com",
    ]
    assert found["form-action"] == ["'self'", "https://accounts.spotify.com"]
    assert "Nothing here is Spotify" not in Visitor(production).client.get("/").text


@on_sqlite
@pytest.mark.parametrize("path", ["/", "/nowhere", "/livez", "/api/user-playlists"])
def test_every_answer_has_the_headers(visitor: Visitor, path: str) -> None:
    headers = visitor.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert headers["Cache-Control"] == "no-store"


@on_sqlite
def test_production_insists_on_https(production: Flask) -> None:
    visitor = Visitor(production)
    headers = visitor.client.get("/", base_url="https://shuffify.example").headers
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    (cookie,) = headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-shuffify=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    answer = visitor.client.get(
        "/login?legal_consent=given", base_url="https://shuffify.example"
    )
    (attempt,) = (c for c in answer.headers.getlist("Set-Cookie") if "login" in c)
    assert attempt.startswith("__Secure-shuffify-login=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/callback", "Max-Age=600"):
        assert part in attempt


@on_sqlite
def test_the_login_cookie_lives_14_days_from_its_last_use(visitor: Visitor) -> None:
    answer = visitor.client.get(visitor.consent(visitor.begin_login()))
    (cookie,) = (c for c in answer.headers.getlist("Set-Cookie") if c.startswith("shuffify="))
    assert "Expires=" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie


@on_sqlite
def test_no_cookie_holds_a_secret(visitor: Visitor, outside: Session) -> None:
    visitor.begin_login()
    attempt = visitor.client.get_cookie("shuffify-login", path="/callback")
    assert attempt is not None and attempt.value.startswith("gAAAAA")
    visitor.log_in()
    with visitor.client.session_transaction() as session:
        kept = repr(dict(session))
    assert "token'" not in kept.replace("csrf_token'", "")
    stored = outside.scalars(select(User)).one()
    assert str(stored.encrypted_access_token) not in kept
    digest = outside.scalars(select(LoginHistory.session_id)).one()
    assert len(digest) == 64 and digest not in kept


@on_sqlite
def test_a_form_without_a_token_is_a_page_that_says_reload(mira: Visitor) -> None:
    answer = mira.client.post("/logout")
    assert answer.status_code == 400
    assert "Reload it" in answer.text
    assert mira.is_logged_in()


@on_sqlite
def test_a_wrong_token_is_refused(mira: Visitor) -> None:
    # Turned round: the last character alone holds spare bits, so that another may mean the same.
    headers = {"X-CSRFToken": mira.token()[::-1]}
    answer = mira.client.post("/settings", json={}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed")


@on_sqlite
def test_a_token_of_the_time_before_the_login_is_refused(visitor: Visitor) -> None:
    old = visitor.token()
    visitor.log_in()
    answer = visitor.client.post("/settings", json={}, headers={"X-CSRFToken": old})
    assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed")


@on_sqlite
def test_a_pushed_app_context_does_not_hand_tokens_from_visitor_to_visitor(
    app: Flask, visit: Callable[[], Visitor]
) -> None:
    first, second = visit().log_in(), visit().log_in()
    with app.app_context():
        assert first.post("/settings").status_code == 200
        assert second.post("/settings").status_code == 200
        assert second.token() != first.token()


@on_sqlite
@pytest.mark.parametrize("proxies, seen", [("0", "10.0.0.9"), ("1", "203.0.113.7")])
def test_forwarded_addresses_count_behind_trusted_proxies_only(
    make_app: Callable[..., Flask], proxies: str, seen: str
) -> None:
    app = make_app(TRUSTED_PROXIES=proxies)
    app.add_url_rule("/address", "address", lambda: f"{request.remote_addr} {request.scheme}")
    answer = Visitor(app).client.get(
        "/address",
        headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"},
        environ_base={"REMOTE_ADDR": "10.0.0.9"},
    )
    scheme = "https" if proxies == "1" else "http"
    assert answer.text == f"{seen} {scheme}"
