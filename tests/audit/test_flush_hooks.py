"""What a hook of the flush reloads hides nothing, and what takes a row's place tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.orm import Session, undefer

from tests.audit.depot import told
from tests.audit.hooked import Hook, Leaf, Node, Rack, Slot, Thing, explained, stocked
from tests.audit.stage import Stage

pytestmark = pytest.mark.usefixtures("mira")


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with stocked(engine) as stage:
        yield stage


def reads_of(stage: Stage, act: Callable[[], object]) -> int:
    """Return how many SELECTs something takes."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(stage.engine, "before_cursor_execute", note)
    act()
    event.remove(stage.engine, "before_cursor_execute", note)
    return sum(statement.startswith("SELECT") for statement in seen)


# -- what is reloaded ----------------------------------------------------------------------------

def populate(session: Session, thing: Any) -> None:
    session.scalars(select(Thing), execution_options={"populate_existing": True}).all()


RELOADS: dict[str, Callable[[Session, Any], Any]] = {
    "expire": lambda session, thing: session.expire(thing),
    "expire_all": lambda session, thing: session.expire_all(),
    "refresh": lambda session, thing: session.refresh(thing),
    "refresh_in_part": lambda session, thing: session.refresh(thing, ["last"]),
    "populate_existing": populate,
}


@pytest.mark.parametrize("how", RELOADS)
def test_an_object_that_a_hook_reloads_tells_of_its_update(
    stage: Stage, hook: Hook, how: str
) -> None:
    hook(Thing, "after_update", RELOADS[how])
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first, thing.last, thing.plain = "B", None, {"n": 2}
        session.commit()
    assert stage.changes() == {
        "first": ["a", "B"], "last": ["b", None], "plain": [{"n": 1}, {"n": 2}],
    }
    assert "'B'" in stage.last().description


@pytest.mark.parametrize("how", ["expire_all", "populate_existing"])
def test_so_it_does_where_the_flush_reloads_all_at_its_end(
    stage: Stage, hook: Hook, how: str
) -> None:
    hook(stage.Session, "after_flush", RELOADS[how], insert=True)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.add(Thing(id=2, first="new"))
        session.commit()
    assert [(name, key) for name, key, _ in told(stage)] == [
        ("thing_create", "2"), ("thing_update", "1"),
    ]
    assert explained(stage)


def test_what_was_let_go_altogether_tells_of_its_update(stage: Stage, hook: Hook) -> None:
    hook(Thing, "after_update", RELOADS["expire"])
    with stage.session() as session:
        session.get_one(Thing, 1).last = "B"
        session.flush()
        session.commit()
    assert stage.changes() == {"last": ["b", "B"]}
    assert "'a'" in stage.last().description
    assert explained(stage)


