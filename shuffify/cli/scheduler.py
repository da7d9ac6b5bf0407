"""`shuffify scheduler`: the schedules of an installation whose web processes run none."""

import signal
from threading import Event
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from shuffify import schema
from shuffify.errors import ConfigurationError
from shuffify.extensions import app_settings, db
from shuffify.jobs.scheduler import Scheduler


@click.command()
@with_appcontext
def scheduler() -> None:
    """Run what is due; stand by while another process does.

    Needs SCHEDULER=external, and therefore PostgreSQL. SIGTERM ends it when the runs under way
    are finished.
    """
    settings = app_settings()
    if settings.scheduler != "external":
        raise ConfigurationError(
            [
                f"SCHEDULER: is {settings.scheduler}, so this command has nothing to run; "
                "set SCHEDULER=external here and for `shuffify run`."
            ]
        )
    schema.check_for_serving(db.engine, production=settings.is_production)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _run(Scheduler(app, db.engine))


def _run(runner: Scheduler) -> None:
    asked = Event()

    def ask(*_: Any) -> None:
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    runner.start()
    click.echo("The scheduler is running.", err=True)
    asked.wait()
    click.echo("Stopping when the runs under way are finished.", err=True)
    runner.stop()
