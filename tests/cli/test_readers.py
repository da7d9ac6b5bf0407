"""Commands that write nothing wait for nobody who writes."""

import shlex
import sqlite3

from click.testing import CliRunner
import pytest

from shuffify import cli
from shuffify.models import sqlite

READERS = (
    "audit list", "audit stats", "audit verify", "audit reconcile", "audit export",
    "audit prune --keep-days 30 --dry-run", "keys rotate --dry-run", "users list",
)


@pytest.mark.parametrize("app_database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", READERS)
def test_a_reader_does_not_wait_for_a_writer(
    app_database_url: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 0)
    writer = sqlite3.connect(app_database_url.removeprefix("sqlite:///"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    environ = {"APP_CONFIG": "testing", "DATABASE_URL": app_database_url}
    result = CliRunner().invoke(cli.cli, shlex.split(command), env=environ)
    writer.close()
    assert (result.exit_code, result.stderr) == (0, "")