def test_json_that_was_edited_and_not_saved_is_no_change_when_reloaded(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_update", RELOADS["refresh"])
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        edited = thing.plain
        edited["n"] = 2
        thing.plain, thing.first = edited, "B"
        session.commit()
    assert stage.changes() == {"first": ["a", "B"]}


def test_what_a_hook_that_comes_later_sets_is_told_beside_what_it_reloads(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "before_update", lambda session, thing: setattr(thing, "last", "set"))
    hook(Thing, "after_update", lambda session, thing: session.refresh(thing, ["first"]))
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert stage.changes() == {"first": ["a", "B"], "last": ["b", "set"]}


def test_what_a_hook_sets_too_late_is_found(stage: Stage, hook: Hook) -> None:
    # SQLAlchemy writes it no more and takes it for saved.
    hook(Thing, "after_update", lambda session, thing: setattr(thing, "last", "late"))
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    found, = stage.trail.reconcile().run(stage.engine)
    assert (found.kind, found.entity_id, found.columns) == ("altered", "1", ("last",))


@pytest.mark.parametrize("reloads", [False, True])
def test_an_expression_that_a_hook_sets_is_told(stage: Stage, hook: Hook, reloads: bool) -> None:
    hook(Thing, "before_update", lambda session, thing: setattr(thing, "last", func.upper("zz")))
    if reloads:
        hook(Thing, "after_update", RELOADS["refresh"])
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert stage.changes() == {"first": ["a", "B"], "last": ["b", "ZZ"]}
    assert explained(stage)


def test_a_hook_that_sets_nothing_costs_no_read(stage: Stage, hook: Hook) -> None:
    hook(Thing, "before_update", lambda session, thing: None)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        assert reads_of(stage, session.flush) == 0


def test_what_a_hook_reloads_before_the_update_is_no_change(stage: Stage, hook: Hook) -> None:
    hook(Thing, "before_update", lambda session, thing: session.refresh(thing, ["first"]))
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first, thing.last = "B", "c"
        session.commit()
    assert stage.changes() == {"last": ["b", "c"]}
    assert explained(stage)


def test_a_stale_object_that_a_hook_reloads_is_not_believed_either(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_update", RELOADS["expire"])
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        session.execute(update(Thing).values(last="x"),
                        execution_options={"synchronize_session": False})
        with session.begin_nested():
            thing.last = "newest"
            session.flush()
            session.execute(update(Thing).values(last="b"))
        session.commit()
    assert told(stage) == []


@pytest.mark.parametrize("how", ["expire", "expire_all"])
def test_a_deleted_object_that_a_hook_expires_is_told_as_it_was(
    stage: Stage, hook: Hook, how: str
) -> None:
    hook(Thing, "after_delete", RELOADS[how])
    with stage.session() as session:
        thing = session.get_one(Thing, 1, options=[undefer(Thing.hidden)])
        thing.last = "never saved"
        session.delete(thing)
        session.commit()
    assert stage.changes() == {
        "first": ["a", None], "last": ["b", None], "plain": [{"n": 1}, None],
        "hidden": ["h", None], "level": [4, None],
    }
    assert "'a'" in stage.last().description


# -- whose place is taken ------------------------------------------------------------------------

def test_an_orphan_whose_key_is_used_again_was_something(stage: Stage) -> None:
    with stage.session() as session:
        session.get_one(Rack, 1).slots = [
            Slot(number=1, name="full", hidden="now"), Slot(number=2, hidden="then"),
        ]
        session.commit()
    assert told(stage) == [
        ("slot_update", "1:1", {"hidden": ["was", "now"]}),
        ("slot_update", "1:2", {"hidden": ["was", "then"]}),
    ]


def test_all_whose_places_are_taken_cost_one_read(stage: Stage) -> None:
    with stage.session() as session:
        rack = session.get_one(Rack, 1)
        assert rack.slots
        rack.slots = [Slot(number=number, hidden="now") for number in (1, 2)]
        assert reads_of(stage, session.flush) == 1


def test_what_a_hook_that_comes_later_replaces_was_something(stage: Stage, hook: Hook) -> None:
    def swap(session: Session, _: Any) -> None:
        for slot in session.scalars(select(Slot).where(Slot.number == 1)):
            session.delete(slot)
            session.add(Slot(rack_id=1, number=1, name="full", hidden="now"))

    with stage.session() as session:
        hook(session, "before_flush", swap, once=True)
        session.add(Rack(id=2))
        session.flush()
        session.commit()
    assert told(stage)[-1] == ("slot_update", "1:1", {"hidden": ["was", "now"]})


def test_of_a_replaced_row_that_cannot_be_read_no_value_is_made_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise ValueError("no reading today")

    with stage.session() as session:
        rack = session.get_one(Rack, 1)
        assert rack.slots
        monkeypatch.setattr("shuffify.audit.beforehand.rows_by_key", refuse)
        rack.slots = [Slot(number=1, name="full", hidden="now"), rack.slots[1]]
        session.commit()
    assert stage.changes() == {"hidden": ["[unknown]", "now"]}


# -- in what order -------------------------------------------------------------------------------

def test_deletes_in_one_table_stand_in_their_order(stage: Stage) -> None:
    with stage.session() as session:
        node = Node(id=1)
        session.add(node)
        for number in range(2, 9):
            node.children = [(Leaf if number % 2 else Node)(id=number)]
            node = node.children[0]
        session.commit()
        stage.turn_page()
        session.delete(session.get_one(Node, 1))
        session.commit()
    assert [row.entity_id for row in stage.rows()] == list("87654321")
