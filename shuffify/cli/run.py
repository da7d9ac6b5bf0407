"""`shuffify run`: the app behind gunicorn."""

from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from shuffify.config import Settings
from shuffify.jobs import scheduler
from shuffify.jobs.scheduler import Scheduler
from shuffify.wsgi import checked_app

THREADS = 8
"""Requests that one worker handles at a time; most of each is waiting for Spotify."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with options from the command line instead of a file."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = {**options, "worker_exit": self.end}
        self._scheduler: Scheduler | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # In the worker, after the fork: connections must not be shared, threads do not survive.
        app = checked_app()
        self._scheduler = scheduler.start(app)
        return app

    def end(self, server: Any, worker: Any) -> None:
        """Wait for the runs under way, in the worker that ends."""
        if self._scheduler is not None:
            self._scheduler.stop()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def run(host: str, port: int, workers: int) -> None:
    """Serve the app; register the printed redirect URI at Spotify."""
    settings: Settings = checked_app().extensions["shuffify"]
    click.echo(f"Redirect URI to register at Spotify: {settings.spotify_redirect_uri}")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    Server(
        {
            "bind": address,
            "workers": workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": 30,
            "control_socket_disable": True,
        }
    ).run()
