"""The HTTP session to Spotify: no retries of its own, and no answer that is not understood."""

import logging
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests

from shuffify.spotify.errors import (
    ForbiddenError,
    MissingScopeError,
    NotEditableError,
    NotFoundError,
    NotReadableError,
    NotRegisteredError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
    SpotifyError,
    SpotifyTimeoutError,
    UnavailableError,
)

TRIES = 3
"""How often a call that may be repeated is tried."""
FIRST_PAUSE = (0.3, 0.6)
"""Seconds before the second try: any number between these."""

logger = logging.getLogger(__name__)


def open_session(base_url: str) -> requests.Session:
    """Open a session that never repeats a request by itself."""
    session = requests.Session()
    # a proxy meant for the outside world cannot reach a sandbox on this machine
    session.trust_env = not _is_loopback(base_url)
    return session


@contextmanager
def failures_translated() -> Iterator[None]:
    """Turn what `requests` raises into our errors."""
    try:
        yield
    except requests.Timeout as error:
        raise SpotifyTimeoutError from error
    except requests.RequestException as error:
        raise UnavailableError("the connection broke") from error


def check_answer(response: requests.Response, *_: object, **__: object) -> None:
    """Raise our error for an answer that is none; a response hook of the API's session.

    As a hook it sees the answer before spotipy does, whose reading of bodies and headers fails
    on the odd ones.
    """
    logger.debug(
        "Spotify: %s %s -> %s in %d ms",
        response.request.method,
        urlsplit(response.url).path,
        response.status_code,
        response.elapsed.total_seconds() * 1000,
    )
    if response.status_code >= 400:
        with response:  # unread it would keep its connection
            raise error_for(response)


def error_for(response: requests.Response) -> SpotifyError:
    """Choose the error that an API answer stands for."""
    status = response.status_code
    if status == 401:
        return SignInNeededError()
    if status == 403:
        return _forbidden(response)
    if status == 404:
        return NotFoundError()
    if status == 429:
        return RateLimitedError(retry_after(response))
    if status >= 500:
        return UnavailableError(f"status {status}")
    return RequestRefusedError(status, _message(response))


def pause_after(failures: int) -> float:
    """Choose how many seconds to wait: longer each time, and not in step with others."""
    return random.uniform(*FIRST_PAUSE) * 2.0 ** (failures - 1)


def retry_after(response: requests.Response) -> int:
    """Read Retry-After in whole seconds, at least one."""
    try:
        return max(1, math.ceil(float(response.headers.get("Retry-After", 1))))
    except (ValueError, OverflowError):
        return 1


def json_object(response: requests.Response) -> dict[str, object]:
    """Read a JSON object from a body; an empty one when the body is anything else."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _forbidden(response: requests.Response) -> ForbiddenError:
    message = _message(response).lower()
    if "registered" in message:
        return NotRegisteredError()
    if "scope" in message:
        return MissingScopeError()
    if "/playlists/" not in response.url:
        return ForbiddenError()
    return NotReadableError() if response.request.method == "GET" else NotEditableError()


def _message(response: requests.Response) -> str:
    """Find the words of a refusal: nested JSON, flat JSON or plain text."""
    body = json_object(response)
    error = body.get("error", response.text if not body else "")
    found = error.get("message", "") if isinstance(error, dict) else error
    return " ".join(str(found).split())[:200]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
