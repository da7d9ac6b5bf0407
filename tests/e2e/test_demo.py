"""`shuffify demo` as somebody runs it: a process of its own, in a folder that is none of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import re
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
import requests

from shuffify.enums import ActivityType
from shuffify.models.db import ActivityLog

ROOT = Path(__file__).resolve().parents[2]

STRANGE_ENVIRONMENT = {
    "APP_CONFIG": "production",
    "SECRET_KEY": "short",
    "DATABASE_URL": "postgresql://nobody:geheim@127.0.0.1:9/none",
    "SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef",
    "SPOTIFY_API_URL": "http://127.0.0.1:9",
    "PUBLIC_URL": "http://example.com",
    "TOKEN_KEYS": "none",
    "AUDIT_SPOOL": "/nowhere/at/all",
    "ALLOWED_SPOTIFY_IDS": "somebody",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
"""What a developer may have set for an app of their own."""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "shuffify", *args]


def environ(**variables: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **variables}


def run(folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args), cwd=folder, env=environ(**variables), capture_output=True, text=True,
        timeout=120,
    )


@contextmanager
def running_demo(folder: Path, *args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the demo; yield its process and address when it serves."""
    process = subprocess.Popen(
        command("demo", *args), cwd=folder, env=environ(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"Shuffify runs at (\S+)\n", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def rows_of(tour: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert tour.returncode == 0, tour.stderr
    rows = json.loads(tour.stdout)
    assert isinstance(rows, list)
    return rows


def test_the_tour_finds_exactly_what_it_did_whatever_the_environment_says(
    empty: Path, tmp_path: Path
) -> None:
    instance = tmp_path / "instance"
    rows = rows_of(
        run(empty, "demo", "--tour", "--json", "--instance", str(instance), **STRANGE_ENVIRONMENT)
    )
    assert all(row.keys() == ActivityLog().to_dict().keys() for row in rows)
    assert {row["activity_type"] for row in rows} == set(ActivityType)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert not list(empty.iterdir())
    assert not list(instance.glob("*spool*"))

    database = {
        "APP_CONFIG": "testing", "DATABASE_URL": f"sqlite:///{instance / 'demo.sqlite'}"
    }
    listed = run(empty, "audit", "list", "--json", "--limit", "1000", **database)
    assert json.loads(listed.stdout) == rows[::-1]
    reconciled = run(empty, "audit", "reconcile", "--json", **database)
    assert json.loads(reconciled.stdout)["unexplained"] == []
    assert reconciled.returncode == 0


def test_the_tour_prints_a_table_of_the_trail_in_the_other_profile_too(
    empty: Path, tmp_path: Path
) -> None:
    tour = run(
        empty, "demo", "--tour", "--profile", "extended", "--instance", str(tmp_path / "i"),
        COLUMNS="160",
    )
    assert tour.returncode == 0, tour.stderr
    head, *lines = tour.stdout.splitlines()
    names = ("TIME (UTC)", "TYPE", "SENTENCE", "PLAYLIST", "SOURCE", "CAUSE")
    assert [head.index(name) for name in names] == sorted(head.index(name) for name in names)
    assert any(
        re.search(r"shuffle +Shuffled 'Morning run' using Basic +Morning run +web +\w{8}$", line)
        for line in lines
    )
    assert re.fullmatch(r"\d+ steps, \d+ rows: exactly as expected\.", lines[-1])


def test_the_demo_serves_until_it_is_interrupted(empty: Path, tmp_path: Path) -> None:
    options = ("--port", "0", "--instance", str(tmp_path / "instance"))
    with running_demo(empty, *options) as (process, url):
        answer = requests.get(url, timeout=20)
        assert answer.status_code == 200
        assert "Nothing here is Spotify" in answer.text
        # A client that connects and says nothing must not hold up the end.
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert " ERROR " not in errors and "Traceback" not in errors
    assert output.endswith("Stopped.\n")
    assert not list(empty.iterdir())
