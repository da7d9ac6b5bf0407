"""The accounts service's memory: codes, grants, access and refresh tokens."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .settings import Assumptions

CODE_SECONDS = 600
ACCESS_SECONDS = 3600
CONSENT_SECONDS = 183 * 24 * 3600
"""Six months from consent; refreshing does not extend it."""


class GrantError(Exception):
    """The accounts service refuses a code or a refresh token."""


@dataclass
class Grant:
    """One consent of one user, or a client acting for itself."""

    user: str | None
    scope: str
    client_id: str
    public: bool
    ends_at: float
    refresh_token: str | None = None
    revoked: bool = False


@dataclass
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str | None
    ends_at: float


@dataclass
class Access:
    grant: Grant
    ends_at: float


class Tokens:
    """Issues and checks everything that a client can hold. The caller holds the state's lock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Grant] = {}

    def issue_code(self, user: str, scope: str, client_id: str, redirect_uri: str,
                   challenge: str | None) -> str:
        code = f"sandbox-code-{secrets.token_urlsafe(32)}"
        grant = Grant(user, scope, client_id, False, self._now() + CONSENT_SECONDS)
        self._codes[code] = Code(grant, redirect_uri, challenge, self._now() + CODE_SECONDS)
        return code

    def redeem_code(self, code: str, *, redirect_uri: str, verifier: str | None, client_id: str,
                    public: bool) -> Grant:
        """Exchange a code, which works once whatever comes of it."""
        held = self._codes.pop(code, None)
        if held is None or held.grant.client_id != client_id:
            raise GrantError("Invalid authorization code")
        if self._now() >= held.ends_at:
            raise GrantError("Authorization code expired")
        if redirect_uri != held.redirect_uri:
            raise GrantError("Invalid redirect URI")
        if public and held.challenge is None:
            raise GrantError("code_verifier was incorrect")
        if held.challenge is not None and not _fits(verifier or "", held.challenge):
            raise GrantError("code_verifier was incorrect")
        held.grant.public = public
        return held.grant

    def open_grant(self, user: str | None, scope: str, client_id: str, public: bool) -> Grant:
        """Give consent without the consent page."""
        return Grant(user, scope, client_id, public, self._now() + CONSENT_SECONDS)

    def redeem_refresh(self, token: str, *, client_id: str) -> Grant:
        grant = self._refresh.get(token)
        if grant is None or grant.refresh_token != token or grant.client_id != client_id:
            raise GrantError("Invalid refresh token")
        if grant.revoked:
            raise GrantError("Refresh token revoked")
        if self._now() >= grant.ends_at:
            raise GrantError("Refresh token expired")
        return grant

    def answer(self, grant: Grant, assumptions: Assumptions) -> dict[str, object]:
        """Issue an access token, and a refresh token when there is none yet or it rotates."""
        access = f"sandbox-access-{secrets.token_urlsafe(48)}"
        self._access[access] = Access(grant, self._now() + ACCESS_SECONDS)
        answer: dict[str, object] = {"access_token": access, "token_type": "Bearer",
                                     "expires_in": ACCESS_SECONDS, "scope": grant.scope}
        rotates = assumptions.rotate_public if grant.public else assumptions.rotate_confidential
        if grant.user is not None and (grant.refresh_token is None or rotates):
            grant.refresh_token = f"sandbox-refresh-{secrets.token_urlsafe(48)}"
            self._refresh[grant.refresh_token] = grant
            answer["refresh_token"] = grant.refresh_token
        return answer

    def find(self, access_token: str) -> Access | None:
        return self._access.get(access_token)

    def find_refresh(self, refresh_token: str) -> Grant | None:
        return self._refresh.get(refresh_token)

    def expired(self, access: Access) -> bool:
        return self._now() >= access.ends_at

    def expire_access(self, user: str | None = None) -> None:
        """End all access tokens, or those of one user; their refresh tokens live on."""
        for access in self._access.values():
            if user in (None, access.grant.user):
                access.ends_at = self._now()

    def expire_refresh(self, user: str | None = None) -> None:
        for grant in self._refresh.values():
            if user in (None, grant.user):
                grant.ends_at = self._now()

    def revoke(self, user: str | None = None) -> None:
        """Withdraw consent: refreshing is refused, access tokens last until they expire."""
        for grant in self._refresh.values():
            if user in (None, grant.user):
                grant.revoked = True


def _fits(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(expected.encode(), challenge.encode())
