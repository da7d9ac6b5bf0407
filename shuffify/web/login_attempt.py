"""The cookie that remembers a login between the way to Spotify and the way back.

It is encrypted, sent to the callback alone, lives ten minutes, and the first callback drops it.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
import json
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from flask import Response, after_this_request, current_app, request
from werkzeug.wrappers import Response as AnyResponse

from shuffify.extensions import app_settings
from shuffify.spotify.oauth import LoginAttempt

LIFETIME_SECONDS: Final = 600
PATH: Final = "/callback"


def remember(response: AnyResponse, attempt: LoginAttempt) -> None:
    """Send the attempt along with a redirect to Spotify."""
    content = json.dumps([attempt.state, attempt.code_verifier]).encode()
    response.set_cookie(
        _name(),
        _cipher().encrypt(content).decode(),
        max_age=LIFETIME_SECONDS,
        path=PATH,
        secure=app_settings().is_production,
        httponly=True,
        samesite="Lax",
    )


def take() -> LoginAttempt | None:
    """Return the attempt that this browser began, if it still counts, and drop the cookie."""
    after_this_request(_drop)
    cookie = request.cookies.get(_name(), "")
    try:
        content = _cipher().decrypt(cookie.encode(), ttl=LIFETIME_SECONDS)
    except InvalidToken:
        return None
    state, code_verifier = json.loads(content)
    return LoginAttempt(state=state, code_verifier=code_verifier)


def _drop(response: Response) -> Response:
    response.delete_cookie(
        _name(), path=PATH, secure=app_settings().is_production, httponly=True, samesite="Lax"
    )
    return response


def _name() -> str:
    # The prefix makes browsers refuse it over http; __Host- would forbid a path of its own.
    return "__Secure-shuffify-login" if app_settings().is_production else "shuffify-login"


def _cipher() -> Fernet:
    # Its own key: a cookie of the one kind must never be read as one of the other.
    key = sha256(f"login attempt:{current_app.secret_key!r}".encode()).digest()
    return Fernet(urlsafe_b64encode(key))
