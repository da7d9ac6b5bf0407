"""Cookies, CSRF, proxies and the headers that tell browsers what our pages may do."""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix

from shuffify.config import Settings
from shuffify.extensions import csrf

MAX_BODY_BYTES: Final = 6 * 1024 * 1024
LOGIN_LIFETIME: Final = timedelta(days=14)

COVER_HOSTS: Final = ("https://*.scdn.co", "https://*.spotifycdn.com")

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: the CSRF check over https compares the referring page's host with ours.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

FOR_PARTS: Final = ("X-Content-Type-Options", "Strict-Transport-Security")
DOCUMENTS: Final = ("text/html", "image/svg+xml")


class LoginCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, kept by browsers for 14 days once somebody is logged in.

    Flask's own switch for that would stand in the cookie itself, beside what belongs there.
    """

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        return datetime.now(UTC) + LOGIN_LIFETIME if "user_id" in session else None


def init_app(app: Flask, settings: Settings) -> None:
    """Set up cookies, CSRF protection, trusted proxies and response headers."""
    _configure_cookies(app, secure=settings.is_production)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # A token lives as long as the session that it belongs to: a page left open keeps working.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.before_request(_forget_tokens)
    csrf.init_app(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    headers = dict(HEADERS, **{"Content-Security-Policy": content_security_policy(settings)})
    if settings.is_production:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    app.after_request(lambda response: _add_headers(response, headers))


def origin(address: str) -> str:
    """Return the scheme and host of an address, as a Content-Security-Policy names them."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def content_security_policy(settings: Settings) -> str:
    """Return the policy: nothing from elsewhere but covers, and the form that leads to Spotify."""
    covers = list(COVER_HOSTS)
    if settings.is_sandbox:
        covers.append(origin(settings.spotify_api_url))
    directives = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:", *covers],
        # Browsers apply form-action to the redirect of a form as well.
        "form-action": ["'self'", origin(settings.spotify_accounts_url)],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def _configure_cookies(app: Flask, *, secure: bool) -> None:
    app.session_interface = LoginCookie()
    app.config.update(
        SESSION_COOKIE_NAME="__Host-shuffify" if secure else "shuffify",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=LOGIN_LIFETIME,
    )


def _forget_tokens() -> None:
    # `g` outlives a request when an app context was open before it, as in a shell or a test:
    # the token of another visitor's session must not be taken for this one's.
    g.pop("csrf_token", None)
    g.pop("csrf_valid", None)


def _add_headers(response: Response, headers: dict[str, str]) -> Response:
    # A script, style or font is no document that could have a policy, and a page loads forty.
    is_part = request.endpoint == "static" and response.mimetype not in DOCUMENTS
    for name in FOR_PARTS if is_part else headers:
        if name in headers:
            response.headers.setdefault(name, headers[name])
    return response
