"""A sandbox for the tests of this folder, gateways to it, and writes through them."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest

from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.listing import LISTINGS
from shuffify.spotify.settings import SpotifySettings
from shuffify.spotify.writes import write_playlist
from tests.spotify.writes import LISTS, LONG, MIXED, SHORT


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Return the sandbox as it is after a start."""
    running_sandbox.reset(profile="dev2026")
    for user in ("mira", "jonas"):
        LISTINGS.drop(running_sandbox.url, user)
    return running_sandbox


@pytest.fixture
def settings(sandbox: Sandbox) -> SpotifySettings:
    """Return settings with a short patience for silence."""
    return SpotifySettings(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_uri="http://127.0.0.1:8000/callback",
        accounts_url=sandbox.url,
        api_url=sandbox.url,
        timeout=(1.0, 0.4),
    )


@pytest.fixture
def naps() -> list[float]:
    """Collect how long the gateways would have slept."""
    return []


@pytest.fixture
def make_gateway(
    sandbox: Sandbox, settings: SpotifySettings, naps: list[float]
) -> Iterator[Callable[..., Gateway]]:
    """Return a function that opens gateways: `make_gateway(user="jonas", patience=60.0)`."""
    opened = []

    def make(user: str = "mira", scope: str | None = None, **options: object) -> Gateway:
        token = sandbox.grant(user, scope)["access_token"]
        gateway = Gateway(settings, token, user_id=user, sleep=naps.append, **options)
        opened.append(gateway)
        return gateway

    yield make
    for gateway in opened:
        gateway.__exit__(None, None, None)


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    """Return Mira's access."""
    return make_gateway()


@pytest.fixture
def write(sandbox, gateway, naps):
    """Return a function that writes as Mira: `write(playlist_id, compute, diary)`."""

    def write(playlist_id, compute, diary, *, user_id="mira", through=gateway, **options):
        return write_playlist(
            through,
            playlist_id,
            user_id=user_id,
            compute=compute,
            journal=diary,
            lock=options.pop("lock", nullcontext()),
            sleep=naps.append,
            **options,
        )

    return write


@pytest.fixture
def elsewhere(sandbox):
    """Return a track that the lists of these tests do not hold."""
    held = {uri for playlist_id in (SHORT, LONG, MIXED) for uri in sandbox.uris(playlist_id)}
    return next(uri for uri in sandbox.uris(LISTS["twelve_hundred"]) if uri not in held)
