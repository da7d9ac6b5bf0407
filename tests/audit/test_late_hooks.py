"""An attribute that a hook sets once its object's statement is sent is in no row of the log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from shuffify.audit.sent import Sent
from tests.audit.depot import told
from tests.audit.hooked import Band, Clock, Hook, Member, Note, Slot, Thing, explained, stocked
from tests.audit.stage import Stage

pytestmark = pytest.mark.usefixtures("mira")


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with stocked(engine) as stage:
        yield stage


def set_last(session: Session, thing: Any) -> None:
    """Set what SQLAlchemy will take for saved."""
    session.get_one(Thing, 1).last = "late"


WHEN: dict[str, tuple[Any, str]] = {
    "after_update": (Thing, "after_update"),
    "after_insert_of_another": (Note, "after_insert"),
    "before_insert_of_another": (Note, "before_insert"),
    "after_flush": (Session, "after_flush"),
}


@pytest.fixture(params=WHEN)
def late(request: pytest.FixtureRequest, mira: object, stage: Stage, hook: Hook) -> None:
    target, name = WHEN[request.param]
    if target is Session:
        hook(stage.Session, name, set_last, insert=True)
    else:
        hook(target, name, set_last)


@pytest.mark.usefixtures("late")
def test_what_is_set_after_an_update_is_not_told(stage: Stage) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first = "B"
        thing.notes.append(Note(id=1, text="n"))
        session.commit()
    assert only_things(stage) == [("thing_update", {"first": ["a", "B"]})]
    assert explained(stage)


@pytest.mark.usefixtures("late")
def test_what_is_set_again_is_told_as_it_was_written(stage: Stage) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.last = "written"
        thing.notes.append(Note(id=1, text="n"))
        session.commit()
    assert only_things(stage) == [("thing_update", {"last": ["b", "written"]})]
    assert explained(stage)


@pytest.mark.usefixtures("late")
def test_what_no_statement_was_sent_for_is_no_change(stage: Stage) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.last = thing.last + ""
        thing.plain = dict(thing.plain)
        thing.notes.append(Note(id=1, text="n"))
        session.commit()
    assert only_things(stage) == []
    assert explained(stage)


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_flush_that_sends_nothing_changes_nothing(
    stage: Stage, hook: Hook, is_loaded: bool
) -> None:
    done: list[None] = []

    def once(session: Session, thing: Any) -> None:
        if not done:
            set_last(session, thing)
        done.append(None)

    hook(Thing, "after_update", once)
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        if not is_loaded:
            session.expire(thing, ["last"])
        thing.plain = dict(thing.plain)
        session.flush()
        assert told(stage) == []
        thing.last = "true"
        session.commit()
    assert stage.changes() == {"last": ["b", "true"]}
    assert explained(stage)


def test_what_is_gone_and_set_too_late_was_not_updated(stage: Stage, hook: Hook) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        with stage.unwatched() as other:
            other.delete(other.get_one(Thing, 1))
            other.commit()
        hook(Thing, "after_update", lambda session, thing: setattr(thing, "last", "late"))
        thing.plain = dict(thing.plain)
        session.commit()
    assert told(stage) == []


def test_what_another_listener_executes_by_itself_is_told(stage: Stage, hook: Hook) -> None:
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        cursor.execute(statement, parameters)
        return True

    event.listen(stage.engine, "do_execute", execute)
    hook(Thing, "after_update", set_last)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert stage.changes() == {"first": ["a", "B"]}
    assert explained(stage)


@pytest.mark.usefixtures("late")
def test_what_was_not_loaded_and_is_set_too_late_is_no_change(stage: Stage) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        session.expire(thing, ["last"])
        thing.first = "B"
        thing.notes.append(Note(id=1, text="n"))
        session.commit()
    assert only_things(stage) == [("thing_update", {"first": ["a", "B"]})]
    assert explained(stage)


@pytest.mark.usefixtures("late")
def test_the_object_is_not_believed_afterwards(stage: Stage) -> None:
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first = "B"
        thing.notes.append(Note(id=1, text="n"))
        session.flush()
        thing.last = "true"
        session.commit()
    assert [changes["last"] for _, changes in only_things(stage)] == [["b", "true"]]
    assert explained(stage)


def test_a_new_object_is_told_as_it_was_inserted(stage: Stage, hook: Hook) -> None:
    def act(session: Session, thing: Any) -> None:
        thing.first, thing.last, thing.level, thing.hidden = "late", "late", 9, "late"

    hook(Thing, "after_insert", act)
    with stage.session() as session:
        session.add(Thing(id=2, first="new", hidden=None))
        session.commit()
    (_, _, changes), = told(stage)
    assert changes == {"first": [None, "new"], "level": [None, 4]}
    assert "'new'" in stage.last().description
    assert explained(stage)


def test_what_takes_a_place_is_told_as_it_was_written(stage: Stage, hook: Hook) -> None:
    hook(Slot, "after_insert", lambda session, slot: setattr(slot, "name", "late"))
    with stage.session() as session:
        session.delete(session.get_one(Slot, (1, 1)))
        session.add(Slot(rack_id=1, number=1, name="new"))
        session.commit()
    assert stage.changes() == {"name": ["full", "new"]}
    assert explained(stage)


def test_what_takes_the_place_of_its_equal_is_no_change(stage: Stage, hook: Hook) -> None:
    hook(Slot, "after_insert", lambda session, slot: setattr(slot, "name", "late"))
    with stage.session() as session:
        session.delete(session.get_one(Slot, (1, 1)))
        session.add(Slot(rack_id=1, number=1, name="full", hidden="was"))
        session.commit()
    assert told(stage) == []
    assert explained(stage)


def test_what_a_second_update_sets_is_written(stage: Stage, hook: Hook) -> None:
    hook(Member, "after_insert", lambda session, member: None)
    with stage.session() as session:
        band = Band(id=1)
        band.leader = Member(id=1, band=band)
        session.add(band)
        session.commit()
        band.leader = Member(id=2, band=band)
        session.commit()
    assert [changes.get("leader_id") for name, _, changes in told(stage) if "band_" in name] == [
        [None, 1], [1, 2],
    ]
    assert explained(stage)


@pytest.mark.parametrize("late", [None, 9])
def test_a_default_is_told_as_it_was_inserted(stage: Stage, hook: Hook, late: int | None) -> None:
    hook(Clock, "after_insert", lambda session, clock: late and setattr(clock, "ticks", late))
    with stage.session() as session:
        session.add(Clock(id=1, name="a"))
        session.commit()
    assert stage.changes() == {"name": [None, "a"], "ticks": [None, 0]}
    assert explained(stage)


def test_hooks_that_set_nothing_cost_no_statement(stage: Stage, hook: Hook) -> None:
    for model, name in product((Thing, Note), ("after_insert", "after_update")):
        hook(model, name, lambda session, instance: None)
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.last = "c"
        thing.notes.append(Note(text="n"))
        session.flush()
        thing.notes[0].text = "m"
        thing.last = "d"
        session.add(Thing(id=2, first="new"))
        sent: list[str] = []
        event.listen(stage.engine, "before_cursor_execute",
                     lambda _, __, statement, *___: sent.append(statement.split()[0]))
        session.flush()
        assert sorted(sent) == ["INSERT", "UPDATE", "UPDATE"]
        session.rollback()


def test_a_fault_of_ours_costs_no_row_and_is_no_bypass(
    stage: Stage, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Sent, "note", fail)
    hook(Thing, "after_update", lambda session, thing: None)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert (stage.count("bypasses"), stage.count("degraded.bypass")) == (0, 1)
    assert stage.changes() == {"first": ["a", "B"]}


def only_things(stage: Stage) -> list[tuple[str, Any]]:
    return [(name, changes) for name, _, changes in told(stage) if name.startswith("thing_")]
