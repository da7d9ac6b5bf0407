"""The app as it is served, on a port of its own, before a real sandbox."""

from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
import pytest

from shuffify.cli.demo_world import Demo
from shuffify.sandbox import LoopbackServer, Sandbox, address_of, listen
from tests.sandboxed import app_variables, running_sandbox, sandbox

__all__ = ["app_variables", "running_sandbox", "sandbox"]


@pytest.fixture
def world(
    make_app: Callable[..., Flask], sandbox: Sandbox, tmp_path: Path
) -> Iterator[Demo]:
    """Serve an app on the test's database; no context is pushed."""
    with listen() as listener:
        app = make_app(PUBLIC_URL=address_of(listener))
        server = LoopbackServer(app, listener, name="app")
    try:
        yield Demo(server.url, app, sandbox, tmp_path)
    finally:
        server.stop()
