"""Fixtures: the app in front of a running sandbox, and people who visit it.

Conftests import them by name.
"""

from collections.abc import Callable, Iterator

from flask import Flask
import pytest

from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, library
from shuffify.spotify.listing import LISTINGS
from tests.visitor import Visitor


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset("dev2026")
    for user in (library.MIRA, library.JONAS):
        LISTINGS.drop(running_sandbox.url, user)
    return running_sandbox


@pytest.fixture
def app_variables(sandbox: Sandbox) -> dict[str, str]:
    return {
        "SPOTIFY_CLIENT_ID": CLIENT_ID,
        "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
        "SPOTIFY_ACCOUNTS_URL": sandbox.url,
        "SPOTIFY_API_URL": sandbox.url,
    }


@pytest.fixture
def visit(app: Flask) -> Callable[[], Visitor]:
    """Return a function that opens a browser without cookies."""
    return lambda: Visitor(app)


@pytest.fixture
def visitor(visit: Callable[[], Visitor]) -> Visitor:
    """Return a browser without cookies."""
    return visit()


@pytest.fixture
def mira(visit: Callable[[], Visitor]) -> Visitor:
    """Return Mira's browser, logged in."""
    return visit().log_in(library.MIRA)


@pytest.fixture
def jonas(visit: Callable[[], Visitor]) -> Visitor:
    """Return Jonas's browser, logged in."""
    return visit().log_in(library.JONAS)
