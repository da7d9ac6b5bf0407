"""Apps on databases that have all tables, made fast from templates.

Imported by fixtures only when a test asks for an app: the engine's tests need none of it.
"""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
import os
from pathlib import Path
import shutil
import tempfile

from flask import Flask

from shuffify import create_app
from shuffify.models.db import db
from tests import databases, shadow

SECRETS = {
    "SECRET_KEY": "a-secret-key-for-tests-of-40-characters-",
    "TOKEN_KEYS": "dGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMgISE=",
}


@cache
def sqlite_template() -> Path:
    """Return a SQLite file with all tables, made once in this process."""
    folder = tempfile.mkdtemp(prefix="shuffify-template-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "template.sqlite"
    _make_tables(f"sqlite:///{path}")
    return path


@cache
def postgres_template() -> str:
    """Return the name of a PostgreSQL database with all tables, made once in this process."""
    name = f"template_{os.getpid()}"
    databases.run_on_server(f'CREATE DATABASE "{name}" TEMPLATE template0')
    url = databases.server_url().set(database=name)
    address = url.render_as_string(hide_password=False)
    _make_tables(address)
    shadow.cast(address)
    return name


def _make_tables(url: str) -> None:
    engine = databases.connect(url)
    db.metadata.create_all(engine)
    engine.dispose()


@contextmanager
def database_with_tables(kind: str, folder: Path) -> Iterator[str]:
    """Make a database with all tables, on SQLite in a folder, and drop it afterwards."""
    if kind == "postgresql":
        with databases.new_database(postgres_template()) as url:
            yield url
        return
    path = folder / "app.sqlite"
    shutil.copy(sqlite_template(), path)
    yield f"sqlite:///{path}"


def make_app(
    database_url: str, folder: Path, config_name: str, variables: Mapping[str, str]
) -> Flask:
    """Make an app that knows nothing of the environment that the tests run in."""
    environ = {
        **SECRETS,
        "DATABASE_URL": database_url,
        "AUDIT_SPOOL": str(folder / "audit-spool.jsonl"),
        **variables,
    }
    return create_app(config_name, environ, str(folder / "instance"))


def close_app(app: Flask) -> None:
    """Close all connections of an app."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
