"""The accounts service: consent, PKCE, both kinds of client, refresh, expiry, revocation."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import spotipy
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOAuth, SpotifyPKCE

from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
from shuffify.sandbox.accounts import redirect_allowed
from shuffify.sandbox.server import REDIRECT_URIS

from .client import REDIRECT_URI

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
SCOPE = "playlist-read-private playlist-modify-private"


class Accounts:
    """The browser's and the app's part in signing in."""

    def __init__(self, sandbox: Sandbox, http: requests.Session) -> None:
        self.url, self.http = sandbox.accounts_url, http

    def consent(self, user: str = "mira", decision: str = "allow",
                **changes: str) -> requests.Response:
        query = {"client_id": CLIENT_ID, "response_type": "code", "redirect_uri": REDIRECT_URI,
                 "scope": SCOPE, "state": "xyz", "code_challenge_method": "S256",
                 "code_challenge": CHALLENGE, **changes}
        return self.http.post(f"{self.url}/authorize", params=query, timeout=10,
                              data={"user": user, "decision": decision}, allow_redirects=False)

    def code(self, **changes: str) -> str:
        return answer_of(self.consent(**changes))["code"]

    def token(self, *, secret: str | None = None, **form: str) -> requests.Response:
        auth = (CLIENT_ID, secret) if secret else None
        if secret is None:
            form = {"client_id": CLIENT_ID, **form}
        return self.http.post(f"{self.url}/api/token", data=form, auth=auth, timeout=10)

    def exchange(self, code: str, *, secret: str | None = None, **form: str) -> requests.Response:
        return self.token(secret=secret, **{
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER, **form})

    def refresh(self, token: str, *, secret: str | None = None) -> requests.Response:
        return self.token(secret=secret, grant_type="refresh_token", refresh_token=token)


def answer_of(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302, response.text
    address = response.headers["Location"]
    assert address.startswith(REDIRECT_URI + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def refusal(response: requests.Response) -> tuple[int, str, str]:
    body = response.json()
    return response.status_code, body["error"], body["error_description"]


@pytest.fixture
def accounts(sandbox: Sandbox, http: requests.Session) -> Accounts:
    return Accounts(sandbox, http)


def test_the_consent_page_names_both_users_and_says_it_is_the_sandbox(
        accounts: Accounts, http: requests.Session) -> None:
    page = http.get(f"{accounts.url}/authorize", timeout=10, params={
        "client_id": CLIENT_ID, "response_type": "code", "redirect_uri": REDIRECT_URI,
        "scope": SCOPE})
    assert page.status_code == 200
    for text in ("Allow as Mira", "Allow as Jonas", "Deny", "not Spotify", 'lang="en"'):
        assert text in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert " style=" not in page.text


def test_consent_redirects_with_a_code_and_the_state(accounts: Accounts) -> None:
    answer = answer_of(accounts.consent())
    assert answer["state"] == "xyz"
    assert set(answer) == {"code", "state"}


def test_denial_redirects_with_access_denied_and_the_state(accounts: Accounts) -> None:
    assert answer_of(accounts.consent(decision="deny")) == {
        "error": "access_denied", "state": "xyz"}


@pytest.mark.parametrize(("change", "text"), [
    ({"client_id": "somebody"}, "INVALID_CLIENT: Invalid client"),
    ({"redirect_uri": "https://elsewhere.invalid/"}, "INVALID_CLIENT: Invalid redirect URI"),
    ({"redirect_uri": "http://localhost:8765/callback"}, "INVALID_CLIENT: Invalid redirect URI"),
    ({"response_type": "token"}, "response_type must be code"),
    ({"scope": "rule-the-world"}, "INVALID_SCOPE: Invalid scope"),
    ({"code_challenge_method": "plain"}, "code_challenge_method must be S256"),
    ({"user": "nobody"}, "Unknown user"),
])
def test_a_bad_authorize_request_gets_a_page_and_never_a_redirect(
        accounts: Accounts, change: dict[str, str], text: str) -> None:
    response = accounts.consent(**change)
    assert response.status_code == 400
    assert text in response.text


@pytest.mark.parametrize(("uri", "allowed"), [
    ("http://127.0.0.1/callback", True), ("http://127.0.0.1:1/callback", True),
    ("http://[::1]:8000/callback", True), ("http://127.0.0.1:8000/callback/", False),
    ("http://127.0.0.1:8000/", False), ("http://localhost:8000/callback", False),
    ("https://127.0.0.1:8000/callback", False), ("http://127.0.0.1.evil.invalid/callback", False),
    ("http://127.0.0.1:99999/callback", False), ("", False),
])
def test_a_loopback_redirect_without_a_port_takes_any_port_and_nothing_else(
        uri: str, allowed: bool) -> None:
    assert redirect_allowed(uri, REDIRECT_URIS) is allowed


def test_a_redirect_registered_with_its_port_must_match_exactly() -> None:
    registered = ("https://app.invalid/callback", "http://127.0.0.1:8000/callback")
    assert redirect_allowed("https://app.invalid/callback", registered)
    assert not redirect_allowed("https://app.invalid:444/callback", registered)
    assert not redirect_allowed("http://127.0.0.1:8001/callback", registered)


@pytest.mark.parametrize("secret", [None, CLIENT_SECRET])
def test_a_code_buys_both_tokens_once(accounts: Accounts, secret: str | None) -> None:
    code = accounts.code()
    body = accounts.exchange(code, secret=secret).json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, SCOPE)
    assert refusal(accounts.exchange(code, secret=secret)) == (
        400, "invalid_grant", "Invalid authorization code")


@pytest.mark.parametrize(("form", "description"), [
    ({"code_verifier": "w" * 64}, "code_verifier was incorrect"),
    ({"code_verifier": "short"}, "code_verifier was incorrect"),
    ({"code": "made-up"}, "Invalid authorization code"),
    ({"redirect_uri": "http://127.0.0.1:1/callback"}, "Invalid redirect URI"),
])
def test_a_wrong_exchange_is_an_invalid_grant(accounts: Accounts, form: dict[str, str],
                                              description: str) -> None:
    response = accounts.exchange(**{"code": accounts.code(), "secret": CLIENT_SECRET, **form})
    assert refusal(response) == (400, "invalid_grant", description)


def test_a_confidential_client_that_sent_a_challenge_needs_its_verifier(
        accounts: Accounts) -> None:
    response = accounts.token(secret=CLIENT_SECRET, grant_type="authorization_code",
                              code=accounts.code(), redirect_uri=REDIRECT_URI)
    assert refusal(response)[2] == "code_verifier was incorrect"


def test_a_code_ends_after_ten_minutes(accounts: Accounts, sandbox: Sandbox) -> None:
    code = accounts.code()
    sandbox.advance(601)
    assert refusal(accounts.exchange(code)) == (400, "invalid_grant", "Authorization code expired")


@pytest.mark.parametrize(("form", "secret", "expected"), [
    ({}, "wrong", (400, "invalid_client", "Invalid client secret")),
    ({"client_id": "other"}, None, (400, "invalid_client", "Invalid client")),
    ({"grant_type": "password"}, CLIENT_SECRET,
     (400, "unsupported_grant_type", "grant_type parameter is invalid")),
])
def test_a_wrong_client_or_grant_type_is_refused_in_the_flat_form(
        accounts: Accounts, form: dict[str, str], secret: str | None, expected: Any) -> None:
    assert refusal(accounts.token(secret=secret, **form)) == expected


def test_a_malformed_authorization_header_is_an_invalid_client(
        accounts: Accounts, http: requests.Session) -> None:
    for header in ("Basic %%%", "Basic /w==", "Bearer abc"):
        response = http.post(f"{accounts.url}/api/token", data={"grant_type": "refresh_token"},
                             headers={"Authorization": header}, timeout=10)
        assert refusal(response)[:2] == (400, "invalid_client")


def test_refreshing_keeps_the_refresh_token_of_a_confidential_client(accounts: Accounts) -> None:
    first = accounts.exchange(accounts.code(), secret=CLIENT_SECRET).json()
    second = accounts.refresh(first["refresh_token"], secret=CLIENT_SECRET).json()
    assert "refresh_token" not in second
    assert second["access_token"] != first["access_token"]
    assert accounts.refresh(first["refresh_token"], secret=CLIENT_SECRET).status_code == 200


def test_refreshing_rotates_for_a_public_client_and_ends_the_old_token(
        accounts: Accounts) -> None:
    first = accounts.exchange(accounts.code()).json()
    second = accounts.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert refusal(accounts.refresh(first["refresh_token"])) == (
        400, "invalid_grant", "Invalid refresh token")
    assert accounts.refresh(second["refresh_token"]).status_code == 200


def test_rotation_for_confidential_clients_is_a_switch(accounts: Accounts,
                                                       sandbox: Sandbox) -> None:
    sandbox.assume(rotate_confidential=True)
    first = accounts.exchange(accounts.code(), secret=CLIENT_SECRET).json()
    second = accounts.refresh(first["refresh_token"], secret=CLIENT_SECRET).json()
    assert second["refresh_token"] != first["refresh_token"]


def test_a_refresh_token_ends_six_months_after_consent_whatever_was_refreshed(
        accounts: Accounts, sandbox: Sandbox) -> None:
    token = accounts.exchange(accounts.code(), secret=CLIENT_SECRET).json()["refresh_token"]
    sandbox.advance(182 * 24 * 3600)
    assert accounts.refresh(token, secret=CLIENT_SECRET).status_code == 200
    sandbox.advance(2 * 24 * 3600)
    assert refusal(accounts.refresh(token, secret=CLIENT_SECRET))[:2] == (400, "invalid_grant")


def test_a_revoked_consent_refuses_to_refresh(accounts: Accounts, sandbox: Sandbox) -> None:
    token = accounts.exchange(accounts.code()).json()["refresh_token"]
    sandbox.revoke("jonas")
    token = accounts.refresh(token).json()["refresh_token"]
    sandbox.revoke("mira")
    assert refusal(accounts.refresh(token)) == (400, "invalid_grant", "Refresh token revoked")


def test_spotipy_signs_in_as_a_confidential_client(
        accounts: Accounts, sandbox: Sandbox, http: requests.Session) -> None:
    class SandboxOAuth(SpotifyOAuth):
        OAUTH_AUTHORIZE_URL = f"{sandbox.accounts_url}/authorize"
        OAUTH_TOKEN_URL = f"{sandbox.accounts_url}/api/token"

    manager = SandboxOAuth(
        CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, scope=SCOPE, requests_session=http,
        cache_handler=spotipy.MemoryCacheHandler(), requests_timeout=10, open_browser=False)
    consent = http.post(manager.get_authorize_url(), data={"user": "jonas", "decision": "allow"},
                        allow_redirects=False, timeout=10)
    token = manager.get_access_token(answer_of(consent)["code"], as_dict=False, check_cache=False)
    client = spotipy.Spotify(auth=token, requests_session=http)
    client.prefix = f"{sandbox.api_url}/v1/"
    assert client.me()["id"] == "jonas"
    held = manager.cache_handler.get_cached_token()
    assert manager.refresh_access_token(held["refresh_token"])["access_token"] != token


def test_spotipy_signs_in_with_pkce(sandbox: Sandbox, http: requests.Session) -> None:
    class SandboxPkce(SpotifyPKCE):
        OAUTH_AUTHORIZE_URL = f"{sandbox.accounts_url}/authorize"
        OAUTH_TOKEN_URL = f"{sandbox.accounts_url}/api/token"

    manager = SandboxPkce(
        CLIENT_ID, REDIRECT_URI, scope=SCOPE, requests_session=http, requests_timeout=10,
        cache_handler=spotipy.MemoryCacheHandler(), open_browser=False)
    consent = http.post(manager.get_authorize_url(), data={"user": "mira", "decision": "allow"},
                        allow_redirects=False, timeout=10)
    token = manager.get_access_token(answer_of(consent)["code"], check_cache=False)
    client = spotipy.Spotify(auth=token, requests_session=http)
    client.prefix = f"{sandbox.api_url}/v1/"
    assert client.me()["id"] == "mira"


def test_a_client_that_acts_for_itself_has_no_profile(
        sandbox: Sandbox, http: requests.Session) -> None:
    class SandboxCredentials(SpotifyClientCredentials):
        OAUTH_TOKEN_URL = f"{sandbox.accounts_url}/api/token"

    manager = SandboxCredentials(CLIENT_ID, CLIENT_SECRET, requests_session=http,
                                 cache_handler=spotipy.MemoryCacheHandler(), requests_timeout=10)
    token = manager.get_access_token(as_dict=False)
    response = http.get(f"{sandbox.api_url}/v1/me", timeout=10,
                        headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 403


def test_the_wording_of_refusals_is_a_switch(accounts: Accounts, sandbox: Sandbox) -> None:
    sandbox.assume(oauth_texts={"Invalid refresh token": "No such token"})
    assert refusal(accounts.refresh("x")) == (400, "invalid_grant", "No such token")
