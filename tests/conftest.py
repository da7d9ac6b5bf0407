"""Fixtures for all tests; the ones down to `engine` need neither Flask nor shuffify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import gc
from itertools import count
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests import databases

# Before the first tmp_path: SQLite files and their fsyncs belong in memory, too.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(databases.quick_folder()))

pytest_plugins = ["pytester", "shuffify.audit.testing"]

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from flask_sqlalchemy import SQLAlchemy

    from shuffify.models.db import User


def pytest_collection_finish() -> None:
    """Take what thousands of tests consist of out of the garbage collector's rounds.

    It stays until the end, and looking it over took a sixth of the processor's time.
    """
    _leave_to_itself()


def pytest_runtest_logfinish() -> None:
    """Do so again with what stays of each hundred tests: compiled statements, mapped classes."""
    if next(_finished) % 100 == 0:
        _leave_to_itself()


_finished = count(1)


def _leave_to_itself() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what an app says about logging: it is said for the whole process."""
    factory = logging.getLogRecordFactory()
    levels = {name: logging.getLogger(name).level for name in ("", "shuffify", "spotipy")}
    yield
    logging.setLogRecordFactory(factory)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Return the address of an empty SQLite file."""
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Return the address of an empty PostgreSQL database."""
    with databases.new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty database; the test runs once on each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Return a plain engine on `database_url`."""
    engine = databases.connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def app_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database with all tables; the test runs once on each kind.

    On PostgreSQL the trail must tell at the end what its database saw: see `tests/shadow.py`.
    """
    # Here and in the fixtures below: tests of the audit engine must not import the app.
    from tests import apps, shadow

    reasons = [mark.args[0] for mark in request.node.iter_markers("unshadowed")]
    with apps.database_with_tables(request.param, tmp_path) as url:
        yield url
        if request.param == "postgresql" and not reasons:
            shadow.compare(url, tmp_path)


@pytest.fixture
def app_variables() -> dict[str, str]:
    """Return environment variables for `app`; folders and modules override this fixture."""
    return {}


@pytest.fixture
def make_app(
    app_database_url: str, app_variables: dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes apps, all on one database: `make_app(PUBLIC_URL="...")`.

    They wait a hundredth as long before they ask Spotify again: the sandbox counts requests.
    """
    from shuffify.spotify import execution, transport
    from tests import apps

    monkeypatch.setattr(execution, "PAUSE", execution.PAUSE / 100)
    monkeypatch.setattr(transport, "FIRST_PAUSE", (0.003, 0.006))

    made = []

    def make(config_name: str = "testing", **variables: str) -> Flask:
        environ = {**app_variables, **variables}
        made.append(apps.make_app(app_database_url, tmp_path, config_name, environ))
        return made[-1]

    yield make
    for app in made:
        apps.close_app(app)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Return an app in the testing configuration, with all tables, no context pushed."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without cookies."""
    return app.test_client()


@pytest.fixture
def db(app: Flask) -> Iterator[SQLAlchemy]:
    """Push a context of `app` and return its database, for tests of models and services.

    Not together with `client`: requests would share the pushed context's session.
    """
    from shuffify.models.db import db

    with app.app_context():
        yield db


@pytest.fixture
def outside(app: Flask) -> Iterator[Session]:
    """Return a plain session on the app's database: unaudited, sees what is committed."""
    # Allowed on this session's engine only: the app's own is held to its trail.
    from shuffify.models.db import db

    with app.app_context():
        engine = db.engine.execution_options(audit="the test's own session")
    with Session(engine) as session:
        yield session


@pytest.fixture
def user(app: Flask, outside: Session) -> User:
    """Return a committed account with settings, detached: Mira."""
    from shuffify.models.db import User, UserSettings

    user = User(spotify_id="mira", display_name="Mira")
    outside.add(UserSettings(user=user))
    outside.commit()
    outside.refresh(user)
    outside.expunge(user)
    outside.rollback()
    return user
