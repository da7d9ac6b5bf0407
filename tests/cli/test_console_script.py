"""The console script: its commands, its exit codes, and whom it acts for."""

from collections.abc import Callable
import getpass
import json
import os
from pathlib import Path
import re
import socket
import subprocess
import sys

import click
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
import pytest
import requests
from sqlalchemy import inspect

from shuffify import cli
from shuffify.audit import current
from shuffify.cli import keys as keys_command
from tests import databases

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str) -> Run:
    """Return a function that runs a command on an empty database."""

    def run(*args: str, **variables: str) -> Result:
        environ = {"APP_CONFIG": "testing", "DATABASE_URL": database_url, **variables}
        return CliRunner().invoke(cli.cli, args, env=environ)

    return run


def test_help_names_every_command() -> None:
    names = cli.cli.list_commands(click.Context(cli.cli))
    assert {"audit", "db", "demo", "doctor", "keys", "run", "scheduler", "users"} <= set(names)


def test_an_unknown_command_is_wrong_usage(run: Run) -> None:
    assert run("teleport").exit_code == 2


def test_configuration_mistakes_are_all_named_and_end_with_78(run: Run) -> None:
    result = run("db", "current", APP_CONFIG="production", SECRET_KEY="too-short-and-secret")
    assert result.exit_code == 78
    for variable in ("SECRET_KEY", "TOKEN_KEYS", "PUBLIC_URL", "SPOTIFY_CLIENT_ID"):
        assert re.search(rf"{variable}: .*; .*\.", result.stderr)
    assert "too-short-and-secret" not in result.output


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:geheim@127.0.0.1:9/none", "sqlite:////nowhere/at/all.sqlite"]
)
def test_a_database_that_is_away_ends_with_3_and_no_secret(run: Run, url: str) -> None:
    result = run("db", "upgrade", DATABASE_URL=url)
    assert result.exit_code == 3, result.output
    assert "geheim" not in result.output


def test_serving_a_database_that_is_away_ends_with_3(run: Run) -> None:
    result = run("run", DATABASE_URL="postgresql://nobody:geheim@127.0.0.1:9/none")
    assert result.exit_code == 3
    assert "The database cannot be read" in result.stderr
    assert "geheim" not in result.output


def test_a_file_that_is_no_database_ends_with_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are notes, not tables. " * 100)
    result = run("db", "upgrade", DATABASE_URL=f"sqlite:///{tmp_path / 'notes.txt'}")
    assert result.exit_code == 3
    assert "file is not a database" in result.stderr


def test_db_upgrade_makes_the_tables_and_check_agrees(run: Run, database_url: str) -> None:
    assert run("db", "check").exit_code == 1
    result = run("db", "upgrade")
    assert result.exit_code == 0, result.output
    engine = databases.connect(database_url)
    assert "activity_log" in inspect(engine).get_table_names()
    engine.dispose()
    assert run("db", "check").exit_code == 0


def test_commands_act_as_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    probe = click.Command("probe", callback=lambda: seen.append(current()))
    monkeypatch.setattr(keys_command, "probe", probe, raising=False)
    monkeypatch.setitem(cli.COMMANDS, "probe", "shuffify.cli.keys:probe")
    monkeypatch.setenv("LOGNAME", "ops")
    result = CliRunner().invoke(cli.cli, ["probe"])
    assert result.exit_code == 0, result.output
    context = seen[0]
    actor = context.actor
    assert (actor.kind, actor.label, context.source) == ("cli", "cli:ops", "cli")
    assert context.user_id is None
    assert context.request_id
    assert current().source is None


def test_an_operator_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    seen = []
    probe = click.Command("probe", callback=lambda: seen.append(current().actor.label))
    monkeypatch.setattr(keys_command, "probe", probe, raising=False)
    monkeypatch.setitem(cli.COMMANDS, "probe", "shuffify.cli.keys:probe")
    monkeypatch.setattr(getpass, "getuser", nobody)
    CliRunner().invoke(cli.cli, ["probe"])
    assert seen == [f"cli:{os.getuid()}"]


def test_generated_keys_are_good_ones_and_new_each_time() -> None:
    made = [
        json.loads(CliRunner().invoke(cli.cli, ["keys", "generate", "--json"]).stdout)
        for _ in range(2)
    ]
    assert made[0] != made[1]
    assert len(made[0]["SECRET_KEY"]) >= 32
    assert Fernet(made[0]["TOKEN_KEYS"])
    assert len({made[0]["SECRET_KEY"], made[0]["AUDIT_SEAL_KEY"], made[1]["AUDIT_SEAL_KEY"]}) == 3
    printed = CliRunner().invoke(cli.cli, ["keys", "generate"])
    lines = r"SECRET_KEY=\S{32,}\nTOKEN_KEYS=\S{44}\nAUDIT_SEAL_KEY=\S{32,}\n"
    assert re.fullmatch(lines, printed.stdout)
    assert "AUDIT_SEAL_KEY is optional" in printed.stderr


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_run_serves_and_stops_cleanly(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    environ = {**os.environ, "APP_CONFIG": "testing", "DATABASE_URL": database_url}
    upgrade = [sys.executable, "-m", "shuffify", "db", "upgrade"]
    subprocess.run(upgrade, env=environ, check=True, capture_output=True)
    command = [sys.executable, "-m", "shuffify", "run", "--port", str(port)]
    server = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None and server.stderr is not None
    assert "http://127.0.0.1:8000/callback" in server.stdout.readline()
    for line in server.stderr:
        if "Booting worker" in line:
            break
    answer = requests.get(f"http://127.0.0.1:{port}/livez", timeout=20)
    assert answer.json() == {"status": "ok"}
    server.terminate()
    server.communicate(timeout=40)
    assert server.returncode == 0


def test_production_does_not_serve_an_empty_database(run: Run) -> None:
    result = run(
        "run",
        APP_CONFIG="production",
        SECRET_KEY="k" * 40,
        TOKEN_KEYS=Fernet.generate_key().decode(),
        SPOTIFY_CLIENT_ID="id",
        SPOTIFY_CLIENT_SECRET="secret",
        PUBLIC_URL="https://shuffify.example",
    )
    assert result.exit_code == 78
    assert "Run `shuffify db upgrade`" in result.stderr
