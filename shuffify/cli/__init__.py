"""The console script `shuffify`: one file per command, imported when it is called.

Exit codes: 0 done, 1 the check or action failed, 2 wrong usage, 3 database unavailable,
78 configuration.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
import getpass
from importlib import import_module
import os
from typing import Any
from uuid import uuid4

import click
from flask import Flask
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError

from shuffify import create_app
from shuffify.audit import AuditError, bind, spelt_out
from shuffify.errors import ConfigurationError, DatabaseUnavailable, SchemaError
from shuffify.extensions import db
from shuffify.models.sqlite import write_transactions

COMMANDS = {
    "audit": "shuffify.cli.audit:audit",
    "db": "shuffify.cli.database:db",
    "demo": "shuffify.cli.demo:demo",
    "doctor": "shuffify.cli.doctor:doctor",
    "keys": "shuffify.cli.keys:keys",
    "run": "shuffify.cli.run:run",
    "scheduler": "shuffify.cli.scheduler:scheduler",
    "users": "shuffify.cli.users:users",
}
"""Where each command lives, so that `--help` imports none that it does not show."""


INSUFFICIENT_PRIVILEGE = "42501"
"""What PostgreSQL calls it when a role lacks a right."""


class Failure(click.ClickException):
    """Ends a command; what the message quotes, of a database or a file, steers no terminal."""

    def format_message(self) -> str:
        return "\n".join(map(spelt_out, self.message.split("\n")))


class DatabaseFailure(Failure):
    """Ends a command whose database is unavailable."""

    exit_code = 3


class ConfigurationFailure(Failure):
    """Ends a command that is not configured well enough to start."""

    exit_code = 78


class LazyGroup(AppGroup):
    """Imports a command when it is called, binds who calls it, and maps errors to exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        # Without load_dotenv_defaults=False Flask would read a developer's .env file.
        info = ScriptInfo(set_debug_flag=False, load_dotenv_defaults=False)
        ctx = super().make_context(info_name, args, parent, **{"obj": info, **extra})
        info.create_app = partial(_create_closing_app, ctx)
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        with _exit_codes(), _as_operator(), write_transactions():
            return super().invoke(ctx)


def _create_closing_app(ctx: click.Context) -> Flask:
    app = create_app()
    ctx.call_on_close(partial(_close_connections, app))
    return app


def _close_connections(app: Flask) -> None:
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@contextmanager
def _as_operator() -> Iterator[None]:
    with bind(kind="cli", label=f"cli:{_os_user()}", source="cli", request_id=str(uuid4())):
        yield


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no user has.
        return str(os.getuid())


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationFailure("\n".join(error.mistakes)) from error
    except SchemaError as error:
        raise ConfigurationFailure(str(error)) from error
    except DatabaseUnavailable as error:
        raise DatabaseFailure(str(error)) from error
    except DBAPIError as error:
        # DatabaseError itself, not what derives from it, is what a file that is none gives.
        if isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError:
            told = f"The database is unavailable: {_drivers_words(error)}"
            raise DatabaseFailure(told) from error
        if getattr(error.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE:
            raise ConfigurationFailure(
                f"DATABASE_URL: the database says {_drivers_words(error)!r}. Grant its role that "
                "right, or use the role that owns the tables."
            ) from error
        raise
    except AuditError as error:
        raise Failure(str(error)) from error


def _drivers_words(error: DBAPIError) -> str:
    # These alone: SQLAlchemy's message holds the statement and its values.
    return str(error.orig).strip()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="shuffify")
def cli() -> None:
    """Shuffle and curate Spotify playlists, and keep a trail of it."""


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="shuffify")
