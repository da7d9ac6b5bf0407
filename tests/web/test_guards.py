"""Who is signed in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from freezegun import freeze_time
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import LoginHistory
from shuffify.web.guards import login_required_page
from tests.visitor import STYLE_SHEET, Visitor


def test_a_closed_login_is_signed_out_at_the_next_request(
    mira: Visitor, outside: Session
) -> None:
    login = outside.scalars(select(LoginHistory)).one()
    login.logged_out_at, login.ended_by = utcnow(), "everywhere"
    outside.commit()
    answer = mira.get("/settings")
    assert (answer.status_code, answer.json["code"]) == (401, "login_required")
    with mira.client.session_transaction() as session:
        assert "user_id" not in session and "sid" not in session


def test_a_closed_login_answers_401_to_changes_rather_than_an_old_form(
    mira: Visitor, outside: Session
) -> None:
    token = mira.token()
    login = outside.scalars(select(LoginHistory)).one()
    login.logged_out_at, login.ended_by = utcnow(), "everywhere"
    outside.commit()
    answer = mira.client.post("/settings", json={}, headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json["code"]) == (401, "login_required")


def test_an_expired_login_is_signed_out(mira: Visitor, outside: Session) -> None:
    outside.scalars(select(LoginHistory)).one().expires_at = utcnow() - timedelta(seconds=1)
    outside.commit()
    assert not mira.is_logged_in()


def test_use_keeps_a_login_open(mira: Visitor, outside: Session) -> None:
    first = outside.scalars(select(LoginHistory)).one().expires_at
    outside.rollback()
    start = utcnow()
    for days in (10, 20, 30):
        with freeze_time(start + timedelta(days=days)):
            assert mira.is_logged_in()
    last = outside.scalars(select(LoginHistory)).one().expires_at
    assert last - first > timedelta(days=29)


def test_answers_leave_the_cookie_alone_until_the_login_is_renewed(mira: Visitor) -> None:
    # A late answer would otherwise put back a login that another tab has left meanwhile.
    mira.client.get("/terms")
    assert "Set-Cookie" not in mira.get("/api/user-playlists").headers
    assert "Set-Cookie" not in mira.client.get("/terms").headers
    with freeze_time(utcnow() + timedelta(minutes=61)):
        assert "Set-Cookie" in mira.get("/api/user-playlists").headers
        assert "Set-Cookie" not in mira.get("/api/user-playlists").headers


def test_a_cookie_older_than_14_days_is_worth_nothing(mira: Visitor, outside: Session) -> None:
    # Not its Expires, which a thief's client ignores: the signature's own time.
    cookie = mira.client.get_cookie("shuffify")
    outside.scalars(select(LoginHistory)).one().expires_at = datetime(2100, 1, 1)
    outside.commit()
    assert cookie is not None
    with freeze_time(utcnow() + timedelta(days=15)):
        mira.client.set_cookie("shuffify", cookie.value)
        assert not mira.is_logged_in()


def test_somebody_elses_sid_is_no_login(mira: Visitor, jonas: Visitor) -> None:
    with jonas.client.session_transaction() as session:
        sid = session["sid"]
    with mira.client.session_transaction() as session:
        session["sid"] = sid
    assert not mira.is_logged_in()


def test_pages_send_strangers_to_the_start_and_programs_get_401(
    app: Flask, visit: Callable[[], Visitor]
) -> None:
    app.add_url_rule("/page", "page", login_required_page(lambda: "for users"))
    stranger = visit()
    answer = stranger.client.get("/page")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "Log in to see that page." in stranger.client.get("/").text
    assert stranger.get("/page").status_code == 401
    assert visit().log_in().client.get("/page").text == "for users"


@pytest.mark.parametrize("path", ["/livez", "/readyz", STYLE_SHEET])
def test_machines_are_answered_without_a_look_at_the_login(
    mira: Visitor, outside: Session, path: str
) -> None:
    outside.scalars(select(LoginHistory)).one().logged_out_at = utcnow()
    outside.commit()
    with mira.client.get(path) as answer:
        assert "Set-Cookie" not in answer.headers
