"""What holds for every route, read from the live URL map: a new route is tested at once."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
import pytest

from shuffify import create_app
from shuffify.sandbox import Sandbox, library
from tests.routes.bodies import BODIES
from tests.visitor import Visitor, on_sqlite

OPEN = {
    "static", "core.index", "core.terms", "core.privacy", "core.livez", "core.readyz",
    "core.login", "core.callback", "core.logout", "core.metrics_page",
}
"""The endpoints that strangers may use."""

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def routes() -> Iterator[Any]:
    app = create_app("testing", {})
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods & (CHANGING | {"GET"})):
            path = rule.rule
            path = path.replace("<playlist:playlist_id>", library.PLAYLISTS["twelve"])
            for argument in rule.arguments - {"playlist_id"}:
                path = path.replace(f"<row:{argument}>", "1")
            if rule.endpoint != "static":
                assert "<" not in path, f"{rule.rule}: teach this test its arguments"
                marks = pytest.param(method, path, rule.endpoint, id=f"{method} {rule.rule}")
                yield marks


ALL = list(routes())
CLOSED = [case for case in ALL if case.values[2] not in OPEN]
CHANGES = [case for case in ALL if case.values[0] in CHANGING]
LISTS = [case for case in CLOSED if library.PLAYLISTS["twelve"] in case.values[1]]
ROWS = [case for case in CLOSED if case.values[1].split("/")[-1].split("?")[0] == "1"
        or "/1/" in case.values[1]]


@on_sqlite
@pytest.mark.parametrize("method, path, endpoint", CLOSED)
def test_without_a_login_it_is_401(
    visitor: Visitor, method: str, path: str, endpoint: str
) -> None:
    answer = visitor.send(method, path)
    assert (answer.status_code, answer.json["code"]) == (401, "login_required")
    assert answer.json["login_url"] == "/"
    assert answer.json["success"] is False


@on_sqlite
@pytest.mark.parametrize("method, path, endpoint", CHANGES)
def test_without_a_csrf_token_it_is_400(
    mira: Visitor, method: str, path: str, endpoint: str
) -> None:
    answer = mira.client.open(
        path, method=method, json={}, headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed")


@on_sqlite
@pytest.mark.parametrize("method, path, endpoint", CHANGES)
def test_another_sessions_csrf_token_is_400(
    mira: Visitor, jonas: Visitor, method: str, path: str, endpoint: str
) -> None:
    mira.token()
    answer = mira.client.open(
        path, method=method, json={},
        headers={"Accept": "application/json", "X-CSRFToken": jonas.token()},
    )
    assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed")
    assert mira.is_logged_in()


@on_sqlite
def test_a_forged_csrf_token_is_400_on_every_route(mira: Visitor, app: Flask) -> None:
    token = mira.token()
    with mira.client.session_transaction() as session:
        content = session["csrf_token"]
    others = URLSafeTimedSerializer("another-secret-key", salt="wtf-csrf-token").dumps(content)
    for case in CHANGES:
        method, path, _ = case.values
        for forged in ("", "x", "null", token[::-1], token.lower(), content, others):
            headers = {"Accept": "application/json", "X-CSRFToken": forged}
            answer = mira.client.open(path, method=method, json={}, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed"), path
    assert mira.is_logged_in()


@on_sqlite
@pytest.mark.parametrize("method, path, endpoint", LISTS)
def test_somebody_elses_list_shows_and_changes_nothing(
    mira: Visitor, jonas: Visitor, sandbox: Sandbox, method: str, path: str, endpoint: str
) -> None:
    twelve, shared = library.PLAYLISTS["twelve"], library.PLAYLISTS["shared"]
    uris = [str(uri) for uri in sandbox.uris(twelve)]
    mira.post(f"/workshop/{twelve}/sessions", {"session_name": "Mine", "track_uris": uris})
    mira.post(f"/playlist/{twelve}/upstream-sources", {"source_playlist_id": shared})
    mira.post(f"/playlist/{twelve}/snapshots", {"trigger_description": "Mine"})
    mira.post(f"/shuffle/{twelve}", {"seed": 1})
    before = everything(mira, sandbox)
    body = BODIES[endpoint].valid if endpoint in BODIES else {}
    answer = jonas.send(method, path, dict(body))
    assert answer.status_code in (200, 201, 400, 403, 404, 409), answer.text
    assert not [word for word in ("Mine", *uris) if word in answer.text]
    assert everything(mira, sandbox) == before


def everything(mira: Visitor, sandbox: Sandbox) -> list[Any]:
    """Return what Mira has of her list, and what Spotify has."""
    twelve = library.PLAYLISTS["twelve"]
    paths = [f"/workshop/{twelve}/sessions", f"/playlist/{twelve}/upstream-sources",
             f"/playlist/{twelve}/snapshots"]
    return [sandbox.snapshot_id(twelve), *(mira.get(path).json for path in paths)]


@pytest.mark.parametrize("method, path, endpoint", ROWS)
def test_somebody_elses_row_is_404_and_stays(
    mira: Visitor, jonas: Visitor, method: str, path: str, endpoint: str
) -> None:
    twelve = library.PLAYLISTS["twelve"]
    mira.post(f"/workshop/{twelve}/sessions", {"session_name": "Mine", "track_uris": []})
    mira.post(f"/playlist/{twelve}/upstream-sources",
              {"source_playlist_id": library.PLAYLISTS["hundred_twenty"]})
    mira.post("/schedules/create", {
        "job_type": "shuffle", "target_playlist_id": twelve, "algorithm_name": "BasicShuffle",
    })
    mira.post(f"/playlist/{twelve}/snapshots")
    body = {"session_name": "Stolen"} if "workshop" in path else {}
    answer = jonas.send(method, path, body)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    unknown = jonas.send(method, path.replace("/1", "/987654"), body)
    assert unknown.json["message"] == answer.json["message"]
    assert mira.get("/workshop/sessions/1").json["session"]["session_name"] == "Mine"
    assert len(mira.get(f"/playlist/{twelve}/upstream-sources").json["sources"]) == 1
    (schedule,) = mira.get("/schedules").json["schedules"]
    assert (schedule["is_enabled"], schedule["last_status"]) == (True, None)
    (snapshot,) = mira.get(f"/playlist/{twelve}/snapshots").json["snapshots"]
    assert snapshot["restored_at"] is None


@on_sqlite
@pytest.mark.parametrize(
    "path", ["/workshop/sessions/", "/schedules/", "/upstream-sources/", "/snapshots/"]
)
@pytest.mark.parametrize("row", ["0", "2147483648", "9" * 30, "-1", "x"])
def test_rows_that_cannot_exist_are_404(mira: Visitor, path: str, row: str) -> None:
    answer = mira.delete(f"{path}{row}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@on_sqlite
@pytest.mark.parametrize(
    "method, path, endpoint", [one for one in CHANGES if one.values[2] != "core.logout"]
)
def test_too_many_requests_are_429(
    mira: Visitor, app: Flask, method: str, path: str, endpoint: str
) -> None:
    app.config["RATE_LIMITS"] = True
    token = mira.token()
    for _ in range(100):
        # A wrong body of a kind that every one of them refuses, or has no use for.
        answer = mira.client.open(
            path, method=method, data=b"[]", content_type="application/json",
            headers={"Accept": "application/json", "X-CSRFToken": token},
        )
        if answer.status_code == 429:
            break
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert 1 <= answer.json["retry_after"] <= 61
    assert answer.headers["Retry-After"] == str(answer.json["retry_after"])


def test_every_open_endpoint_exists() -> None:
    assert OPEN == {case.values[2] for case in ALL if case.values[2] in OPEN} | {"static"}


def test_visitors_are_limited_apart(
    visit: Callable[[], Visitor], mira: Visitor, jonas: Visitor, app: Flask
) -> None:
    app.config["RATE_LIMITS"] = True
    codes = [mira.post("/settings").status_code for _ in range(61)]
    assert codes == [200] * 60 + [429]
    assert jonas.post("/settings").status_code == 200


@pytest.mark.parametrize("path", ["/login?legal_consent=given", "/callback?state=x&code=y"])
def test_logins_are_limited_by_address(visitor: Visitor, app: Flask, path: str) -> None:
    app.config["RATE_LIMITS"] = True
    codes = [visitor.client.get(path).status_code for _ in range(11)]
    assert codes == [302] * 10 + [429]
