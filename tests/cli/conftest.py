"""Fixtures: commands run on a database that has all tables, and a trail with some rows."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
import pytest
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.models.db import ActivityLog, User
from tests import databases

Audit = Callable[..., Result]
Record = Callable[..., ActivityLog]

START = datetime(2026, 11, 23, 14, 0)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "audit-spool.jsonl"


@pytest.fixture
def audit(app_database_url: str, spool: Path) -> Audit:
    """Return a function that runs `shuffify audit …`."""

    def run(*args: str, **variables: str) -> Result:
        environ = {
            "APP_CONFIG": "testing",
            "DATABASE_URL": app_database_url,
            "AUDIT_SPOOL": str(spool),
            "COLUMNS": "80",
            **variables,
        }
        return CliRunner().invoke(cli.cli, ["audit", *args], env=environ)

    return run


@pytest.fixture
def session(app_database_url: str) -> Iterator[Session]:
    """Return a plain, unaudited session on the commands' database."""
    engine = databases.connect(app_database_url)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


@pytest.fixture
def mira(session: Session) -> User:
    user = User(spotify_id="mira")
    session.add(user)
    session.commit()
    return user


@pytest.fixture
def record(session: Session, mira: User) -> Record:
    """Return a function that puts a row into the trail, a minute after the one before."""
    made: list[ActivityLog] = []

    def put(description: str = "Logged out", **columns: Any) -> ActivityLog:
        row = ActivityLog(**{
            "user_id": mira.id,
            "activity_type": "logout",
            "description": description,
            "created_at": START + timedelta(minutes=len(made)),
            "source": "web",
            **columns,
        })
        made.append(row)
        session.add(row)
        session.commit()
        return row

    return put
