"""The way in and out."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from flask import Flask
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, LoginHistory, User
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor

Visit = Callable[[], Visitor]


def rows(outside: Session, kind: str) -> list[ActivityLog]:
    query = select(ActivityLog).where(ActivityLog.activity_type == kind)
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def cookie(visitor: Visitor, name: str = "shuffify", path: str = "/") -> str | None:
    found = visitor.client.get_cookie(name, path=path)
    return None if found is None else found.value


def inside(visitor: Visitor) -> dict[str, object]:
    with visitor.client.session_transaction() as session:
        return dict(session)


def test_strangers_see_what_this_is_and_can_agree_to_the_terms(visitor: Visitor) -> None:
    page = visitor.client.get("/")
    assert page.status_code == 200
    assert 'name="legal_consent"' in page.text
    assert "Nothing here is Spotify" in page.text


@pytest.mark.parametrize("path", ["/terms", "/privacy"])
def test_legal_pages_are_open_to_everybody(visitor: Visitor, path: str) -> None:
    page = visitor.client.get(path)
    assert page.status_code == 200
    assert "<h1>" in page.text


def test_livez_touches_nothing(visitor: Visitor, mira: Visitor, app: Flask) -> None:
    answer = mira.client.get("/livez")
    assert answer.json == {"status": "ok"}
    assert "Set-Cookie" not in answer.headers


def test_readyz_says_what_is_missing_without_detail(visitor: Visitor, sandbox: Sandbox) -> None:
    answer = visitor.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "status": "failed",
        "checks": {
            "database": "ok",
            "migrations": "failed",
            "token_keys": "ok",
            "scheduler": "off",
        },
    }
    assert sandbox.requests() == []


def test_login_needs_consent(visitor: Visitor) -> None:
    answer = visitor.client.get("/login", follow_redirects=True)
    assert answer.status_code == 200
    assert "Agree to the terms" in answer.text


def test_login_asks_spotify_with_state_and_pkce(visitor: Visitor, sandbox: Sandbox) -> None:
    address = visitor.begin_login()
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{sandbox.url}/authorize?")
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 32
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/callback"]


def test_login_without_credentials_names_the_remedy(make_app: Callable[..., Flask]) -> None:
    app = make_app(SPOTIFY_CLIENT_ID="", SPOTIFY_CLIENT_SECRET="")
    visitor = Visitor(app)
    page = visitor.client.get("/")
    assert "SPOTIFY_CLIENT_ID" in page.text
    assert "<code>http://127.0.0.1:8000/callback</code>" in page.text
    assert 'name="legal_consent"' not in page.text
    answer = visitor.client.get("/login?legal_consent=given")
    assert answer.status_code == 503
    assert "SPOTIFY_CLIENT_ID" in answer.text


def test_callback_logs_in_and_leaves_one_login_row(visitor: Visitor, outside: Session) -> None:
    visitor.log_in()
    (row,) = rows(outside, "login")
    assert row.description == "Logged in via Spotify OAuth"
    assert row.metadata_json == {"first_login": True}
    assert (row.source, len(row.request_id or "")) == ("web", 36)
    login = outside.scalars(select(LoginHistory)).one()
    assert (login.login_type, login.ip_address) == ("oauth_initial", "127.0.0.1")


def test_account_keeps_what_spotify_said_and_no_plain_token(
    visitor: Visitor, outside: Session, sandbox: Sandbox
) -> None:
    visitor.log_in()
    user = outside.scalars(select(User)).one()
    assert (user.spotify_id, user.display_name) == (library.MIRA, "Mira")
    assert user.granted_scope is not None and "playlist-modify-private" in user.granted_scope
    assert (user.encrypted_access_token or "").startswith("gAAAAA")
    assert (user.encrypted_refresh_token or "").startswith("gAAAAA")


def test_the_cookie_holds_user_and_sid_alone(mira: Visitor, outside: Session) -> None:
    user = outside.scalars(select(User)).one()
    kept = inside(mira)
    assert kept.pop("user_id") == user.id
    sid = str(kept.pop("sid"))
    assert len(sid) >= 32
    assert set(kept) <= {"csrf_token", "_flashes"}
    assert sid not in outside.scalars(select(LoginHistory.session_id)).one()


def test_the_login_makes_the_session_anew(visitor: Visitor) -> None:
    visitor.token()
    planted = inside(visitor)
    visitor.log_in()
    assert inside(visitor).get("csrf_token") != planted["csrf_token"]
    first = inside(visitor)["sid"]
    visitor.log_in()
    assert inside(visitor)["sid"] != first


@pytest.mark.parametrize("user", [library.MIRA, library.JONAS])
def test_a_new_login_closes_the_one_that_the_browser_had(
    mira: Visitor, visit: Visit, outside: Session, user: str
) -> None:
    elsewhere = visit().log_in(library.MIRA)
    old = inside(mira)
    mira.log_in(user)
    kept = visit()
    with kept.client.session_transaction() as session:
        session.update(old)
    assert not kept.is_logged_in(), "the old cookie"
    assert elsewhere.is_logged_in(), "another browser's"
    ends = outside.scalars(select(LoginHistory.ended_by).order_by(LoginHistory.id)).all()
    assert ends == ["expired", None, None]
    ids = {user.spotify_id: user.id for user in outside.scalars(select(User))}
    people = [ids[library.MIRA], ids[library.MIRA], ids[user]]
    assert [row.user_id for row in rows(outside, "login")] == people
    assert rows(outside, "logout") == [], "nobody logged out"


def test_a_login_that_fails_leaves_the_old_one_open(mira: Visitor) -> None:
    old = inside(mira)["sid"]
    state = parse_qs(urlsplit(mira.begin_login()).query)["state"][0]
    mira.client.get(f"/callback?code=made-up&state={state}")
    assert inside(mira)["sid"] == old
    assert mira.is_logged_in()


def test_a_planted_sid_does_not_survive_the_login(visitor: Visitor, visit: Visit) -> None:
    with visitor.client.session_transaction() as session:
        session["sid"] = "known-to-the-attacker"
    visitor.log_in()
    stolen = visit()
    with stolen.client.session_transaction() as session:
        session.update(user_id=inside(visitor)["user_id"], sid="known-to-the-attacker")
    assert not stolen.is_logged_in()


def test_an_unknown_state_is_refused(visitor: Visitor, outside: Session) -> None:
    visitor.begin_login()
    answer = visitor.client.get("/callback?code=abc&state=guessed", follow_redirects=True)
    assert "was not begun here" in answer.text
    assert not visitor.is_logged_in()
    assert outside.scalar(select(func.count(User.id))) == 0


def test_a_callback_that_nobody_asked_for_is_refused(visitor: Visitor, visit: Visit) -> None:
    back = visitor.consent(visitor.begin_login())
    other = visit()
    assert "was not begun here" in other.client.get(back, follow_redirects=True).text
    assert not other.is_logged_in()


def test_a_replayed_callback_is_refused(visitor: Visitor, outside: Session) -> None:
    back = visitor.consent(visitor.begin_login())
    assert visitor.client.get(back).status_code == 302
    again = visitor.client.get(back, follow_redirects=True)
    assert "was not begun here" in again.text
    assert len(rows(outside, "login")) == 1
    assert visitor.is_logged_in()


@pytest.mark.parametrize("query", ["error=access_denied", "code=made-up", "state=guessed"])
def test_the_first_callback_drops_the_attempt_whatever_its_outcome(
    visitor: Visitor, query: str
) -> None:
    state = parse_qs(urlsplit(visitor.begin_login()).query)["state"][0]
    assert cookie(visitor, "shuffify-login", "/callback") is not None
    visitor.client.get(f"/callback?{query}&state={state}")
    assert cookie(visitor, "shuffify-login", "/callback") is None


def test_a_refusal_at_spotify_is_explained(visitor: Visitor, outside: Session) -> None:
    back = visitor.consent(visitor.begin_login(), decision="deny")
    assert "error=" in back
    assert "did not allow" in visitor.client.get(back, follow_redirects=True).text
    assert outside.scalar(select(func.count(User.id))) == 0


@pytest.mark.parametrize("query", ["error=server_error", "error=invalid_scope", "error=", ""])
def test_a_fault_at_spotify_is_not_called_a_refusal(
    visitor: Visitor, outside: Session, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    state = parse_qs(urlsplit(visitor.begin_login()).query)["state"][0]
    page = visitor.client.get(f"/callback?{query}&state={state}", follow_redirects=True).text
    assert "did not allow" not in page
    assert "Spotify broke off the login" in page
    assert [record.levelname for record in caplog.records if record.name.endswith("core")] == [
        "ERROR"
    ]
    assert outside.scalar(select(func.count(User.id))) == 0


def test_a_code_that_spotify_refuses_is_explained(visitor: Visitor, outside: Session) -> None:
    state = parse_qs(urlsplit(visitor.begin_login()).query)["state"][0]
    answer = visitor.client.get(f"/callback?code=made-up&state={state}", follow_redirects=True)
    assert "The login did not work" in answer.text
    assert outside.scalar(select(func.count(User.id))) == 0


def test_spotify_failing_during_the_login_is_explained(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    back = visitor.consent(visitor.begin_login())
    sandbox.fault("error_before", path="/api/token", count=None)
    assert "The login did not work" in visitor.client.get(back, follow_redirects=True).text


def test_people_who_are_not_on_the_list_get_403(
    make_app: Callable[..., Flask], outside: Session
) -> None:
    stranger = Visitor(make_app(ALLOWED_SPOTIFY_IDS=library.JONAS))
    answer = stranger.client.get(stranger.consent(stranger.begin_login()))
    assert answer.status_code == 403
    assert "not on the list" in answer.text
    assert outside.scalar(select(func.count(User.id))) == 0
    assert cookie(stranger, "shuffify-login", "/callback") is None


def test_people_who_are_not_registered_with_the_spotify_app_get_403(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    back = visitor.consent(visitor.begin_login())
    sandbox.fault("not_registered", path="/v1/me")
    answer = visitor.client.get(back)
    assert answer.status_code == 403
    assert "not registered" in answer.text


def test_people_taken_off_the_list_are_shut_out_at_their_next_request(
    mira: Visitor, make_app: Callable[..., Flask], outside: Session
) -> None:
    kept = inside(mira)
    later = Visitor(make_app(ALLOWED_SPOTIFY_IDS=library.JONAS))
    with later.client.session_transaction() as session:
        session.update(kept)
    answer = later.get("/api/user-playlists")
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")
    assert "not on the list" in answer.json["message"]
    assert later.get("/api/user-playlists").status_code == 401
    assert later.client.get("/").status_code == 200
    login = outside.scalars(select(LoginHistory)).one()
    assert (login.logged_out_at is not None, login.ended_by) == (True, "expired")
    assert rows(outside, "logout") == []
    # Back on the list, they log in again: the old cookie is worth nothing.
    assert not mira.is_logged_in()
    assert mira.log_in().is_logged_in()


def test_people_taken_off_the_list_see_a_page_that_says_so(
    mira: Visitor, make_app: Callable[..., Flask]
) -> None:
    later = Visitor(make_app(ALLOWED_SPOTIFY_IDS=library.JONAS))
    with later.client.session_transaction() as session:
        session.update(inside(mira))
    answer = later.client.get("/")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "not on the list" in answer.text


def test_disabled_accounts_cannot_log_in_and_are_signed_out(
    mira: Visitor, outside: Session, visit: Visit
) -> None:
    outside.scalars(select(User)).one().is_active = False
    outside.commit()
    answer = mira.get("/api/user-playlists")
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")
    assert "disabled" in answer.json["message"]
    assert mira.get("/api/user-playlists").status_code == 401
    other = visit()
    answer = other.client.get(other.consent(other.begin_login()))
    assert answer.status_code == 403
    assert "disabled" in answer.text


def test_logout_closes_the_login(mira: Visitor, outside: Session) -> None:
    kept = inside(mira)
    answer = mira.client.post("/logout", data={"csrf_token": mira.token()})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert not mira.is_logged_in()
    (row,) = rows(outside, "logout")
    assert row.description == "Logged out"
    with mira.client.session_transaction() as session:
        session.update(kept)
    assert not mira.is_logged_in(), "a cookie that was kept must not work after the logout"


def test_logout_everywhere_closes_other_browsers_at_once(
    mira: Visitor, visit: Visit, jonas: Visitor, outside: Session
) -> None:
    elsewhere = visit().log_in(library.MIRA)
    mira.client.post("/logout", data={"csrf_token": mira.token(), "everywhere": "on"})
    assert not elsewhere.is_logged_in()
    assert jonas.is_logged_in()
    (row,) = rows(outside, "logout")
    assert row.metadata_json is not None
    assert (row.description, row.metadata_json["logins_closed"]) == ("Logged out everywhere", 2)


def test_logout_without_a_login_changes_nothing(visitor: Visitor, outside: Session) -> None:
    answer = visitor.client.post("/logout", data={"csrf_token": visitor.token()})
    assert answer.status_code == 302
    assert rows(outside, "logout") == []


def test_logout_of_a_login_that_was_closed_elsewhere_leads_to_the_start(
    mira: Visitor, visit: Visit, outside: Session
) -> None:
    elsewhere = visit().log_in(library.MIRA)
    form = {"csrf_token": mira.token()}
    elsewhere.client.post("/logout", data={"csrf_token": elsewhere.token(), "everywhere": "on"})
    answer = mira.client.post("/logout", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "You are logged out." in mira.client.get("/").text
    assert len(rows(outside, "logout")) == 1


def test_logout_with_an_old_form_is_refused_while_somebody_is_logged_in(mira: Visitor) -> None:
    assert mira.client.post("/logout", data={"csrf_token": "old"}).status_code == 400
    assert mira.is_logged_in()
