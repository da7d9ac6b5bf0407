"""`shuffify db`: Flask-Migrate's commands, which say what they do."""

import logging

import click
from flask_migrate.cli import db as migrations


class _Echo(logging.Handler):
    """Writes each migration to whatever the error stream is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith("Running"):
            click.echo(record.getMessage(), err=True)


_ECHO = _Echo()


def _group(directory: str | None, x_arg: tuple[str, ...]) -> None:
    progress = logging.getLogger("alembic.runtime.migration")
    progress.setLevel(logging.INFO)
    progress.addHandler(_ECHO)
    progress.propagate = False
    migrations.callback(directory, x_arg)


db = click.Group(
    "db",
    commands=migrations.commands,
    params=migrations.params,
    callback=_group,
    help="Migrate the database; `check` fails when the models have moved on.",
)
