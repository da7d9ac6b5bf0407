"""What was refused is tried again afterwards, in a connection that nobody waits for (A3)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool
from sqlalchemy.orm import Session

from tests.audit.faults import ActivityLog, Base, Shelf, beginning, failing, nth, ticks
from tests.audit.stage import Stage, staged
from tests.databases import connect

pytestmark = pytest.mark.usefixtures("mira")

ONE = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 30}


class Broken(Exception):
    """What refuses a row."""


@contextmanager
def pooled(url: str, tmp_path: Path, **options: Any) -> Iterator[Stage]:
    engine = connect(url, **options)
    try:
        with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
            yield stage
    finally:
        engine.dispose()


def _add(stage: Stage, number: int) -> None:
    with stage.session() as session:
        session.add_all([Shelf(id=at, user_id=7, name=f"S{at}") for at in range(number)])
        session.commit()


@pytest.mark.parametrize("options", [ONE, {"poolclass": NullPool}], ids=["one", "none"])
def test_a_retry_takes_the_connection_that_the_session_gave_back(
    database_url: str, tmp_path: Path, options: dict[str, Any]
) -> None:
    with pooled(database_url, tmp_path, **options) as stage:
        with failing(stage.engine, nth(1), "before", Broken):
            _add(stage, 3)

        assert [row.entity_id for row in stage.rows()] == ["0", "1", "2"]
        assert ticks(stage) == {"retried": 3}
        assert stage.count("rows") == 3


def test_a_retry_does_not_wait_for_a_pool_that_is_used_up(
    database_url: str, tmp_path: Path
) -> None:
    with pooled(database_url, tmp_path, **ONE) as stage:
        taken: list[Connection] = []

        def take(session: Session, transaction: Any) -> None:
            if transaction.parent is None and not taken:
                taken.append(stage.engine.connect())

        # Called before the trail's own listener: somebody is quicker.
        event.listen(stage.Session, "after_transaction_end", take, insert=True)
        began = time.monotonic()
        with failing(stage.engine, beginning("INSERT"), "before", Broken):
            _add(stage, 3)
        waited = time.monotonic() - began
        taken[0].close()

        assert waited < 10
        assert ticks(stage) == {"losses.insert": 3}
        assert "no free connection" in stage.trail.spool.path.read_text()
        assert stage.trail.replay(stage.engine)["inserted"] == 3


def test_rows_are_retried_one_by_one_so_that_one_costs_no_other(
    database_url: str, tmp_path: Path
) -> None:
    with pooled(database_url, tmp_path) as stage:
        fit = stage.trail.delivery.renderer.fit

        def spoil(row: dict[str, Any]) -> dict[str, Any]:
            return {**fit(row), **({"user_id": 404} if row["entity_id"] == "1" else {})}

        stage.trail.delivery.renderer.fit = spoil  # type: ignore[method-assign]
        _add(stage, 3)

        assert [row.entity_id for row in stage.rows()] == ["0", "2"]
        assert ticks(stage) == {"retried": 2, "losses.insert": 1}
        assert len(stage.trail.spool) == 1


def test_a_row_that_did_go_in_is_not_put_in_again(database_url: str, tmp_path: Path) -> None:
    with pooled(database_url, tmp_path) as stage:
        with failing(stage.engine, beginning("RELEASE"), "after", Broken):
            _add(stage, 2)

        assert [row.entity_id for row in stage.rows()] == ["0", "1"]


def test_rows_keep_the_order_and_the_time_of_their_changes(
    database_url: str, tmp_path: Path
) -> None:
    with pooled(database_url, tmp_path) as stage:
        with failing(stage.engine, nth(0), "before", Broken):
            _add(stage, 20)

        rows = stage.rows()
        assert [row.entity_id for row in rows] == [str(at) for at in range(20)]
        assert len({row.created_at for row in rows}) == 1
        assert [row.event_id for row in rows] == sorted(row.event_id for row in rows)
