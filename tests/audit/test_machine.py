"""Random sessions: whatever was done in whatever order, the trail is the tables' difference.

`make proof` looks at ten times as many.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.audit.handover import Handovers
from tests.audit.shelves import Desk

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
if "CI" not in os.environ:
    # It takes minutes: whoever looks into a failure has them, whoever waits for a job has not.
    PHASES.append(Phase.shrink)


@pytest.mark.parametrize("examples, steps", [
    pytest.param(200, 36, marks=pytest.mark.slow),
    pytest.param(2_000, 40, marks=pytest.mark.proof),
])
def test_the_trail_is_the_difference_of_the_tables(
    engine: Engine, tmp_path: Path, examples: int, steps: int
) -> None:
    if examples == 200 and engine.dialect.name == "postgresql":
        examples = 50  # What nets to what is the same there; `make proof` looks at all.
    desk = Desk(engine, tmp_path / "spool.jsonl")
    run_state_machine_as_test(
        lambda: Handovers(desk),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=PHASES,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert desk.trail.counters()["rows"] > examples // 2
    desk.trail.unwatch()
