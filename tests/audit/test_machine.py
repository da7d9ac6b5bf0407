"""Random sessions: whatever was done in whatever order, the trail is the tables' difference.

`--hypothesis-profile=proof` asks for many more examples.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.audit.machine import Sessions
from tests.audit.shelves import Desk


@pytest.mark.slow
def test_the_trail_is_the_difference_of_the_tables(engine: Engine, tmp_path: Path) -> None:
    desk = Desk(engine, tmp_path / "spool.jsonl")
    run_state_machine_as_test(
        lambda: Sessions(desk),
        settings=settings(
            max_examples=2 * settings.default.max_examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert desk.trail.counters()["rows"] > settings.default.max_examples
    desk.trail.unwatch()
