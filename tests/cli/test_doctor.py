"""`shuffify doctor`: a line and a remedy for each part, and an exit code that says the worst."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
import json
from pathlib import Path
from threading import Thread
from typing import Any

from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify import cli, schema
from shuffify.models.base import utcnow
from shuffify.models.db import SchedulerState, User
from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox
from shuffify.services import CHECKS
from tests.sandboxed import running_sandbox, sandbox  # noqa: F401

Findings = dict[str, dict[str, Any]]
Doctor = Callable[..., tuple[int, Findings]]
Run = Callable[..., Result]

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
AWAY = "postgresql://nobody:geheim@127.0.0.1:9/none"


@pytest.fixture
def run(app_database_url: str, sandbox: Sandbox, tmp_path: Path) -> Run:  # noqa: F811
    def invoke(*args: str, **variables: str) -> Result:
        environ = {
            "APP_CONFIG": "testing",
            "DATABASE_URL": app_database_url,
            "SPOTIFY_CLIENT_ID": CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": sandbox.url,
            "SPOTIFY_API_URL": sandbox.url,
            "TOKEN_KEYS": NEW,
            **variables,
        }
        return CliRunner().invoke(cli.cli, ["doctor", *args], env=environ)

    return invoke


@pytest.fixture
def doctor(run: Run, session: Session) -> Doctor:
    """Return a function that runs doctor, on a database that is at the newest migration."""
    session.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))"))
    session.execute(text("INSERT INTO alembic_version VALUES (:at)"), {"at": schema.newest()})
    session.commit()

    def look(**variables: str) -> tuple[int, Findings]:
        result = run("--json", **variables)
        return result.exit_code, {entry["check"]: entry for entry in json.loads(result.stdout)}

    return look


def states(findings: Findings) -> str:
    assert tuple(findings) == CHECKS
    return " ".join(entry["state"] for entry in findings.values())


def token(user: User, key: str) -> str:
    return Fernet(key).encrypt(f"{user.id}:secret".encode()).decode()


def account(session: Session, spotify_id: str, key: str) -> User:
    user = User(spotify_id=spotify_id)
    session.add(user)
    session.flush()
    user.encrypted_access_token = user.encrypted_refresh_token = token(user, key)
    session.commit()
    return user


def test_all_is_well(doctor: Doctor, session: Session) -> None:
    now = utcnow()
    session.add(SchedulerState(leader="a", heartbeat_at=now, started_at=now))
    account(session, "mira", NEW)
    code, findings = doctor(SCHEDULER="embedded")
    assert (code, states(findings)) == (0, "ok ok ok ok ok ok ok")
    assert not any(entry["remedy"] for entry in findings.values())
    assert findings["spotify"]["message"] == "The sandbox answers."
    assert findings["token_keys"]["message"].endswith("Accounts by key: key 1: 1.")


def test_a_database_without_tables_is_told_with_its_remedy(run: Run, session: Session) -> None:
    answer = run()
    lines = answer.stdout.splitlines()
    assert (answer.exit_code, len(lines)) == (1, len(CHECKS))
    assert lines[2].startswith("failed   migrations     The database is at no migration at all, ")
    assert lines[2].endswith("Run `shuffify db upgrade` with the newest version of Shuffify.")
    assert [line.split()[0] for line in lines[3:5]] == ["skipped", "skipped"]


@pytest.mark.parametrize("url", [AWAY, "sqlite:////nowhere/at/all.sqlite"])
def test_a_database_that_is_away_ends_with_3_and_the_rest_is_looked_at(
    run: Run, url: str
) -> None:
    answer = run("--json", DATABASE_URL=url)
    findings = {entry["check"]: entry for entry in json.loads(answer.stdout)}
    assert answer.exit_code == 3
    assert states(findings) == "ok failed skipped skipped skipped ok ok"
    assert findings["database"]["remedy"] == "Start it, or correct DATABASE_URL."
    assert "geheim" not in answer.output


def test_broken_configuration_stands_in_lines_of_its_own(run: Run) -> None:
    answer = run(APP_CONFIG="production", SECRET_KEY="too-short-and-secret", TOKEN_KEYS="geheim")
    lines = answer.stdout.splitlines()
    assert answer.exit_code == 78
    broken = [line for line in lines if line.startswith("failed   configuration")]
    for variable in ("SECRET_KEY", "TOKEN_KEYS", "PUBLIC_URL"):
        assert any(f" {variable}: " in line for line in broken)
    assert [line.split()[1] for line in lines[len(broken):]] == [*CHECKS[1:]]
    assert "secret" not in answer.stdout.replace("SPOTIFY_CLIENT_SECRET", "")
    assert "geheim" not in answer.output


def test_tokens_that_no_key_reads_are_told_by_account(doctor: Doctor, session: Session) -> None:
    mira, jonas = account(session, "mira", NEW), account(session, "jonas", NEW)
    jonas.encrypted_access_token = token(mira, NEW)
    session.commit()
    code, findings = doctor()
    assert (code, findings["token_keys"]["state"]) == (1, "failed")
    assert findings["token_keys"]["message"].endswith(f"these accounts: {jonas.id}.")
    assert "log in again" in findings["token_keys"]["remedy"]


def test_a_key_that_is_still_needed_is_told(doctor: Doctor, session: Session) -> None:
    account(session, "mira", OLD)
    code, findings = doctor(TOKEN_KEYS=f"{NEW},{OLD}")
    assert (code, findings["token_keys"]["state"]) == (0, "ok")
    assert findings["token_keys"]["message"].endswith("key 1: 0, key 2: 1.")
    assert findings["token_keys"]["remedy"].startswith("Run `shuffify keys rotate`")


def test_scheduler_that_fell_silent_is_told(doctor: Doctor, session: Session) -> None:
    assert doctor()[1]["scheduler"]["state"] == "off"
    code, findings = doctor(SCHEDULER="embedded")
    assert (code, findings["scheduler"]["state"]) == (0, "off")
    silent = utcnow() - timedelta(minutes=2)
    session.add(SchedulerState(leader="a", heartbeat_at=silent, started_at=silent))
    session.commit()
    code, findings = doctor(SCHEDULER="embedded")
    assert (code, findings["scheduler"]["state"]) == (1, "failed")
    assert findings["scheduler"]["remedy"] == "Start `shuffify run` again."


@contextmanager
def server(date: str | None, status: int = 401) -> Iterator[str]:
    """Answer as Spotify does to a stranger, with a Date of one's own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as httpd:
        Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.mark.parametrize(("seconds", "state", "words"), [
    (20, "ok", "s from Spotify's."),
    (-20, "ok", "s from Spotify's."),
    (90, "failed", "s behind Spotify's"),
    (-90, "failed", "s ahead of Spotify's"),
])
def test_clock_is_compared_with_the_answers(
    doctor: Doctor, seconds: int, state: str, words: str
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    with server(date) as url:
        code, findings = doctor(SPOTIFY_ACCOUNTS_URL=url, SPOTIFY_API_URL=url)
    assert (code, findings["clock"]["state"]) == (int(state == "failed"), state)
    assert words in findings["clock"]["message"]


@pytest.mark.parametrize("date", [None, "some day"])
def test_an_answer_without_a_time_is_an_answer(doctor: Doctor, date: str | None) -> None:
    with server(date) as url:
        code, findings = doctor(SPOTIFY_ACCOUNTS_URL=url, SPOTIFY_API_URL=url)
    assert (code, findings["spotify"]["state"], findings["clock"]["state"]) == (0, "ok", "skipped")


def test_spotify_that_fails_or_is_away_is_told(doctor: Doctor) -> None:
    with server(None, status=503) as url:
        code, findings = doctor(SPOTIFY_ACCOUNTS_URL=url)
    assert (code, findings["spotify"]["state"]) == (1, "failed")
    assert "status 503" in findings["spotify"]["message"]
    code, findings = doctor(SPOTIFY_API_URL="http://127.0.0.1:9")
    assert (code, findings["spotify"]["state"], findings["clock"]["state"]) == (
        1, "failed", "skipped"
    )
    assert findings["spotify"]["message"].startswith("127.0.0.1:9: ")


def test_missing_credentials_are_told(doctor: Doctor, sandbox: Sandbox) -> None:  # noqa: F811
    code, findings = doctor(SPOTIFY_CLIENT_ID="")
    assert (code, findings["spotify"]["state"]) == (1, "failed")
    assert "SPOTIFY_CLIENT_ID" in findings["spotify"]["message"]
    assert sandbox.requests() == []
