"""What is planted in secret columns, and deep in JSON, stands nowhere that an auditor looks (A10).

`tests/audit/test_secrets.py` searches what the engine writes; here its rows are the app's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
import pytest
from sqlalchemy import Connection, Engine, insert
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.models.db import ActivityLog, User
from shuffify.web.metrics import PrometheusMeter
from tests import databases
from tests.audit import vaults
from tests.audit.stage import staged
from tests.cli.conftest import Audit

ONE, TWO = "Zq-the-first-secret", "Zr-the-second-secret"


@pytest.fixture
def own_engine(tmp_path: Path) -> Engine:
    return databases.connect(f"sqlite:///{tmp_path / 'vaults.sqlite'}")


@pytest.fixture
def exposed(own_engine: Engine, session: Session, mira: User, tmp_path: Path) -> str:
    """Record what is planted, put the rows into the app's trail; return the metrics of it."""
    registry = CollectorRegistry()
    with staged(own_engine, vaults.Base, vaults.ActivityLog, tmp_path / "own.jsonl") as stage:
        stage.trail.meter = PrometheusMeter(registry)
        for user_id in (7, 404):
            with bind(user_id=user_id):
                vaults.live(stage, ONE, TWO)
                for stage.trail.bulk_limit in (1, 500):
                    vaults.live_in_bulk(stage, ONE, TWO)
        rows = [{**row._mapping, "user_id": mira.id} for row in stage.rows()]
    own_engine.dispose()
    _copy(session.connection(), rows)
    session.commit()
    return generate_latest(registry).decode()


def _copy(connection: Connection, rows: list[dict[str, Any]]) -> None:
    # Half of them as runs that failed: those the report tells one by one.
    connection.execute(insert(ActivityLog.__table__), [
        row if index % 2 else {
            **row, "activity_type": "schedule_run",
            "metadata_json": {**row["metadata_json"], "outcome": "failed"},
        }
        for index, row in enumerate(rows)
    ])


def test_no_planted_secret_is_in_metrics_report_exports_or_what_commands_print(
    audit: Audit, exposed: str, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    places = {"metrics": exposed}
    for command in (
        ("list", "--limit", "1000"), ("list", "--limit", "1000", "--json"), ("stats",),
        *(("show", str(number)) for number in (1, 2, 3)),
        *(("export", "--format", form) for form in ("ndjson", "csv", "cloudevents", "ecs")),
        ("report", "--out", str(page)),
    ):
        answer = audit(*command)
        assert answer.exit_code == 0, answer.output
        places[" ".join(command)] = answer.output
    places["report"] = page.read_text()

    assert 'rows_total{type="vault_create"}' in exposed and "Updated till" in places["report"]
    assert {
        place for place, text in places.items() for secret in (ONE, TWO)
        if secret.lower() in text.lower() or secret[::-1] in text
    } == set()
