"""What a demo consists of: a sandbox, a new database and the app, all on loopback ports.

The app's settings are given here one by one. Nothing of the environment reaches it: a
developer's SECRET_KEY or DATABASE_URL must not, and a fresh checkout has none.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
import logging
import os
from pathlib import Path
import socket

import click
from flask import Flask
from flask_migrate import upgrade

from shuffify import create_app, keys
from shuffify.jobs.scheduler import running as scheduler_running
from shuffify.models.db import db
from shuffify.sandbox import (
    CLIENT_ID,
    CLIENT_SECRET,
    LoopbackServer,
    Sandbox,
    address_of,
    listen,
)
from shuffify.spotify.errors import LockBusyError
from shuffify.spotify.locks import named_lock

DATABASE = "demo.sqlite"
SPOOL = "demo-audit-spool.jsonl"


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is running."""

    url: str
    app: Flask
    sandbox: Sandbox
    database: Path


@contextmanager
def running_demo(
    folder: Path, *, port: int, profile: str, keep: bool, scheduler: str
) -> Iterator[Demo]:
    """Run a demo in a folder until the block ends; raises click.ClickException.

    Port 0 takes a free one. Without `keep` the database and its spool are made anew.
    """
    with _port(port) as listener, Sandbox(profile) as sandbox:
        url = address_of(listener)
        app = _make_app(folder, url, sandbox, scheduler)
        try:
            with _only_demo(app):
                _make_database(app, folder, keep)
                server = LoopbackServer(app, listener, name="demo")
                try:
                    with scheduler_running(app):
                        yield Demo(url, app, sandbox, folder / DATABASE)
                finally:
                    server.stop()
        finally:
            _close_connections(app)


@contextmanager
def _port(port: int) -> Iterator[socket.socket]:
    try:
        listener = listen(port)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used: {os.strerror(error.errno or 0)}. "
            "End what listens there, or name another with --port."
        ) from None
    with listener:
        yield listener


def _make_app(folder: Path, url: str, sandbox: Sandbox, scheduler: str) -> Flask:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        environ = {
            "SECRET_KEY": keys.kept(folder / "demo_secret_key", keys.new_secret_key),
            "TOKEN_KEYS": keys.kept(folder / "demo_token_keys", keys.new_token_key),
            "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
            "AUDIT_SPOOL": str(folder / SPOOL),
            "PUBLIC_URL": url,
            "SCHEDULER": scheduler,
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": sandbox.accounts_url,
            "SPOTIFY_API_URL": sandbox.api_url,
        }
    except OSError as error:
        raise click.ClickException(
            f"The demo cannot keep its files in {folder}: {error.strerror}."
        ) from None
    return create_app("development", environ, str(folder))


@contextmanager
def _only_demo(app: Flask) -> Iterator[None]:
    with app.app_context():
        engine = db.engine
    with ExitStack() as stack:
        try:
            stack.enter_context(named_lock(engine, "demo", wait=0))
        except LockBusyError:
            raise click.ClickException(
                "Another demo uses this database. End it first, or give this one a folder of "
                "its own with --instance."
            ) from None
        yield


def _make_database(app: Flask, folder: Path, keep: bool) -> None:
    if not keep:
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (folder / name).unlink(missing_ok=True)
        # Rows refused by the old database are about people whom the new one does not know.
        for spool in folder.glob(f"{SPOOL}*"):
            spool.unlink(missing_ok=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with app.app_context():
        upgrade()


def _close_connections(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
