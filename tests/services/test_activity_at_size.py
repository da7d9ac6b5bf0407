"""How the databases find the trail's rows: by index, not by reading or sorting all of them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
import re
from typing import Any

from flask import Flask
from freezegun import freeze_time
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.schema import CreateTable

from benchmarks.trail_rows import RARE, START, YEAR, fill
from shuffify.audit_trail import trail
from shuffify.models.db import ActivityLog, db
from shuffify.services import ActivityLogService
from shuffify.services.activity_query import ActivityFilter, Cursor, find_event, read_page
from shuffify.services.activity_stats import count_activity
from shuffify.services.activity_stream import stream_rows
from tests import apps

ROWS = 20_000
MIDDLE = START + YEAR / 2
LATELY = START + YEAR - timedelta(days=20)
USER = 5
PLAYLIST = f"{1:04d}{0:018d}"

FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "user": {"user_id": USER},
    "user and type": {"user_id": USER, "types": ("schedule_run",)},
    "frequent type": {"types": ("schedule_run",)},
    "rare type": {"types": (RARE,)},
    "object": {"entity_type": "schedule", "entity_id": "77"},
    "since": {"since": MIDDLE},
    "until": {"until": MIDDLE},
    # No index has these: the rows are walked through by time, which costs as many steps as the
    # wanted ones are rare, however long the trail is.
    "frequent source": {"source": "web"},
    "busy playlist": {"playlist": PLAYLIST},
    "pattern": {"types": ("schedule_*",)},
}

BY_TIME = "ix_activity_log_created_at"
BY_USER = "ix_activity_user_created"
BY_TYPE = "ix_activity_type_created"
BY_OBJECT = "ix_activity_log_entity_type_entity_id"
TYPE_ALONE = "ix_activity_log_activity_type"
"""Given, as is ix_activity_log_user_id: no reader needs them, who finds another in their place."""

INDEXES: dict[str, tuple[str, str]] = {
    # by which SQLite finds a page, and by which PostgreSQL
    **dict.fromkeys(FILTERS, (BY_TIME, BY_TIME)),
    "user": (BY_USER, BY_USER),
    "user and type": (f"{BY_USER} {BY_TYPE}", BY_USER),
    # What is half of all rows, PostgreSQL meets soon enough on its way through the times.
    "frequent type": (BY_TYPE, BY_TIME),
    "rare type": (BY_TYPE, BY_TYPE),
    "object": (BY_OBJECT, BY_OBJECT),
}
FEW = {
    # Of these an index finds so few rows that they may be sorted afterwards.
    ("object", "sqlite"), ("object", "postgresql"), ("rare type", "postgresql"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
             ) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("trail")
    with apps.database_with_tables(request.param, folder) as url:
        app = apps.make_app(url, folder, "testing", {})
        with app.app_context():
            fill(db.engine, ROWS)
        yield app
        apps.close_app(app)


def test_filling_a_trail_leaves_the_table_of_the_app_as_it_is(full_app: Flask) -> None:
    assert "UNIQUE (event_id)" in str(CreateTable(ActivityLog.__table__))  # type: ignore[arg-type]


@pytest.fixture
def plans(full_app: Flask) -> Iterator[Callable[[Callable[[], Any]], str]]:
    """Return a function that does something and returns the plans of its SELECTs on the log."""

    def of(act: Callable[[], Any]) -> str:
        sent: list[tuple[str, Any]] = []

        def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.startswith("SELECT") and "activity_log" in statement:
                sent.append((statement, parameters))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            act()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        db.session.remove()
        assert sent, "nothing was read"
        with db.engine.connect() as connection:
            return "\n".join(_plan(connection, *one) for one in sent)

    with full_app.app_context():
        yield of


def _plan(connection: Connection, statement: str, parameters: Any) -> str:
    verb = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{verb} {statement}", parameters)
    return "\n".join(str(row[-1]) for row in rows)


def reads_everything(plan: str) -> bool:
    """Tell whether a plan reads the whole table, by no index."""
    lines = [line.strip(" ->") for line in plan.splitlines()]
    return any(
        line.startswith(("Seq Scan on activity_log", "Parallel Seq Scan", "Gather"))
        or line == "SCAN activity_log"
        for line in lines
    )


def sorts(plan: str) -> bool:
    """Tell whether a plan needs a sort of more than equal times."""
    return "Sort  (" in plan.replace("Incremental Sort  (", "") or (
        "TEMP B-TREE FOR ORDER BY" in plan
    )


def indexes(plan: str) -> set[str]:
    """Return the names of the indexes that a plan uses."""
    return set(re.findall(r"\b(?:ix|pk|uq)_\w+", plan))


@pytest.mark.parametrize("place", ["newest", "older", "newer"])
@pytest.mark.parametrize("name", FILTERS)
def test_a_page_is_found_by_index(plans: Callable[..., str], name: str, place: str) -> None:
    cursors: dict[str, Any] = {
        "newest": {}, "older": {"before": Cursor(MIDDLE, ROWS // 2)},
        "newer": {"after": Cursor(MIDDLE - timedelta(days=1), 1)},
    }
    plan = plans(lambda: read_page(ActivityFilter(**FILTERS[name]), limit=20, **cursors[place]))
    dialect = db.engine.dialect.name
    expected = set(INDEXES[name][dialect == "postgresql"].split())
    if (name, dialect, place) == ("rare type", "postgresql", "newest"):
        # Without a place in time to begin at, the type's own index costs it the same.
        expected.add(TYPE_ALONE)
    assert indexes(plan) and indexes(plan) <= expected and not reads_everything(plan), plan
    assert (name, dialect) in FEW or not sorts(plan), plan


def test_what_is_asked_for_by_its_id_is_found_at_once(plans: Callable[..., str]) -> None:
    event_id = db.session.get_one(ActivityLog, 7).event_id
    for reference in (7, event_id):
        plan = plans(lambda reference=reference: find_event(reference))
        # SQLite names neither its tables' key nor the index of a constraint.
        ways = ("pk_activity_log", "uq_activity_log_event_id", "INTEGER PRIMARY KEY",
                "sqlite_autoindex_activity_log_1 (event_id=?)")
        assert any(way in plan for way in ways) and not reads_everything(plan), plan


def test_readers_of_one_user_use_the_users_index(plans: Callable[..., str]) -> None:
    for read in (
        lambda: ActivityLogService.get_recent(USER),
        lambda: ActivityLogService.get_activity_since(USER, LATELY),
        lambda: ActivityLogService.get_activity_summary(USER),
    ):
        with freeze_time(START + YEAR):
            plan = plans(read)
        assert indexes(plan) == {BY_USER} and not reads_everything(plan), plan
    assert not sorts(plans(lambda: ActivityLogService.get_recent(USER)))


def test_a_batch_of_the_export_begins_where_the_last_one_ended(plans: Callable[..., str]) -> None:
    plan = plans(lambda: list(islice(stream_rows(ActivityFilter()), 4_001)))
    assert not reads_everything(plan) and not sorts(plan), plan
    assert indexes(plan) == {BY_TIME} and plan.count(BY_TIME) >= 3, "three batches"


def test_counting_does_not_sort_the_rows(plans: Callable[..., str]) -> None:
    plan = plans(lambda: count_activity(ActivityFilter()))
    assert "Sort" not in plan and "ORDER BY" not in plan, plan


def test_an_objects_history_is_found_by_index(plans: Callable[..., str]) -> None:
    plan = plans(lambda: list(trail.history(("schedule", 77), session=db.session())))
    assert BY_OBJECT in indexes(plan) and not reads_everything(plan), plan


def test_sealing_and_verifying_read_in_the_order_of_the_key(plans: Callable[..., str]) -> None:
    keeper = trail.custody
    for read in (lambda: keeper.seal(db.engine, most=3_000), lambda: keeper.verify(db.engine)):
        plan = plans(read)
        # A table of SQLite is in the order of its key: there a scan without a sort is right.
        ways = ("Index Scan using pk_activity_log", "INTEGER PRIMARY KEY", "SCAN activity_log")
        assert any(way in plan for way in ways), plan
        # By the type, what was pruned is looked up.
        assert indexes(plan) <= {"pk_activity_log", TYPE_ALONE, BY_TYPE}, plan
        assert "TEMP B-TREE" not in plan and "Sort  (" not in plan, plan
