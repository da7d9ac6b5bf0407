"""Nothing that opens a door stands in what the app writes down: the whole tour, then a search.

`tests/audit/test_secrets.py` plants secrets in columns, JSON and errors, and searches what the
engine writes; here everything is searched that a login, a write or a schedule ever handed around.
"""

from collections.abc import Callable, Iterator
import json
import logging
from pathlib import Path
import secrets

from click.testing import CliRunner
from flask import Flask
import pytest
import requests
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.audit_trail import trail
from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Browser
from shuffify.cli.tour.steps import STEPS
from shuffify.cli.tour.walk import take_tour
from shuffify.enums import ActivityType
from shuffify.models.db import User
from shuffify.sandbox import CLIENT_SECRET
from tests import databases
from tests.apps import SECRETS

METRICS_TOKEN = "a-token-that-only-prometheus-knows"

COMMANDS = (
    ("audit", "list", "--limit", "1000"),
    ("audit", "list", "--limit", "1000", "--json"),
    ("audit", "show", "1"),
    ("audit", "stats"),
    ("audit", "reconcile", "--json"),
    ("audit", "seal"),
    ("audit", "verify", "--json"),
    ("audit", "replay"),
    ("users", "list", "--json"),
    ("doctor", "--json"),
    *(("audit", "export", "--format", form) for form in ("ndjson", "csv", "cloudevents", "ecs")),
)


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return every code, token, state, verifier and session id that anybody makes."""
    made: set[str] = set()
    token_urlsafe = secrets.token_urlsafe

    def noted(nbytes: int | None = None) -> str:
        value = token_urlsafe(nbytes)
        made.add(value)
        return value

    monkeypatch.setattr(secrets, "token_urlsafe", noted)
    return made


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return every cookie and CSRF token that a browser of the tour is given."""
    given: set[str] = set()
    answer = Browser._answer

    def noted(browser: Browser, *args: object, **options: object) -> object:
        outcome = answer(browser, *args, **options)  # type: ignore[arg-type]
        given.update(cookie.value for cookie in browser._http.cookies if cookie.value)
        given.add(browser.token)
        return outcome

    monkeypatch.setattr(Browser, "_answer", noted)
    return given


@pytest.fixture
def app_variables(app_variables: dict[str, str]) -> dict[str, str]:
    return {**app_variables, "METRICS_TOKEN": METRICS_TOKEN, "AUDIT_CLIENT_INFO": "on",
            "LOG_LEVEL": "DEBUG"}


@pytest.fixture
def metered() -> Iterator[None]:
    yield
    trail.meter = None


@pytest.fixture
def printed(
    app_database_url: str, app_variables: dict[str, str], tmp_path: Path, app: Flask
) -> Callable[[], str]:
    """Return a function that runs every command and returns all that they print."""

    def run() -> str:
        environ = {
            **SECRETS, **app_variables, "APP_CONFIG": "testing", "COLUMNS": "200",
            "DATABASE_URL": app_database_url, "AUDIT_SPOOL": str(tmp_path / "audit-spool.jsonl"),
        }
        page = tmp_path / "report.html"
        told = []
        for command in (*COMMANDS, ("audit", "report", "--out", str(page))):
            result = CliRunner().invoke(cli.cli, [*command], env=environ)
            assert result.exit_code in (0, 1), (command, result.output)
            told.append(result.output)
        return "\n".join([*told, page.read_text()])

    return run


def encrypted(database_url: str) -> set[str]:
    engine = databases.connect(database_url)
    with Session(engine) as session:
        found = {
            token for user in session.query(User)
            for token in (user.encrypted_access_token, user.encrypted_refresh_token) if token
        }
    engine.dispose()
    return found


def leaks(places: dict[str, str], wanted: set[str]) -> set[str]:
    """Return the places in which something secret stands."""
    return {
        place for place, text in places.items()
        if any(len(secret) > 8 and secret in text for secret in wanted)
    }


def test_no_token_code_cookie_or_key_stands_in_rows_logs_spool_metrics_exports_or_report(
    handed_out: set[str], shown: set[str], world: Demo, printed: Callable[[], str], metered: None,
    app_database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    report = take_tour(world, STEPS, ActivityType)
    trail.spool.append({**report.rows[0], "event_id": "kept"}, "insert", "refused")
    spool = (tmp_path / "audit-spool.jsonl").read_text()
    metrics = requests.get(
        f"{world.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=20
    ).text
    # The tour's own browser runs in this process and logs the addresses that it opens.
    logs = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records
        if not record.name.startswith("urllib3")
    )
    places = {
        "rows": json.dumps(report.rows), "logs": logs, "spool": spool, "metrics": metrics,
        "commands": printed(),
    }
    keys = {CLIENT_SECRET, METRICS_TOKEN, *SECRETS.values()}
    wanted = handed_out | shown | keys | encrypted(app_database_url)

    assert len(handed_out) >= 10 and len(shown) > 5, "the search must know what to look for"
    assert "shuffify_audit_rows_total" in metrics and len(report.rows) > 30
    assert leaks({"planted": f"x{max(handed_out)}x"}, wanted) == {"planted"}
    assert leaks(places, wanted) == set()
