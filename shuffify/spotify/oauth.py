"""Spotify's accounts service: authorization code with PKCE, and refreshing.

Nothing here stores a token or looks at a stored one.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import requests

from shuffify.spotify.errors import (
    ClientRefusedError,
    GrantRefusedError,
    RateLimitedError,
    RequestRefusedError,
    SpotifyError,
    UnavailableError,
)
from shuffify.spotify.settings import SpotifySettings
from shuffify.spotify.transport import (
    failures_translated,
    json_object,
    open_session,
    retry_after,
)

SCOPES = (
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-public",
    "playlist-modify-private",
)
"""What the app asks for."""

_CLIENT_ERRORS = {"invalid_client", "unauthorized_client", "unsupported_grant_type"}


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """What has to be remembered, in secret, between `authorize_url` and the callback."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)

    @classmethod
    def new(cls) -> "LoginAttempt":
        """Draw both values from the system."""
        return cls(state=secrets.token_urlsafe(32), code_verifier=secrets.token_urlsafe(64))

    @property
    def code_challenge(self) -> str:
        digest = hashlib.sha256(self.code_verifier.encode()).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """Tokens as granted; a refresh that brings no refresh token leaves the old one in force."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scope: str
    """What was granted, which may be less than was asked for."""


def authorize_url(
    settings: SpotifySettings,
    attempt: LoginAttempt,
    *,
    scopes: Sequence[str] = SCOPES,
    show_dialog: bool = False,
) -> str:
    """Build the address of the consent page."""
    query = {
        "client_id": settings.client_id,
        "response_type": "code",
        "redirect_uri": settings.redirect_uri,
        "scope": " ".join(scopes),
        "state": attempt.state,
        "code_challenge_method": "S256",
        "code_challenge": attempt.code_challenge,
        "show_dialog": str(show_dialog).lower(),
    }
    return f"{settings.accounts_url.rstrip('/')}/authorize?{urlencode(query)}"


def state_matches(expected: str, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


def exchange_code(settings: SpotifySettings, *, code: str, code_verifier: str) -> TokenGrant:
    """Exchange the callback's code for tokens; raise GrantRefusedError when it is refused."""
    return _token(
        settings,
        grant_type="authorization_code",
        code=code,
        redirect_uri=settings.redirect_uri,
        code_verifier=code_verifier,
    )


def refresh_grant(settings: SpotifySettings, refresh_token: str) -> TokenGrant:
    """Get a new access token; raise GrantRefusedError when the refresh token is refused."""
    return _token(settings, grant_type="refresh_token", refresh_token=refresh_token)


def _token(settings: SpotifySettings, **form: str) -> TokenGrant:
    # sent once: a code is used up by the first try, and a refresh token may be replaced by it
    with failures_translated(), open_session(settings.accounts_url) as session:
        response = session.post(
            f"{settings.accounts_url.rstrip('/')}/api/token",
            data=form,
            auth=(settings.client_id, settings.client_secret),
            timeout=settings.timeout,
            allow_redirects=False,
        )
    body = json_object(response)
    if response.status_code != 200:
        raise _refusal(response, body)
    try:
        return TokenGrant(
            access_token=str(body["access_token"]),
            refresh_token=str(body["refresh_token"]) if body.get("refresh_token") else None,
            expires_in=int(str(body.get("expires_in", 3600))),
            scope=str(body.get("scope") or ""),
        )
    except (KeyError, ValueError) as error:
        raise UnavailableError("the answer held no token") from error


def _refusal(response: requests.Response, body: dict[str, object]) -> SpotifyError:
    error = body.get("error")
    description = str(body.get("error_description") or error or response.status_code)[:200]
    if response.status_code == 429:
        return RateLimitedError(retry_after(response))
    if response.status_code >= 500 or not body:
        return UnavailableError(f"status {response.status_code}")
    if error == "invalid_grant":
        return GrantRefusedError(description)
    if error in _CLIENT_ERRORS:
        return ClientRefusedError(description)
    return RequestRefusedError(response.status_code, description)
