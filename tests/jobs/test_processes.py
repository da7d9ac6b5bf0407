"""`shuffify scheduler` as it is deployed: processes of their own on one PostgreSQL."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
import os
from pathlib import Path
from queue import Queue
import signal
import subprocess
import sys
from threading import Thread

from click.testing import CliRunner
from flask import Flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.extensions import db as database
from shuffify.jobs import runner
from shuffify.models.base import utcnow
from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox
from tests.apps import SECRETS
from tests.jobs.conftest import TWELVE, Table

PATIENCE = 60.0
MINUTE = timedelta(minutes=1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True),
]


class Process:
    """One `shuffify scheduler`, whose log lines can be waited for."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shuffify", "scheduler"],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as log:
            for line in log:
                self._lines.put(line)

    def wait_for(self, text: str) -> None:
        """Read on until a line holds the text."""
        while text not in self._lines.get(timeout=PATIENCE):
            pass

    def rest(self) -> str:
        """Return the lines that were not read yet, of a process that has ended."""
        self._reader.join(PATIENCE)
        return "".join(self._lines.queue)

    def send(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)


@pytest.fixture
def launch(
    app_database_url: str, app_variables: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[], Process]]:
    """Return a function that starts an external scheduler on the test's database."""
    environ = {
        **SECRETS,
        **app_variables,
        "APP_CONFIG": "development",
        "DATABASE_URL": app_database_url,
        "AUDIT_SPOOL": str(tmp_path / "spool.jsonl"),
        "SCHEDULER": "external",
        "NO_PROXY": "127.0.0.1",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    launched = []

    def start() -> Process:
        launched.append(Process(environ))
        return launched[-1]

    yield start
    for process in launched:
        process.kill()


def test_killed_leader_is_replaced_and_no_due_time_runs_twice(
    table: Table, launch: Callable[[], Process]
) -> None:
    first_due = utcnow() - 5 * MINUTE
    schedule_id = table.add(first_due)
    leader = launch()
    leader.wait_for("leads.")
    leader.wait_for(f"Schedule {schedule_id}, due {first_due}: success.")
    other = launch()
    other.wait_for("The scheduler is running.")

    leader.send(signal.SIGKILL)
    second_due = utcnow() - MINUTE
    table.set_due(schedule_id, second_due)

    other.wait_for("leads.")
    other.wait_for(f"Schedule {schedule_id}, due {second_due}: success.")
    assert [(run.due_at, run.status) for run in table.runs] == [
        (first_due, "success"),
        (second_due, "success"),
    ]
    runs = [row for row in table.trail if row.activity_type == "schedule_run"]
    assert len(runs) == 2
    assert {row.source for row in runs} == {"scheduler"}
    assert len({row.request_id for row in runs}) == 2
    assert other.send(signal.SIGTERM) == 0
    assert "leads no more." in other.rest()


def test_sigterm_lets_the_write_under_way_finish(
    table: Table, launch: Callable[[], Process], sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    sandbox.fault("slow", path=f"/v1/playlists/{TWELVE}/items", method="PUT", seconds=1)
    table.add(utcnow() - MINUTE)
    process = launch()
    process.wait_for(": running.")

    assert process.send(signal.SIGTERM) == 0

    assert [run.status for run in table.runs] == ["success"]
    assert sandbox.uris(TWELVE) != before


def test_run_of_a_killed_process_is_settled_by_the_next_one(
    table: Table, launch: Callable[[], Process], app: Flask, sandbox: Sandbox, outside: Session
) -> None:
    before = sandbox.uris(TWELVE)
    sandbox.fault("slow", path=f"/v1/playlists/{TWELVE}/items", method="PUT", seconds=5)
    schedule_id = table.add(utcnow() - MINUTE)
    process = launch()
    process.wait_for(": running.")
    with app.app_context():
        while not database.session.scalar(select(PlaylistSnapshot.id)):
            # The snapshot is committed before the first call that changes something.
            database.session.rollback()
    process.send(signal.SIGKILL)
    for snapshot in outside.scalars(select(PlaylistSnapshot)):
        snapshot.created_at -= 3 * MINUTE
    outside.commit()
    for run in table.runs:
        run.started_at -= 31 * MINUTE
    outside.commit()

    runner.fail_stale(app)
    runner.recover_writes(app)

    [run] = table.runs
    assert (run.status, run.error_message) == ("failed", "interrupted by a restart")
    assert Counter(sandbox.uris(TWELVE)) == Counter(before)
    [state] = outside.scalars(select(PlaylistSnapshot.write_state))
    assert state in ("applied", "void")
    assert [row.activity_type for row in table.trail] == ["snapshot_create", "schedule_run"]
    assert table.schedule(schedule_id).last_status == "failed"


def test_command_asks_for_the_setting_that_it_needs(app_database_url: str) -> None:
    environ = {"APP_CONFIG": "testing", "DATABASE_URL": app_database_url, "SCHEDULER": "off"}
    result = CliRunner().invoke(cli.cli, ["scheduler"], env=environ)
    assert result.exit_code == 78
    assert "set SCHEDULER=external" in result.stderr
