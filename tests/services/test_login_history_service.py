from datetime import timedelta
from hashlib import sha256

from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import LoginHistory, User
from shuffify.services import LoginHistoryService, UserNotFoundError, UserService
from tests.services.conftest import Trail


@pytest.fixture
def somebody(db: SQLAlchemy) -> int:
    return UserService.upsert_from_spotify({"id": "mira"}).id


def test_login_is_stored_without_the_text_of_the_cookie(somebody: int, outside: Session) -> None:
    LoginHistoryService.record_login(
        somebody, "secret-sid", ip_address="2001:db8::1", user_agent="Browser"
    )

    login = outside.scalars(select(LoginHistory)).one()
    assert login.session_id == sha256(b"secret-sid").hexdigest()
    assert (login.ip_address, login.user_agent) == ("2001:db8::1", "Browser")
    assert login.expires_at - login.logged_in_at == timedelta(days=14)


def test_first_login_and_later_ones_are_told_apart(
    somebody: int, outside: Session, trail: Trail
) -> None:
    LoginHistoryService.record_login(somebody, "first")
    UserService.upsert_from_spotify({"id": "mira"})
    LoginHistoryService.record_login(somebody, "second")

    kinds = outside.scalars(select(LoginHistory.login_type).order_by(LoginHistory.id)).all()
    assert kinds == ["oauth_initial", "oauth_refresh"]
    assert [row.metadata_json for row in trail.rows] == [
        {"first_login": True},
        {"first_login": False},
    ]
    assert trail.sentences == [("login", "Logged in via Spotify OAuth")] * 2
    assert {row.user_id for row in trail.rows} == {somebody}


def test_long_browser_names_are_cut(somebody: int, outside: Session) -> None:
    LoginHistoryService.record_login(somebody, "sid", ip_address="1" * 60, user_agent="x" * 900)

    login = outside.scalars(select(LoginHistory)).one()
    assert (len(login.ip_address or ""), len(login.user_agent or "")) == (45, 512)


def test_login_of_an_unknown_account_leaves_nothing(
    db: SQLAlchemy, outside: Session, trail: Trail
) -> None:
    with pytest.raises(UserNotFoundError):
        LoginHistoryService.record_login(7, "sid")
    assert outside.scalars(select(LoginHistory)).all() == []
    assert trail.rows == []


def test_open_login_is_open_for_its_own_user_only(somebody: int) -> None:
    other = UserService.upsert_from_spotify({"id": "jonas"}).id
    LoginHistoryService.record_login(somebody, "sid")

    assert LoginHistoryService.is_open(somebody, "sid")
    assert not LoginHistoryService.is_open(other, "sid")
    assert not LoginHistoryService.is_open(somebody, "other")


def test_login_of_a_disabled_account_is_not_open(somebody: int, outside: Session) -> None:
    LoginHistoryService.record_login(somebody, "sid")
    outside.get_one(User, somebody).is_active = False
    outside.commit()

    assert not LoginHistoryService.is_open(somebody, "sid")


def test_login_ends_two_weeks_after_its_last_use(somebody: int) -> None:
    with freeze_time("2026-11-01 12:00:00") as clock:
        LoginHistoryService.record_login(somebody, "sid")
        clock.tick(timedelta(days=13))
        assert LoginHistoryService.is_open(somebody, "sid")
        clock.tick(timedelta(days=13))
        assert LoginHistoryService.is_open(somebody, "sid")
        clock.tick(timedelta(days=14, seconds=1))
        assert not LoginHistoryService.is_open(somebody, "sid")


def test_expiry_moves_once_an_hour_at_most(somebody: int, outside: Session) -> None:
    def expiry() -> timedelta:
        outside.rollback()
        login = outside.scalars(select(LoginHistory)).one()
        return login.expires_at - login.logged_in_at

    with freeze_time("2026-11-01 12:00:00") as clock:
        LoginHistoryService.record_login(somebody, "sid")
        clock.tick(timedelta(minutes=59))
        LoginHistoryService.is_open(somebody, "sid")
        assert expiry() == timedelta(days=14)
        clock.tick(timedelta(minutes=2))
        LoginHistoryService.is_open(somebody, "sid")
        assert expiry() == timedelta(days=14, minutes=61)


def test_logout_closes_the_login_and_is_logged_once(
    somebody: int, outside: Session, trail: Trail
) -> None:
    LoginHistoryService.record_login(somebody, "sid")
    LoginHistoryService.record_login(somebody, "other")

    assert LoginHistoryService.record_logout(somebody, "sid")
    assert not LoginHistoryService.record_logout(somebody, "sid")

    assert not LoginHistoryService.is_open(somebody, "sid")
    assert LoginHistoryService.is_open(somebody, "other")
    ends = outside.scalars(select(LoginHistory.ended_by).order_by(LoginHistory.id)).all()
    assert ends == ["logout", None]
    assert trail.sentences[2:] == [("logout", "Logged out")]
    assert trail.last.metadata_json == {"everywhere": False, "logins_closed": 1}


def test_nobody_can_log_somebody_else_out(somebody: int) -> None:
    other = UserService.upsert_from_spotify({"id": "jonas"}).id
    LoginHistoryService.record_login(somebody, "sid")

    assert not LoginHistoryService.record_logout(other, "sid")
    assert LoginHistoryService.is_open(somebody, "sid")


def test_signing_out_everywhere_closes_all_logins(somebody: int, trail: Trail) -> None:
    for sid in ("one", "two", "three"):
        LoginHistoryService.record_login(somebody, sid)

    assert LoginHistoryService.sign_out_everywhere(somebody) == 3
    assert LoginHistoryService.sign_out_everywhere(somebody) == 0

    assert LoginHistoryService.list_open(somebody) == []
    assert trail.sentences[3:] == [("logout", "Logged out everywhere")]
    assert trail.last.metadata_json == {"everywhere": True, "logins_closed": 3}


def test_open_logins_are_listed_newest_first(somebody: int) -> None:
    logins = [LoginHistoryService.record_login(somebody, sid) for sid in ("one", "two")]

    assert LoginHistoryService.list_open(somebody) == logins[::-1]


def test_expired_logins_are_closed_without_a_row(
    somebody: int, outside: Session, trail: Trail
) -> None:
    LoginHistoryService.record_login(somebody, "sid")
    rows = len(trail.rows)

    assert LoginHistoryService.close_expired() == 0
    assert LoginHistoryService.close_expired(utcnow() + timedelta(days=15)) == 1

    outside.rollback()
    assert outside.scalars(select(LoginHistory)).one().ended_by == "expired"
    assert len(trail.rows) == rows


def test_a_login_is_known_by_its_cookie_alone(somebody: int) -> None:
    login = LoginHistoryService.record_login(somebody, "mine")
    assert LoginHistoryService.is_of(login, "mine")
    assert not LoginHistoryService.is_of(login, "theirs")
    assert not LoginHistoryService.is_of(login, login.session_id)
