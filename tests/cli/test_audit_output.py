"""`shuffify audit` and an output that nobody reads to the end, that is full, or is none."""

from collections.abc import Iterator
import os
from pathlib import Path
import subprocess
import sys

from flask import Flask
import pytest
from sqlalchemy.orm import Session

from shuffify.models.db import User
from tests.cli.conftest import Audit, Record
from tests.cli.test_audit_reconcile import save
from tests.cli.test_audit_seal import tamper
from tests.visitor import on_sqlite


@pytest.fixture
def environ(app_database_url: str, spool: Path) -> dict[str, str]:
    return {
        **os.environ, "APP_CONFIG": "testing", "DATABASE_URL": app_database_url,
        "AUDIT_SPOOL": str(spool),
    }


@pytest.fixture
def unread() -> Iterator[int]:
    """Return a pipe's end whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def run(environ: dict[str, str], output: int, *arguments: str) -> tuple[int, str]:
    """Run `shuffify audit …` in a process of its own; return its exit code and its errors."""
    command = [sys.executable, "-m", "shuffify", "audit", *arguments]
    done = subprocess.run(
        command, env=environ, stdout=output, stderr=subprocess.PIPE, text=True, timeout=60
    )
    return done.returncode, done.stderr


@on_sqlite
def test_tampering_that_nobody_reads_of_ends_with_1(
    environ: dict[str, str], unread: int, audit: Audit, record: Record, session: Session
) -> None:
    record()
    audit("seal")
    tamper(session, "UPDATE activity_log SET description = 'Logged in'")
    assert run(environ, unread, "verify") == (1, "")
    assert run(environ, unread, "verify", "--json") == (1, "")


@on_sqlite
def test_unexplained_rows_that_nobody_reads_of_end_with_1(
    environ: dict[str, str], unread: int, app: Flask, mira: User, session: Session
) -> None:
    save(app, mira)
    tamper(session, "UPDATE workshop_sessions SET track_uris = '[]'")
    assert run(environ, unread, "reconcile") == (1, "")


@on_sqlite
@pytest.mark.parametrize(
    "arguments",
    [("seal",), ("prune", "--keep-days", "400"), ("replay",), ("list",), ("stats",),
     ("show", "1"), ("export",), ("export", "--format", "csv"), ("verify",)],
    ids=" ".join,
)
def test_success_that_nobody_reads_of_is_success(
    environ: dict[str, str], unread: int, record: Record, arguments: tuple[str, ...]
) -> None:
    record()
    assert run(environ, unread, *arguments) == (0, "")
