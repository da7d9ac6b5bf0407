"""Auditing changes nothing: the same steps end the same with it and without it (A2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import databases
from tests.audit.machine import Sessions
from tests.audit.shelves import Desk

EXAMPLES = 40

SEED = 2026
"""Both twins get the same steps, for as long as they come to the same."""


def diary(url: str, spool: Path, audited: bool) -> list[str]:
    """Run the machine; return what came of each step, and the tables after each transaction."""
    engine = databases.connect(url)
    desk = Desk(engine, spool, audited=audited)
    run_state_machine_as_test(
        seed(SEED)(lambda: Sessions(desk)),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=40, deadline=None, database=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )
    assert bool(desk.trail.counters()["rows"]) is audited
    desk.trail.unwatch()
    desk.close()
    engine.dispose()
    return desk.diary


@pytest.mark.slow
def test_every_step_ends_as_it_does_without_auditing(sqlite_url: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool.jsonl"
    audited = diary(sqlite_url, spool, audited=True)
    plain = diary(sqlite_url, spool, audited=False)
    for number, (one, other) in enumerate(zip(audited, plain, strict=False)):
        assert one == other, f"step {number} after {plain[max(0, number - 5):number]}"
    assert len(audited) == len(plain) > EXAMPLES
    assert {"done", "IntegrityError"} <= set(plain)
