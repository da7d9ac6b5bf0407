"""A running sandbox and the two ways to call it: plain HTTP and the real spotipy."""

from collections.abc import Iterator

import pytest
import requests
import spotipy

from shuffify.sandbox import Sandbox

from .client import Api, spotipy_for


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def extended(sandbox: Sandbox) -> Sandbox:
    sandbox.set_profile("extended")
    return sandbox


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def mira(sandbox: Sandbox, http: requests.Session) -> Api:
    return Api.sign_in(sandbox, http, "mira")


@pytest.fixture
def jonas(sandbox: Sandbox, http: requests.Session) -> Api:
    return Api.sign_in(sandbox, http, "jonas")


@pytest.fixture
def spotify(sandbox: Sandbox, http: requests.Session) -> spotipy.Spotify:
    return spotipy_for(sandbox, http, "mira")
