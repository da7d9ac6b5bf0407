"""What becomes of rows where a part of the engine breaks inside (A2, A3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextvars import Context
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import bind, capture, counters, delivery, ledger, listeners, render, spool
from shuffify.audit import unit, writer
from shuffify.audit.guard import report
from tests.audit.faults import (
    TOLD, ActivityLog, Base, Shelf, beginning, failing, story, ticks, told, without_auditing,
)
from tests.audit.stage import LogColumns, Stage, staged

pytestmark = pytest.mark.usefixtures("mira")


class Broken(Exception):
    """A mistake of the engine's own."""


class Free(DeclarativeBase):
    """The base of a log that needs no user."""


class FreeLog(LogColumns, Free):
    user_id: Mapped[int | None] = mapped_column()


class Thing(Free):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


def _breaking(times: int) -> Callable[..., Any]:
    left = [times]

    def wrap(original: Any) -> Any:
        @wraps(original)
        def broken(*args: Any, **kwargs: Any) -> Any:
            if left[0]:
                left[0] -= 1
                raise Broken
            return original(*args, **kwargs)

        return broken

    return wrap


def test_a_flush_that_could_not_be_captured_leaves_a_gap_that_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "Capture", _breaking(1)(capture.Capture))
    with stage.session() as session:
        story(session)

    (gap,) = [row for row in stage.rows() if row.activity_type == "audit_gap"]
    assert "Shelf" in gap.description
    assert ticks(stage) == {"retried": 1}


def test_a_gap_says_who_acted_and_why_where_nobody_is_named_by_the_row(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "Capture", _breaking(1)(capture.Capture))
    with bind(user_id=7, kind="job", reason="the nightly run"), stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()

    (gap,) = stage.rows()
    assert gap.metadata_json == {
        "error": "Broken", "reason": "the nightly run",
        "actor": {"kind": "job", "id": 7, "label": "user:7"},
    }


def test_a_gap_without_an_actor_is_counted_as_such_and_waits_in_the_spool(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "Capture", _breaking(1)(capture.Capture))
    Context().run(_add_a_shelf, stage)

    assert (stage.count("unknown_actor"), ticks(stage)) == (1, {"losses.capture": 1})
    assert stage.trail.replay(stage.engine, user_id=7)["inserted"] == 1
    assert stage.last().metadata_json["actor"]["kind"] == "unknown"


def test_a_log_that_needs_no_user_takes_a_gap_that_nobody_made(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "Capture", _breaking(1)(capture.Capture))
    with staged(engine, Free, FreeLog, tmp_path / "spool.jsonl") as stage:
        with bind(user_id=None, kind="job"), stage.session() as session:
            session.add(Thing(id=1))
            session.commit()

        (gap,) = stage.rows()
        assert (gap.activity_type, gap.user_id) == ("audit_gap", None)
        assert (ticks(stage), len(stage.trail.spool)) == ({"retried": 1}, 0)


def test_what_cannot_be_written_before_the_commit_leaves_a_gap(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger.Ledger, "collapse", _breaking(1)(ledger.Ledger.collapse))
    _add_a_shelf(stage)

    (gap,) = stage.rows()
    assert (gap.activity_type, gap.description) == ("audit_gap", "A transaction went unrecorded")


def _add_a_shelf(stage: Stage) -> None:
    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()


@pytest.mark.parametrize("ending", ["commit", "rollback"])
@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize(("owner", "name"), [
    (unit.Unit, "_at_commit"), (delivery.Delivery, "leave"), (ledger.Frame, "forget"),
    (counters.Counters, "add_rows"), (ledger.Ledger, "collapse"), (delivery.Delivery, "write"),
])
def test_what_breaks_at_the_end_of_a_joined_transaction_stays_out_of_it(
    stage: Stage, owner: Any, name: str, is_closed: bool, ending: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, _breaking(-1)(getattr(owner, name)))
    with stage.engine.connect() as connection:
        outer = connection.begin()
        session = stage.session(bind=connection)
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        if is_closed:
            session.commit()
            session.close()
        getattr(outer, ending)()
        session.close()
        names = connection.scalars(select(Shelf.name)).all()

    assert names == (["Top"] if ending == "commit" else [])


def test_who_waits_for_a_connection_hears_of_its_end_whoever_else_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit.Unit, "_at_commit", _breaking(1)(unit.Unit._at_commit))
    with stage.engine.connect() as connection, connection.begin():
        for number in (1, 2):
            session = stage.session(bind=connection, join_transaction_mode="control_fully")
            session.add(Shelf(id=number, user_id=7, name="Top"))
            session.flush()

    assert told(stage) == [("shelf_create", "2")]
    assert ticks(stage) == {"degraded.drain": 1}


def test_refused_rows_are_spooled_with_a_joined_transaction_though_counting_breaks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters.Counters, "add_rows", _breaking(-1)(counters.Counters.add_rows))
    with failing(stage.engine, beginning("INSERT"), "before", Broken):
        with stage.engine.connect() as connection, connection.begin():
            with stage.session(bind=connection) as session:
                session.add(Shelf(id=1, user_id=7, name="Top"))
                session.commit()

    assert len(stage.trail.spool) == 1
    assert ticks(stage) == {"losses.insert": 1, "losses.settle": 1}


def test_a_guard_that_cannot_count_or_log_keeps_quiet(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counters.Counters, "add", _breaking(-1)(counters.Counters.add))
    report(counters.Counters(), "degraded.read", "before_flush", Broken())

    assert "auditing failed in before_flush: Broken" in caplog.text


def test_a_row_that_cannot_be_rendered_says_the_least(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render.Renderer, "row", _breaking(-1)(render.Renderer.row))
    with stage.session() as session:
        story(session)

    assert told(stage) == TOLD
    assert ticks(stage) == {"degraded.row": len(TOLD)}


@pytest.mark.parametrize("error", [OSError, ValueError])
def test_a_spool_that_breaks_is_counted_and_logged(
    stage: Stage, error: type[Exception], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = without_auditing(stage, story)

    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(spool.Spool, "append", refuse)
    monkeypatch.setattr(writer.Writer, "retry", lambda _, __, rows: ["refused"] * len(rows))
    with failing(stage.engine, beginning("INSERT"), "before", Broken):
        with stage.session() as session:
            assert story(session) == expected

    assert ticks(stage) == {"losses.insert": len(TOLD), "degraded.spool": len(TOLD)}
    assert "the audit spool cannot be written" in caplog.text


def test_a_hook_that_fails_after_the_commit_leaves_the_session_usable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery.Delivery, "_save", _breaking(-1)(delivery.Delivery._save))
    expected = without_auditing(stage, story)
    with failing(stage.engine, beginning("INSERT"), "before", Broken):
        with stage.session() as session:
            assert story(session) == expected

    assert set(ticks(stage)) == {"losses.settle"}


def test_each_way_to_lose_a_row_is_counted_from_nothing_on() -> None:
    named = {
        stage for path in Path(counters.__file__).parent.glob("*.py")
        for stage in re.findall(r'@guarded\("losses\.(\w+)"\)', path.read_text())
    }
    assert {"capture", "settle"} <= named <= set(counters.STAGES)
    assert {f"losses.{stage}" for stage in named} <= counters.Counters().as_dict().keys()


def test_metadata_that_cannot_be_encoded_costs_its_own_row_nothing_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> str:
        return json.dumps(object())

    monkeypatch.setattr(render, "bounded", refuse)
    with stage.session() as session:
        story(session)

    assert told(stage) == TOLD
    assert {row.metadata_json for row in stage.rows()} == {None}
