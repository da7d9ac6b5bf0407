from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from shuffify.spotify.errors import (
    ClientRefusedError,
    GrantRefusedError,
    RateLimitedError,
    SpotifyTimeoutError,
    UnavailableError,
)
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.oauth import (
    SCOPES,
    LoginAttempt,
    authorize_url,
    exchange_code,
    refresh_grant,
    state_matches,
)
from shuffify.spotify.settings import SpotifySettings


def consent(settings, attempt, decision="allow", **options):
    """Press the button on the consent page; return the callback's query."""
    answer = requests.post(
        authorize_url(settings, attempt, **options),
        data={"user": "mira", "decision": decision},
        allow_redirects=False,
        timeout=5,
    )
    callback = urlsplit(answer.headers["Location"])
    assert f"{callback.scheme}://{callback.netloc}{callback.path}" == settings.redirect_uri
    return {name: values[0] for name, values in parse_qs(callback.query).items()}


@pytest.fixture
def attempt() -> LoginAttempt:
    return LoginAttempt.new()


def test_a_login_ends_with_tokens_that_work(sandbox, settings, attempt):
    callback = consent(settings, attempt)
    assert state_matches(attempt.state, callback["state"])
    grant = exchange_code(settings, code=callback["code"], code_verifier=attempt.code_verifier)
    assert (grant.expires_in, set(grant.scope.split())) == (3600, set(SCOPES))
    with Gateway(settings, grant.access_token, user_id="") as gateway:
        assert gateway.profile().id == "mira"


def test_the_scope_that_was_granted_is_kept_and_not_the_one_asked_for(settings, attempt):
    callback = consent(settings, attempt, scopes=SCOPES[:2])
    grant = exchange_code(settings, code=callback["code"], code_verifier=attempt.code_verifier)
    assert set(grant.scope.split()) == set(SCOPES[:2])


def test_a_denial_comes_back_with_the_state(settings, attempt):
    callback = consent(settings, attempt, decision="deny")
    assert callback == {"error": "access_denied", "state": attempt.state}


def test_a_code_works_once(settings, attempt):
    code = consent(settings, attempt)["code"]
    exchange_code(settings, code=code, code_verifier=attempt.code_verifier)
    with pytest.raises(GrantRefusedError, match="Connect Spotify again"):
        exchange_code(settings, code=code, code_verifier=attempt.code_verifier)


def test_a_code_is_worthless_without_its_verifier(settings, attempt):
    code = consent(settings, attempt)["code"]
    with pytest.raises(GrantRefusedError):
        exchange_code(settings, code=code, code_verifier=LoginAttempt.new().code_verifier)


def test_a_refresh_brings_a_new_access_token_and_leaves_the_refresh_token(sandbox, settings):
    old = sandbox.grant("mira")
    new = refresh_grant(settings, old["refresh_token"])
    assert new.access_token != old["access_token"]
    assert new.refresh_token is None


def test_a_revoked_refresh_token_is_refused(sandbox, settings):
    old = sandbox.grant("mira")
    sandbox.revoke("mira")
    with pytest.raises(GrantRefusedError, match="revoked"):
        refresh_grant(settings, old["refresh_token"])


def test_wrong_credentials_are_the_operators_to_mend(sandbox, settings):
    wrong = SpotifySettings("nobody", "nothing", settings.redirect_uri, sandbox.url, sandbox.url)
    with pytest.raises(ClientRefusedError, match="Check its client id"):
        refresh_grant(wrong, sandbox.grant("mira")["refresh_token"])


@pytest.mark.parametrize(
    ("kind", "details", "error"),
    [
        ("error_before", {}, UnavailableError),
        ("error_after", {}, UnavailableError),
        ("not_json", {}, UnavailableError),
        ("truncated", {}, UnavailableError),
        ("empty", {}, UnavailableError),
        ("timeout", {}, SpotifyTimeoutError),
        ("disconnect", {}, UnavailableError),
        ("rate_limit", {"retry_after": 7}, RateLimitedError),
        ("invalid_grant", {}, GrantRefusedError),
        ("token_revoked", {}, GrantRefusedError),
    ],
)
def test_every_failure_of_the_accounts_service_is_ours(sandbox, settings, kind, details, error):
    token = sandbox.grant("mira")["refresh_token"]
    sandbox.fault(kind, path="/api/token", **details)
    with pytest.raises(error):
        refresh_grant(settings, token)
    assert len(sandbox.requests(path="/api/token")) == 1


def test_no_connection_is_an_outage(settings):
    nowhere = SpotifySettings("a", "b", settings.redirect_uri, "http://127.0.0.1:9")
    with pytest.raises(UnavailableError):
        refresh_grant(nowhere, "token")


def test_attempts_never_repeat_and_meet_the_rules_of_pkce():
    attempts = [LoginAttempt.new() for _ in range(50)]
    assert len({attempt.state for attempt in attempts}) == 50
    assert all(43 <= len(attempt.code_verifier) <= 128 for attempt in attempts)
    known = LoginAttempt("state", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert known.code_challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_consent_page_is_asked_for_with_everything(settings, attempt):
    query = parse_qs(urlsplit(authorize_url(settings, attempt, show_dialog=True)).query)
    assert query == {
        "client_id": [settings.client_id],
        "response_type": ["code"],
        "redirect_uri": [settings.redirect_uri],
        "scope": [" ".join(SCOPES)],
        "state": [attempt.state],
        "code_challenge_method": ["S256"],
        "code_challenge": [attempt.code_challenge],
        "show_dialog": ["true"],
    }


@pytest.mark.parametrize("given", ["", "other", "stäte"])
def test_another_state_is_refused(given):
    assert not state_matches("state", given)


def test_nothing_secret_is_shown_by_accident(sandbox, settings, attempt):
    callback = consent(settings, attempt)
    grant = exchange_code(settings, code=callback["code"], code_verifier=attempt.code_verifier)
    shown = repr((settings, attempt, grant))
    for secret in (
        settings.client_secret,
        attempt.state,
        attempt.code_verifier,
        grant.access_token,
        grant.refresh_token,
    ):
        assert secret and secret not in shown
