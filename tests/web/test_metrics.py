"""`/metrics`: who may look, and what is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
import os
from pathlib import Path
import re
import subprocess
import sys

from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
import pytest

from shuffify.audit import AuditTrail, bind
from shuffify.audit_trail import trail
from shuffify.errors import ConfigurationError
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, User, WorkshopSession, db
from shuffify.web.metrics import PrometheusMeter
from tests.visitor import on_sqlite

TOKEN = "a-token-for-prometheus"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def measured(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    trail.meter = None
    yield make_app(METRICS_TOKEN=TOKEN)
    trail.meter = None


def scrape(app: Flask, token: str = TOKEN) -> dict[str, float]:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/plain"
    return samples(answer.text)


def samples(text: str) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }


@on_sqlite
def test_without_a_token_in_the_settings_there_is_no_such_page(app: Flask) -> None:
    assert app.test_client().get("/metrics").status_code == 404


@on_sqlite
@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer x", TOKEN, f"Basic {TOKEN}", "Bearer ü"])
def test_only_the_bearer_of_the_token_may_look(measured: Flask, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    answer = measured.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "shuffify_audit" not in answer.text


def test_what_the_trail_counts_is_told(
    measured: Flask, user: User, tmp_path: Path
) -> None:
    before = scrape(measured)
    assert before["shuffify_audit_losses_total[('stage', 'insert')]"] >= 0
    saved = "shuffify_audit_rows_total[('type', 'workshop_session_save')]"
    with measured.app_context(), bind(user_id=user.id):
        for name in ("secret-of-mine", "two"):
            db.session.add(WorkshopSession(
                user_id=user.id, playlist_id="p", playlist_name="P", session_name=name,
                track_uris=[],
            ))
            db.session.commit()
        db.session.add(WorkshopSession(
            user_id=user.id, playlist_id="p", playlist_name="P", session_name="undone",
            track_uris=[],
        ))
        db.session.flush()
        db.session.rollback()
        trail.spool.append({"event_id": "x"}, "insert", "refused")
        trail.count("losses.insert")
        trail.count("bypasses.allowed", 2)
        trail.count("something.new")
    after = scrape(measured)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown(saved) == 2
    assert grown("shuffify_audit_write_seconds_count[]") == 2
    assert 0 < grown("shuffify_audit_write_seconds_sum[]") < 10
    assert grown("shuffify_audit_losses_total[('stage', 'insert')]") == 1
    assert grown("shuffify_audit_bypasses_total[('allowed', 'yes')]") == 2
    assert grown("shuffify_audit_others_total[('name', 'something.new')]") == 1
    assert after["shuffify_audit_spool_rows[]"] == before["shuffify_audit_spool_rows[]"] + 1
    assert before["shuffify_audit_seal_lag_seconds[]"] == 0
    assert "secret-of-mine" not in str(after)


@on_sqlite
def test_the_lag_of_the_seals_is_told_while_the_database_tells_it(
    measured: Flask, user: User
) -> None:
    with measured.app_context():
        minute_ago = utcnow() - timedelta(minutes=1)
        db.session.add(ActivityLog(
            user_id=user.id, activity_type="logout", description="x", created_at=minute_ago
        ))
        db.session.commit()
        assert 60 <= scrape(measured)["shuffify_audit_seal_lag_seconds[]"] < 120
        trail.custody.seal(db.engine)
        assert scrape(measured)["shuffify_audit_seal_lag_seconds[]"] == 0
        db.session.remove()
        db.drop_all()
    assert "shuffify_audit_seal_lag_seconds[]" not in scrape(measured)


def test_a_meter_that_fails_harms_nobody(
    measured: Flask, user: User, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def count(self, name: str, number: int) -> None:
            raise RuntimeError("count")

        def observe(self, name: str, seconds: float) -> None:
            raise RuntimeError("observe")

    trail.meter = Broken()
    rows = trail.counters()["rows"]
    with measured.app_context(), bind(user_id=user.id):
        db.session.add(WorkshopSession(
            user_id=user.id, playlist_id="p", playlist_name="P", session_name="n", track_uris=[],
        ))
        db.session.commit()
    assert trail.counters()["rows"] == rows + 1
    assert caplog.text.count("the audit meter failed: RuntimeError") == 2


def test_every_name_that_the_trail_counts_has_a_metric() -> None:
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    names = set(AuditTrail(log=ActivityLog).counters()) - {"rows"}
    for name in names:
        meter.count(name, 1)
    told = samples(generate_latest(registry).decode())
    others = "shuffify_audit_others_total[('name', '{}')]"
    assert [name for name in names if others.format(name) in told] == []


@on_sqlite
def test_a_short_token_stops_the_start(make_app: Callable[..., Flask]) -> None:
    with pytest.raises(ConfigurationError, match="METRICS_TOKEN: has 5 characters of 16"):
        make_app(METRICS_TOKEN="short")


WORKER = """
import sys
from shuffify import create_app
from shuffify.audit_trail import trail
app = create_app("testing")
trail.count("losses.insert", int(sys.argv[1]))
answer = app.test_client().get("/metrics", headers={"Authorization": "Bearer " + sys.argv[2]})
print(answer.text)
"""


@on_sqlite
def test_workers_share_their_numbers_through_a_folder(
    app_database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    environ = {
        **os.environ, "DATABASE_URL": app_database_url, "METRICS_TOKEN": TOKEN,
        "PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(ROOT),
    }
    told = ""
    for number in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", WORKER, number, TOKEN], env=environ, cwd=tmp_path, check=True,
            capture_output=True, text=True, timeout=60,
        ).stdout
    found = re.search(r'shuffify_audit_losses_total\{stage="insert"\} (\S+)', told)
    assert found is not None and float(found[1]) == 3
