"""Rate limits: fixed windows of a minute, by address before the login and by user after it."""

from math import ceil
from time import time

from flask import Blueprint, Flask, current_app, g, request

from shuffify.extensions import limiter
from shuffify.web import counters

CHANGING_METHODS = ["POST", "PUT", "PATCH", "DELETE"]
MAY_RUN_DRY = {"schedules.create_schedule", "schedules.update_schedule"}
"""Endpoints whose body may say `dry_run`."""


def _by_address() -> str:
    return f"address:{request.remote_addr}"


def _by_user() -> str:
    user_id = g.get("user_id")
    return _by_address() if user_id is None else f"user:{user_id}"


def _by_user_and_effect() -> str:
    """Count dry runs apart: a form makes them by itself, and they must not use up the changes."""
    body = request.get_json(silent=True) if request.endpoint in MAY_RUN_DRY else None
    is_dry = isinstance(body, dict) and body.get("dry_run") is True
    return f"dry:{_by_user()}" if is_dry else _by_user()


sign_in = limiter.limit("10 per minute", key_func=_by_address)
"""For the two routes of a login: strangers may call them."""

playlist_write = limiter.limit("30 per minute", key_func=_by_user)
"""For routes that rewrite a playlist at Spotify."""

schedule_run = limiter.limit("10 per minute", key_func=_by_user)
"""For the runs of schedules that users start by hand."""

search = limiter.limit("30 per minute", key_func=_by_user)
"""For routes that search Spotify, or load lists that are not the user's."""

_every_change = limiter.limit(
    "60 per minute", key_func=_by_user_and_effect, methods=CHANGING_METHODS
)


def limit_changes(bp: Blueprint) -> None:
    """Limit every state-changing route of a blueprint that has no narrower limit of its own.

    Once per blueprint, where it is defined: each call would count a request once more.
    """
    _every_change(bp)


def init_app(app: Flask, storage_uri: str) -> None:
    """Count this app's requests, where its configuration wants it."""
    app.config.update(
        # The extension keeps `enabled` for all apps of a process; the filter asks each one's own.
        RATELIMIT_ENABLED=True,
        RATELIMIT_STORAGE_URI=f"{counters.SCHEME}://",
        RATELIMIT_STORAGE_OPTIONS={"behind": storage_uri},
    )
    limiter.init_app(app)


@limiter.request_filter
def _switched_off() -> bool:
    return not current_app.config["RATE_LIMITS"]


def retry_after() -> int:
    """Return the seconds until the limit that was hit starts anew."""
    hit = limiter.current_limit
    return 60 if hit is None else max(1, ceil(hit.reset_at - time()))
