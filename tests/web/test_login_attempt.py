"""The cookie between the way to Spotify and the way back."""

from datetime import timedelta

from flask import Flask
from freezegun import freeze_time
import pytest
from werkzeug.datastructures import Headers

from shuffify.models.base import utcnow
from shuffify.spotify.oauth import LoginAttempt
from shuffify.web import login_attempt
from tests.visitor import on_sqlite

pytestmark = on_sqlite


def cookie_of(app: Flask, attempt: LoginAttempt) -> str:
    with app.test_request_context():
        response = app.make_response("")
        login_attempt.remember(response, attempt)
    return response.headers["Set-Cookie"].split(";")[0]


def taken(app: Flask, cookie: str) -> LoginAttempt | None:
    with app.test_request_context(headers=Headers({"Cookie": cookie})):
        return login_attempt.take()


def test_what_was_remembered_comes_back(app: Flask) -> None:
    attempt = LoginAttempt.new()
    assert taken(app, cookie_of(app, attempt)) == attempt


def test_the_cookie_shows_neither_state_nor_verifier(app: Flask) -> None:
    attempt = LoginAttempt.new()
    cookie = cookie_of(app, attempt)
    assert attempt.state not in cookie and attempt.code_verifier not in cookie


def test_it_counts_for_ten_minutes(app: Flask) -> None:
    attempt = LoginAttempt.new()
    cookie = cookie_of(app, attempt)
    with freeze_time(utcnow() + timedelta(minutes=9, seconds=50)):
        assert taken(app, cookie) == attempt
    with freeze_time(utcnow() + timedelta(minutes=10, seconds=5)):
        assert taken(app, cookie) is None


@pytest.mark.parametrize("cookie", ["", "shuffify-login=", "shuffify-login=forged", "x=\u00e4"])
def test_anything_else_is_nothing(app: Flask, cookie: str) -> None:
    assert taken(app, cookie) is None


def test_another_servers_cookie_is_nothing(app: Flask) -> None:
    cookie = cookie_of(app, LoginAttempt.new())
    app.secret_key = "another-secret-key-of-forty-characters--"
    assert taken(app, cookie) is None
