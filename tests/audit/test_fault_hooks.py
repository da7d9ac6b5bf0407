"""Each part of the engine may break inside: the caller never learns it, the counters do (A2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from shuffify.audit import canonical, capture, counters, delivery, ledger, listeners, notes
from shuffify.audit import registry, render, spool, unit, writer
from tests.audit.faults import (
    TOLD, ActivityLog, Base, beginning, clear, failing, story, ticks, told, without_auditing,
)
from tests.audit.stage import Stage, staged

pytestmark = pytest.mark.usefixtures("mira")


class Broken(Exception):
    """A mistake of the engine's own."""


PARTS: list[tuple[Any, str]] = [
    (unit.Unit, "__init__"),
    (unit.Unit, "began"),
    (unit.Unit, "frame"),
    (unit.Unit, "released"),
    (unit.Unit, "closed"),
    (unit.Unit, "in_foreign_savepoint"),
    (listeners, "Notes"),
    (listeners, "Capture"),
    (listeners, "look_before_switch"),
    (listeners, "look_before_update"),
    (listeners, "look_before_delete"),
    (unit, "current"),
    (unit.Unit, "scene"),
    (unit.Unit, "sends"),
    (listeners, "utcnow"),
    (listeners, "is_last"),
    (notes, "rows_by_key"),
    (notes, "follow_paths"),
    (notes, "cascade_counts"),
    (notes, "row_before"),
    (registry.Registry, "plan_of"),
    (registry.Registry, "edges_of"),
    (capture, "written"),
    (capture, "in_order"),
    (capture, "lost_befores"),
    (capture, "rank_of"),
    (capture, "follow_paths"),
    (capture.Capture, "changes"),
    (capture.Capture, "_creation"),
    (capture.Capture, "_update"),
    (capture.Capture, "_deleted"),
    (ledger.Frame, "record"),
    (ledger.Frame, "absorb"),
    (ledger.Frame, "take"),
    (ledger.Ledger, "frame"),
    (ledger.Ledger, "release"),
    (ledger.Ledger, "discard"),
    (ledger, "combine"),
    (delivery.Delivery, "write"),
    (delivery.Delivery, "settle"),
    (delivery, "new_event_ids"),
    (delivery, "sentence_for"),
    (render.Renderer, "row"),
    (render.Renderer, "fit"),
    (render, "acting"),
    (render, "differences"),
    (render, "sentence_for"),
    (render, "bounded"),
    (render, "text"),
    (writer.Writer, "write"),
    (writer.Statement, "parameters"),
    (canonical.Secret, "__init__"),
]


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


@pytest.mark.parametrize("times", [1, -1], ids=["once", "always"])
def test_a_part_that_breaks_changes_nothing_for_the_caller(
    stage: Stage, times: int, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    expected = without_auditing(stage, story)
    for owner, name in PARTS:
        before = stage.trail.counters()
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, _breaking(times)(getattr(owner, name)))
            with stage.session() as session, subtests.test(f"{owner.__name__}.{name}"):
                assert story(session) == expected
        stage.trail.replay(stage.engine)
        with subtests.test(f"{owner.__name__}.{name} leaves a trace"):
            assert told(stage) == TOLD or stage.trail.counters() != before
            assert {type_ for type_, _ in told(stage)} <= {type_ for type_, _ in TOLD} | {
                "audit_gap"
            }
        clear(stage)


def test_a_flush_that_could_not_be_captured_leaves_a_gap_that_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "Capture", _breaking(1)(capture.Capture))
    with stage.session() as session:
        story(session)

    (gap,) = [row for row in stage.rows() if row.activity_type == "audit_gap"]
    assert "Shelf" in gap.description
    assert ticks(stage) == {"retried": 1}


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
