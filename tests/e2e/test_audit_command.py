"""`shuffify audit` as a process: pipes, terminals without UTF-8."""

from collections.abc import Iterator
import os
from pathlib import Path
import subprocess
import sys

import pytest
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, User
from tests import databases
from tests.visitor import on_sqlite

ROOT = Path(__file__).resolve().parents[2]

pytestmark = on_sqlite


@pytest.fixture
def full_trail(app_database_url: str) -> Iterator[str]:
    """Return the address of a database with more rows than a pipe holds."""
    engine = databases.connect(app_database_url)
    with Session(engine) as session:
        session.add(User(id=1, spotify_id="mira"))
        session.flush()
        session.add_all(
            ActivityLog(user_id=1, activity_type="shuffle", description=f"雨 {number} " * 40)
            for number in range(1_000)
        )
        session.commit()
    engine.dispose()
    yield app_database_url


def audit(database_url: str, *args: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "shuffify", "audit", *args],
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "APP_CONFIG": "testing",
            "DATABASE_URL": database_url, **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_who_has_seen_enough_is_no_failure(
    full_trail: str, options: tuple[str, ...]
) -> None:
    with audit(full_trail, "list", "--limit", "1000", *options) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_terminal_that_knows_only_ascii_gets_the_rest_spelt_out(full_trail: str) -> None:
    process = audit(full_trail, "list", "--limit", "1", PYTHONIOENCODING="ascii")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
    assert rb"\u96e8" in output
