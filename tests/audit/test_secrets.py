"""No secret is in a row or an export, a log or spool line or a measure, whatever goes wrong (A10).

Report, commands and the exposition of metrics have theirs searched in tests/cli.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from shuffify.audit import beforehand, bind, capture, cloud_event, csv_cells, delivery, ecs
from shuffify.audit import listeners, render, spool
from tests.audit.stage import Stage, staged
from tests.audit.vaults import ActivityLog, Base, Login, Odd, Vault, Visit, live, live_in_bulk


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


secrets = st.text("abcdefghijkXYZ0123456789-_", min_size=9, max_size=40)


class Heard:
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    def count(self, name: str, number: int) -> None:
        self.told.append((name, number))

    def observe(self, name: str, seconds: float) -> None:
        self.told.append((name, seconds))


def _exported(stage: Stage) -> Iterator[str]:
    """Yield each row in other systems' words."""
    for row in stage.rows():
        columns = {**row._mapping, "metadata": row.metadata_json,
                   "created_at": row.created_at.isoformat()}
        del columns["metadata_json"]
        yield json.dumps(cloud_event(columns, source="https://example.org", prefix="org.example"))
        yield json.dumps(ecs(columns, namespace="example"))
        yield repr(csv_cells(columns))


def _everything_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter()
    spool = stage.trail.spool.path
    assert spool is not None
    return "\n".join((
        *(repr(row) for row in stage.rows()),
        *(formatter.format(record) for record in caplog.records if "shuffify" in record.name),
        spool.read_text() if spool.exists() else "",
        repr(stage.trail.counters()),
        repr(stage.trail.meter and vars(stage.trail.meter)),
        *_exported(stage),
    ))


@pytest.mark.report(73)
@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=secrets, two=secrets)
@pytest.mark.parametrize("user_id", [7, 404], ids=["rows", "spool"])
def test_no_secret_is_told_anywhere(
    stage: Stage, caplog: pytest.LogCaptureFixture, user_id: int, one: str, two: str
) -> None:
    caplog.set_level(logging.DEBUG, "shuffify")
    caplog.clear()
    stage.trail.meter = meter = Heard()
    one, two = f"Zq{one}", f"Zr{two}"
    with bind(user_id=user_id):
        live(stage, one, two)
        for stage.trail.bulk_limit in (1, 500):
            live_in_bulk(stage, one, two)

    told = _everything_said(stage, caplog)
    assert "vault" in told and "till" in told and "login" in told
    assert ("rows.vault_create" in dict(meter.told)) == (user_id == 7)
    for secret in (one, two):
        assert secret not in told and secret.upper() not in told
        assert secret[::-1] not in told


def test_a_secret_is_recorded_as_changed_and_told_apart_without_its_value(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        vault = Vault(pin="1", access_token="a", sealed="s", api_key={"a": 1, "bb": 2})
        session.add(vault)
        session.commit()
        vault.pin, vault.access_token = "2", "a"
        vault.api_key = {"bb": 2, "a": 1}
        session.commit()
        vault.api_key = {"bb": 2, "a": 3}
        session.commit()
        vault.pin = None
        session.commit()

    first, second, third, fourth = [row.metadata_json["changes"] for row in stage.rows()]
    assert first == {
        name: [None, "[secret]"] for name in ("access_token", "pin", "sealed", "api_key")
    }
    assert second == {"pin": ["[secret]", "[secret]"]}
    assert third == {"api_key": ["[secret]", "[secret]"]}
    assert fourth == {"pin": ["[secret]", None]}


def test_minus_one_and_minus_two_are_two_secrets(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        odd = Odd(token_count=-1)
        session.add(odd)
        session.commit()
        odd.token_count = -2
        session.commit()

    assert stage.said() == ["odd_create", "odd_update"]


def test_a_secret_key_is_told_as_a_digest_that_joins_its_rows(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add(Login(token="the-very-token", place="here"))
        session.commit()
        session.add(Visit(login_id="the-very-token"))
        session.commit()
        session.scalars(select(Login)).one().place = "there"
        session.commit()

    first, _, second = stage.rows()
    assert first.entity_id == second.entity_id
    assert len(first.entity_id) == 64
    assert first.description == f"Created login '#{first.entity_id}'"
    assert "the-very-token" not in repr(stage.rows())


def test_shown_content_hides_what_its_own_keys_call_secret(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add(Vault(options={"size": 3, "refreshToken": "r", "inner": [{"PassWord": "p"}],
                                   "credential": None}))
        session.commit()

    assert stage.changes()["options"] == [None, {
        "size": 3, "refreshToken": "[secret]", "inner": [{"PassWord": "[secret]"}],
        "credential": None,
    }]


@pytest.mark.parametrize(("owner", "name"), [
    (capture.Capture, "changes"), (capture.Capture, "_creation"), (capture.Capture, "_update"),
    (render.Renderer, "row"), (delivery.Delivery, "write"), (delivery.Delivery, "settle"),
    (listeners, "look_before_update"), (listeners, "is_last"), (spool.Spool, "append"),
    (beforehand, "rows_by_key"),
])
def test_an_error_inside_the_engine_is_told_without_its_words(
    stage: Stage, owner: Any, name: str, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = "-".join(("the", "very", "secret"))  # A traceback quotes the line that raises.

    def quote(*_: Any, **__: Any) -> None:
        raise ValueError(words)

    monkeypatch.setattr(owner, name, quote)
    with bind(user_id=404 if owner is spool.Spool else 7):
        live(stage, "one", "two")

    assert "ValueError" in caplog.text
    assert words not in _everything_said(stage, caplog)


def test_explicit_metadata_is_masked_by_its_keys(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        row = stage.trail.row(user_id=7, activity_type="login", description="Signed in",
                              metadata={"a": [{"access_token": "hush"}], "secret": None})
        stage.trail.insert(session, row)
        session.commit()

    assert stage.last().metadata_json == {"a": [{"access_token": "[secret]"}], "secret": None}
