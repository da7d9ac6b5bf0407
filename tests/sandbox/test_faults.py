"""Planned faults: each kind over real HTTP, what was applied, and which call is hit."""

from typing import Any

import pytest
import requests
import spotipy

from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, ControlError, Sandbox, library

from .client import Api, message, playable

TWELVE = library.PLAYLISTS["twelve"]
ITEMS = f"/v1/playlists/{TWELVE}/items"
PATH = ITEMS.removeprefix("/v1/")


def add_one(sandbox: Sandbox, api: Api, **options: Any) -> requests.Response:
    return api.call("POST", PATH, playable(sandbox, 1, 1000), **options)


def grown(sandbox: Sandbox) -> int:
    return len(sandbox.uris(TWELVE)) - 12


def test_rate_limit_carries_retry_after(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("rate_limit", retry_after=7)
    response = mira.call("GET", "me")
    assert message(response) == (429, "API rate limit exceeded")
    assert response.headers["Retry-After"] == "7"
    assert mira.call("GET", "me").status_code == 200


def test_spotipy_sees_the_status_and_the_header(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    sandbox.fault("rate_limit", retry_after=3)
    with pytest.raises(spotipy.SpotifyException) as caught:
        spotify.me()
    assert (caught.value.http_status, caught.value.headers["Retry-After"]) == (429, "3")


@pytest.mark.parametrize(("kind", "status", "applied"), [
    ("error_before", 500, 0), ("error_after", 502, 1), ("not_json", 502, 0), ("empty", 200, 1),
    ("truncated", 201, 1), ("spurious_401", 401, 0), ("not_registered", 403, 0),
    ("rate_limit", 429, 0), ("slow", 201, 1)])
def test_each_kind_applies_the_write_or_not(sandbox: Sandbox, mira: Api, kind: str, status: int,
                                            applied: int) -> None:
    sandbox.fault(kind, path=ITEMS, method="POST")
    assert add_one(sandbox, mira).status_code == status
    assert grown(sandbox) == applied
    entry = sandbox.requests()[-1]
    assert (entry["status"], entry["fault"]) == (status, kind)


def test_bodies_of_failures_come_as_json_html_and_empty(sandbox: Sandbox, mira: Api) -> None:
    for body in ("json", "html", "empty"):
        sandbox.fault("error_before", status=503, body=body)
    assert message(mira.call("GET", "me"))[0] == 503
    assert mira.call("GET", "me").text.startswith("<html>")
    assert mira.call("GET", "me").content == b""


def test_not_json_is_a_page_and_empty_has_no_body(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("not_json")
    sandbox.fault("empty")
    response = mira.call("GET", "me")
    assert response.headers["Content-Type"].startswith("text/html")
    assert mira.call("GET", "me").content == b""


def test_truncated_is_half_a_json_body(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("truncated")
    with pytest.raises(requests.JSONDecodeError):
        mira.call("GET", "me").json()


def test_not_registered_is_plain_text(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("not_registered")
    response = mira.call("GET", "me")
    assert response.headers["Content-Type"].startswith("text/plain")
    assert "the user may not be registered" in response.text


@pytest.mark.parametrize("applied", [False, True])
def test_a_timeout_is_silence_past_the_clients_patience(sandbox: Sandbox, mira: Api,
                                                        applied: bool) -> None:
    sandbox.fault("timeout", path=ITEMS, applied=applied)
    with pytest.raises(requests.ReadTimeout):
        add_one(sandbox, mira, timeout=0.1)
    assert grown(sandbox) == applied
    assert sandbox.requests(method="POST")[-1]["status"] is None
    assert mira.call("GET", "me").status_code == 200


@pytest.mark.parametrize("applied", [False, True])
def test_a_disconnect_closes_without_an_answer(sandbox: Sandbox, mira: Api,
                                               applied: bool) -> None:
    sandbox.fault("disconnect", applied=applied)
    with pytest.raises(requests.ConnectionError):
        add_one(sandbox, mira)
    assert grown(sandbox) == applied


def test_partial_applies_the_first_uris_only(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("partial", method="POST", applied=3)
    before, uris = sandbox.uris(TWELVE), playable(sandbox, 10, 1000)
    assert mira.call("POST", PATH, uris).status_code == 502
    assert sandbox.uris(TWELVE) == before + uris[:3]


def test_an_expired_token_stays_expired_and_says_so(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("token_expired")
    for _ in range(2):
        response = mira.call("GET", "me")
        assert message(response) == (401, "The access token expired")
        assert "The access token expired" in response.headers["WWW-Authenticate"]


def test_a_spurious_401_happens_once(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("spurious_401")
    assert message(mira.call("GET", "me")) == (401, "Invalid access token")
    assert mira.call("GET", "me").status_code == 200


def refresh(sandbox: Sandbox, http: requests.Session, token: object) -> requests.Response:
    return http.post(f"{sandbox.accounts_url}/api/token", auth=(CLIENT_ID, CLIENT_SECRET),
                     data={"grant_type": "refresh_token", "refresh_token": token}, timeout=10)


def test_a_revoked_token_fails_the_call_and_every_refresh(
        sandbox: Sandbox, http: requests.Session) -> None:
    granted = sandbox.grant("mira")
    api = Api(sandbox.url, str(granted["access_token"]), http)
    sandbox.fault("token_revoked", path="/v1/me")
    assert api.call("GET", "me").status_code == 401
    for _ in range(2):
        answer = refresh(sandbox, http, granted["refresh_token"])
        assert answer.json()["error_description"] == "Refresh token revoked"


def test_revocation_can_wait_for_the_refresh_itself(
        sandbox: Sandbox, http: requests.Session) -> None:
    token = sandbox.grant("mira")["refresh_token"]
    sandbox.fault("token_revoked", path="/api/token")
    assert refresh(sandbox, http, token).json()["error"] == "invalid_grant"
    assert refresh(sandbox, http, token).json()["error"] == "invalid_grant"


def test_a_false_invalid_grant_leaves_the_refresh_token_alive(
        sandbox: Sandbox, http: requests.Session) -> None:
    token = sandbox.grant("mira")["refresh_token"]
    sandbox.fault("invalid_grant", path="/api/token")
    assert refresh(sandbox, http, token).json()["error"] == "invalid_grant"
    assert refresh(sandbox, http, token).status_code == 200


def test_failures_of_the_accounts_service_are_flat(
        sandbox: Sandbox, http: requests.Session) -> None:
    sandbox.fault("error_before", path="/api/token")
    assert refresh(sandbox, http, "x").json()["error"] == "server_error"


def test_a_lagging_read_shows_the_state_before_the_last_write(
        sandbox: Sandbox, mira: Api) -> None:
    before = mira.get(f"playlists/{TWELVE}")
    add_one(sandbox, mira)
    sandbox.fault("lagging_read", path="/v1/playlists/*", method="GET", count=2)
    assert mira.get(PATH)["total"] == 12
    lagging = mira.get(f"playlists/{TWELVE}")
    assert lagging["snapshot_id"] == before["snapshot_id"]
    assert mira.get(PATH)["total"] == 13


def test_position_and_count_choose_the_calls(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("error_before", path="/v1/me", position=2, count=2)
    statuses = [mira.call("GET", "me").status_code for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    assert sandbox.pending_faults() == []


def test_without_a_count_a_fault_stays_until_it_is_cleared(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("error_before", path="/v1/me", count=None)
    assert {mira.call("GET", "me").status_code for _ in range(3)} == {500}
    sandbox.clear_faults()
    assert mira.call("GET", "me").status_code == 200


def test_method_and_path_choose_the_calls(sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("error_before", path="/v1/playlists/*/items", method="PUT")
    assert mira.call("GET", PATH).status_code == 200
    assert mira.call("GET", "me").status_code == 200
    assert mira.call("PUT", PATH, {"uris": []}).status_code == 500


def test_of_two_faults_the_first_planned_fires_and_both_count(
        sandbox: Sandbox, mira: Api) -> None:
    sandbox.fault("error_before", path="/v1/me", status=503)
    sandbox.fault("error_before", path="/v1/me", position=2)
    assert [mira.call("GET", "me").status_code for _ in range(3)] == [503, 500, 200]


@pytest.mark.parametrize(("fault", "text"), [
    ({"kind": "earthquake"}, "earthquake"), ({"kind": "empty", "seconds": 3}, "seconds"),
    ({"kind": "empty", "position": 0}, "position"), ({"kind": "empty", "count": 0}, "count")])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, fault: dict[str, Any],
                                                text: str) -> None:
    with pytest.raises(ControlError, match=text):
        sandbox.fault(**fault)
