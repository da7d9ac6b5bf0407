"""Tokens, scopes and caches of the Web API."""

import pytest
import requests

from shuffify.sandbox import Sandbox, library

from .client import Api, message

LISTS = library.PLAYLISTS


@pytest.mark.parametrize(("header", "text"), [
    ({}, "No token provided"), ({"Authorization": "Bearer "}, "No token provided"),
    ({"Authorization": "Basic abc"}, "No token provided"),
    ({"Authorization": "Bearer made-up"}, "Invalid access token")])
def test_without_a_live_token_every_path_answers_401(
        sandbox: Sandbox, http: requests.Session, header: dict[str, str], text: str) -> None:
    for path in ("me", "me/", "playlists/x", "no/such/path"):
        response = http.get(f"{sandbox.url}/v1/{path}", headers=header, timeout=10)
        assert message(response) == (401, text)
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_ends_after_an_hour(sandbox: Sandbox, mira: Api) -> None:
    sandbox.advance(3599)
    assert mira.call("GET", "me").status_code == 200
    sandbox.advance(1)
    assert message(mira.call("GET", "me")) == (401, "The access token expired")


def test_expiry_reaches_the_named_user_only(sandbox: Sandbox, mira: Api, jonas: Api) -> None:
    sandbox.expire_access_tokens("mira")
    assert mira.call("GET", "me").status_code == 401
    assert jonas.call("GET", "me").status_code == 200
    sandbox.expire_access_tokens()
    assert jonas.call("GET", "me").status_code == 401


@pytest.mark.parametrize("path", ["me", "me/"])
def test_the_profile_is_small_and_answers_with_and_without_the_slash(
        mira: Api, path: str) -> None:
    assert set(mira.get(path)) == {"account_id", "display_name", "external_urls", "href", "id",
                                   "images", "type", "uri"}


def test_the_account_id_is_a_switch(sandbox: Sandbox, mira: Api) -> None:
    sandbox.assume(account_id=False)
    assert "account_id" not in mira.get("me")


SHARED_ITEMS = f"playlists/{LISTS['shared']}/items"
PRIVATE_ITEMS = f"playlists/{LISTS['private']}/items"
TWELVE_ITEMS = f"playlists/{LISTS['twelve']}/items"


@pytest.mark.parametrize(("method", "path", "scope"), [
    ("GET", "me/playlists", "playlist-read-private"),
    ("GET", PRIVATE_ITEMS, "playlist-read-private"),
    ("GET", SHARED_ITEMS, "playlist-read-collaborative"),
    ("PUT", TWELVE_ITEMS + "?uris=", "playlist-modify-public"),
    ("PUT", PRIVATE_ITEMS + "?uris=", "playlist-modify-private"),
    ("PUT", SHARED_ITEMS + "?uris=", "playlist-modify-private"),
    ("GET", "me/tracks", "user-library-read"), ("GET", "me/albums", "user-library-read"),
    ("GET", "me/top/tracks", "user-top-read"),
    ("GET", "me/player/recently-played", "user-read-recently-played"),
])
def test_a_call_needs_its_scope(sandbox: Sandbox, http: requests.Session, method: str, path: str,
                                scope: str) -> None:
    without = Api.sign_in(sandbox, http, "mira", scope="user-read-email")
    assert message(without.call(method, path)) == (403, "Insufficient client scope")
    assert Api.sign_in(sandbox, http, "mira", scope).call(method, path).status_code == 200


def test_the_list_shows_what_the_scopes_cover(sandbox: Sandbox, http: requests.Session) -> None:
    def shown(scope: str) -> set[str]:
        api = Api.sign_in(sandbox, http, "mira", scope)
        pages = [api.get("me/playlists", limit=50, offset=offset) for offset in (0, 50)]
        return {row["id"] for page in pages for row in page["items"]}

    private = shown("playlist-read-private")
    assert LISTS["private"] in private and LISTS["shared"] not in private
    shared = shown("playlist-read-collaborative")
    assert LISTS["shared"] in shared and LISTS["private"] not in shared


def test_a_read_that_holds_the_current_version_gets_304(mira: Api) -> None:
    response = mira.call("GET", f"playlists/{LISTS['twelve']}")
    assert response.headers["Cache-Control"].startswith("private")
    held = {"If-None-Match": response.headers["ETag"]}
    again = mira.call("GET", f"playlists/{LISTS['twelve']}", headers=held)
    assert (again.status_code, again.content) == (304, b"")
    mira.call("PUT", TWELVE_ITEMS, {"uris": []})
    assert mira.call("GET", f"playlists/{LISTS['twelve']}", headers=held).status_code == 200


def test_a_window_of_calls_can_be_set_for_the_whole_app(
        sandbox: Sandbox, mira: Api, jonas: Api) -> None:
    sandbox.assume(request_window=3)
    statuses = [api.call("GET", "me").status_code for api in (mira, jonas, mira, jonas)]
    assert statuses == [200, 200, 200, 429]
    refused = mira.call("GET", "me")
    assert 1 <= int(refused.headers["Retry-After"]) <= 31
    sandbox.advance(31)
    assert mira.call("GET", "me").status_code == 200
