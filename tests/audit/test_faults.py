"""A failing statement of the engine's own costs the caller nothing (A2) and no row (A3)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.audit.faults import (
    TOLD, Note, beginning, clear, failing, nth, story, ticks, told, wired, without_auditing,
)
from tests.audit.stage import Stage

pytestmark = pytest.mark.usefixtures("mira")


class Broken(Exception):
    """What an event's listener may raise at any statement."""


def refused() -> OperationalError:
    return OperationalError("a statement", {}, Broken("refused"))


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with wired(database_url, tmp_path) as stage:
        yield stage


IN_DRIVER = pytest.mark.parametrize("in_driver", [False, True], ids=["events", "driver"])
"""Without listeners, savepoints take another way than with them."""


def _count_statements(stage: Stage, in_driver: bool = False) -> int:
    with failing(stage.engine, nth(-1), "before", Broken, in_driver) as seen:
        with stage.session() as session:
            story(session)
    assert told(stage) == TOLD
    assert ticks(stage) == {}
    clear(stage)
    return len(seen)


@pytest.mark.report(20, 23, 24)
@pytest.mark.parametrize("error", [Broken, refused])
@pytest.mark.parametrize("phase", ["before", "after"])
@IN_DRIVER
def test_a_fault_at_any_one_statement_changes_nothing_for_the_caller(
    stage: Stage, in_driver: bool, phase: str, error: type[Exception], subtests: pytest.Subtests
) -> None:
    expected = without_auditing(stage, story)
    for number in range(_count_statements(stage, in_driver)):
        before = ticks(stage)
        with failing(stage.engine, nth(number), phase, error, in_driver) as seen:
            with stage.session() as session:
                seen_by_caller = story(session)
        with subtests.test(f"{number}: {seen[number]}"):
            assert seen_by_caller == expected
            assert told(stage) == TOLD
            assert len(stage.trail.spool) == 0
            moved = {name: count - before.get(name, 0) for name, count in ticks(stage).items()}
            ticked = {name: count for name, count in moved.items() if count}
            assert len(ticked) <= 1
            if "INSERT INTO activity_log" in seen[number]:
                assert set(ticked) == {"retried"}
        clear(stage)


STATEMENTS = {
    "savepoint": ("SAVEPOINT",),
    "insert": ("INSERT",),
    "release": ("RELEASE",),
    "insert and undoing": ("INSERT", "ROLLBACK TO"),
    "insert, undoing and release": ("INSERT", "ROLLBACK TO", "RELEASE"),
    "read": ("SELECT",),
    "read and undoing": ("SELECT", "ROLLBACK TO"),
    "all": ("SAVEPOINT", "INSERT", "RELEASE", "ROLLBACK TO", "SELECT"),
}


@pytest.mark.report(22, 54)
@pytest.mark.parametrize("phase", ["before", "after"])
@IN_DRIVER
def test_statements_that_always_fail_change_nothing_for_the_caller(
    stage: Stage, in_driver: bool, phase: str, subtests: pytest.Subtests
) -> None:
    expected = without_auditing(stage, story)
    for name, verbs in STATEMENTS.items():
        with failing(stage.engine, beginning(*verbs), phase, Broken, in_driver):
            with stage.session() as session:
                seen_by_caller = story(session)
        with subtests.test(name):
            assert seen_by_caller == expected
            stage.trail.replay(stage.engine)
            assert told(stage) == TOLD
            assert len(stage.trail.spool) == 0
        clear(stage)


def test_rows_that_are_refused_for_good_are_one_line_each_and_one_tick(stage: Stage) -> None:
    with failing(stage.engine, beginning("INSERT"), "before", Broken):
        with stage.session() as session:
            story(session)

    assert told(stage) == []
    assert len(stage.trail.spool) == len(TOLD)
    assert ticks(stage) == {"losses.insert": len(TOLD)}
    assert stage.count("rows") == 0


@pytest.mark.parametrize(
    ("phase", "error"), [("before", SystemExit), ("after", KeyboardInterrupt)]
)
@IN_DRIVER
def test_an_interruption_passes_through_and_leaves_nothing(
    stage: Stage, in_driver: bool, phase: str, error: type[BaseException],
    subtests: pytest.Subtests,
) -> None:
    gc.freeze()  # What lives already is not looked at again and again below.
    for number in range(_count_statements(stage, in_driver)):
        with subtests.test(number), stage.session() as session:
            with failing(stage.engine, nth(number), phase, error, in_driver) as seen:
                with pytest.raises(error):
                    story(session)
            assert seen[number].startswith("!")
            session.rollback()
        gc.collect()  # The traceback holds a cursor, which on SQLite holds its transaction open.
        clear(stage)
    gc.unfreeze()


def test_a_flush_that_failed_keeps_nothing_of_its_caller(stage: Stage) -> None:
    def fail() -> ref[Note]:
        # The error of the flush knows the frame in which the object stands.
        stray = Note(id=1, shelf_id=99, title="stray")
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(stray)
            session.flush()
        session.expunge_all()
        return ref(stray)

    with stage.session() as session:
        kept = fail()
        gc.collect()

        assert session.in_transaction()
        assert kept() is None
