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


@pytest.fixture
def full() -> Iterator[int]:
    """Return an output on a disk without room."""
    device = os.open("/dev/full", os.O_WRONLY)
    yield device
    os.close(device)


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
def test_a_key_that_is_missing_ends_with_78_though_nobody_reads_what_was_found(
    environ: dict[str, str], unread: int, audit: Audit, record: Record, session: Session
) -> None:
    record()
    audit("seal", AUDIT_SEAL_KEY="a key of the auditors")
    tamper(session, "UPDATE activity_log SET description = 'Logged in'")
    code, told = run(environ, unread, "verify", "--json")
    assert code == 78
    assert told.startswith("Error: AUDIT_SEAL_KEY: ")


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


@on_sqlite
@pytest.mark.parametrize(
    "arguments", [("list",), ("export",), ("verify", "--json"), ("seal",)], ids=" ".join
)
def test_an_output_without_room_is_said_without_a_traceback(
    environ: dict[str, str], full: int, record: Record, arguments: tuple[str, ...]
) -> None:
    record()
    told = "Error: The output cannot be written: No space left on device.\n"
    assert run(environ, full, *arguments) == (1, told)


@on_sqlite
def test_an_export_to_a_closed_output_is_said_without_a_traceback(
    environ: dict[str, str], record: Record
) -> None:
    record()
    closed = ["sh", "-c", 'exec "$0" -m shuffify audit export >&-', sys.executable]
    done = subprocess.run(closed, env=environ, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "Error: There is no output to write to. Use --out FILE.\n"


@on_sqlite
@pytest.mark.parametrize("arguments", [
    "list", "list --json", "show 1", "stats --json", "verify", "verify --json", "reconcile",
    "check", "check --json", "seal", "replay", "prune --keep-days 400 --dry-run",
])
def test_an_answer_that_nobody_can_read_is_no_success(
    environ: dict[str, str], record: Record, arguments: str
) -> None:
    record()
    closed = ["sh", "-c", f'exec "$0" -m shuffify audit {arguments} >&-', sys.executable]
    done = subprocess.run(closed, env=environ, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "Error: There is no output to write to: it is closed.\n"


@on_sqlite
def test_csv_spells_out_what_the_output_cannot_encode(
    environ: dict[str, str], record: Record
) -> None:
    record("Saved 'Caf\xe9'")
    command = [sys.executable, "-m", "shuffify", "audit", "export", "--format", "csv"]
    done = subprocess.run(
        command, env={**environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"Saved 'Caf\xe9'" in done.stdout
