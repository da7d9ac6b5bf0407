"""Answers that the sandbox does not give, read as answers: no server needed."""

import pytest
import requests

from shuffify.spotify.errors import (
    ForbiddenError,
    MissingScopeError,
    NotEditableError,
    NotReadableError,
    NotRegisteredError,
    RequestRefusedError,
    UnavailableError,
)
from shuffify.spotify.transport import error_for, open_session, pause_after, retry_after

ITEMS = "https://api.spotify.com/v1/playlists/37i9dQZF1DXcBWIGoYBM5M/items"
PROFILE = "https://api.spotify.com/v1/me"


def answer(status, body="", *, method="GET", url=PROFILE, **headers):
    response = requests.Response()
    response.status_code = status
    response._content = body.encode()
    response.url = url
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response.request = requests.Request(method, url).prepare()
    return response


@pytest.mark.parametrize(
    ("body", "method", "url", "kind"),
    [
        ('{"error": {"status": 403, "message": "Forbidden"}}', "GET", ITEMS, NotReadableError),
        ('{"error": {"status": 403, "message": "Forbidden"}}', "PUT", ITEMS, NotEditableError),
        ('{"error": {"message": "Insufficient client scope"}}', "PUT", ITEMS, MissingScopeError),
        ("the user may not be registered.", "GET", PROFILE, NotRegisteredError),
        ("", "GET", PROFILE, ForbiddenError),
        ('{"error": null}', "GET", PROFILE, ForbiddenError),
        ("[]", "GET", PROFILE, ForbiddenError),
    ],
)
def test_four_kinds_of_forbidden_are_told_apart(body, method, url, kind):
    assert type(error_for(answer(403, body, method=method, url=url))) is kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "Invalid base62 id"}}', "Invalid base62 id"),
        ('{"error": "flat words"}', "flat words"),
        ("plain\n  words", "plain words"),
        ("", "400"),
        ("x" * 5000, "x" * 200),
    ],
)
def test_a_refusal_is_quoted_whatever_its_shape(body, words):
    error = error_for(answer(400, body))
    assert isinstance(error, RequestRefusedError)
    assert f"({words})" in str(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_failures_on_spotifys_side_are_outages(status):
    assert isinstance(error_for(answer(status, "<html>")), UnavailableError)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 1), ("0.2", 1), ("1.5", 2), ("86400", 86_400), ("soon", 1), ("inf", 1),
     ("nan", 1), ("-4", 1)],
)
def test_retry_after_is_read_as_whole_seconds(header, seconds):
    assert retry_after(answer(429, Retry_After=header)) == seconds
    assert retry_after(answer(429)) == 1


def test_pauses_grow():
    assert all(0.3 <= pause_after(1) <= 0.6 <= pause_after(2) <= 1.2 for _ in range(50))


@pytest.mark.parametrize(
    ("url", "trusts"),
    [
        ("https://api.spotify.com", True),
        ("http://127.0.0.1:8001", False),
        ("http://[::1]:8001", False),
        ("http://localhost:8001", False),
    ],
)
def test_proxies_are_for_the_outside_world(url, trusts):
    with open_session(url) as session:
        assert session.trust_env is trusts
