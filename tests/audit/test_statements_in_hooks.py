"""What a statement in a hook of the flush writes comes in its turn (A4, A13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, update
from sqlalchemy.orm import Session

from shuffify.audit import bind, suspended
from shuffify.audit.notes import Notes
from tests.audit.depot import told
from tests.audit.hooked import (
    Band, Draft, Hook, Member, Note, Tag, Thing, explained, stocked,
)
from tests.audit.stage import Stage

pytestmark = pytest.mark.usefixtures("mira")


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with stocked(engine) as stage:
        yield stage


def rename(session: Session, thing: Any, **options: Any) -> None:
    session.execute(update(Thing).where(Thing.id == thing.id).values(first="c"),
                    execution_options=options)


SYNCHRONIZED: Any = [False, "auto", "fetch", "evaluate"]


@pytest.mark.parametrize("synchronized", SYNCHRONIZED)
def test_a_statement_that_follows_an_update_is_netted_after_it(
    stage: Stage, hook: Hook, synchronized: Any
) -> None:
    hook(Thing, "after_update", lambda session, thing: rename(
        session, thing, synchronize_session=synchronized))
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first, thing.last = "B", "l"
        session.commit()
    assert told(stage) == [("thing_update", "1", {"first": ["a", "c"], "last": ["b", "l"]})]
    assert explained(stage)


def test_what_an_allowed_statement_alters_unseen_is_none_of_the_flush(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_update", lambda session, thing: rename(session, thing, audit="a repair"))
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert told(stage) == [("thing_update", "1", {"first": ["a", "B"]})]


@pytest.mark.parametrize("synchronized", SYNCHRONIZED)
def test_a_statement_that_takes_an_update_back_leaves_nothing(
    stage: Stage, hook: Hook, synchronized: Any
) -> None:
    hook(Thing, "after_update", lambda session, thing: session.execute(
        update(Thing).values(first="a"), execution_options={"synchronize_session": synchronized}
    ))
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert told(stage) == []
    assert explained(stage)


@pytest.mark.parametrize("synchronized", SYNCHRONIZED)
def test_a_statement_before_an_update_is_netted_before_it(
    stage: Stage, hook: Hook, synchronized: Any
) -> None:
    hook(Thing, "before_update", lambda session, thing: rename(
        session, thing, synchronize_session=synchronized))
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first, thing.last = "B", "l"
        session.commit()
    now = {"first": ["a", "B" if synchronized is False else "c"], "last": ["b", "l"]}
    assert told(stage) == [("thing_update", "1", now)]
    assert explained(stage)


def test_what_a_statement_alters_of_a_new_object_is_part_of_its_creation(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_insert", rename)
    with stage.session() as session:
        session.add(Thing(id=2, first="n"))
        session.commit()
    [(name, key, changes)] = told(stage)
    assert (name, key, changes["first"], changes["level"]) == (
        "thing_create", "2", [None, "c"], [None, 4])
    assert explained(stage)


def test_a_statement_may_delete_what_the_flush_has_made(stage: Stage, hook: Hook) -> None:
    hook(Thing, "after_insert", lambda session, thing: session.execute(
        delete(Thing).where(Thing.id == thing.id)))
    with stage.session() as session:
        session.add(Thing(id=2, first="n"))
        session.commit()
    assert told(stage) == []


def test_a_statement_may_use_the_key_that_the_flush_has_freed(stage: Stage, hook: Hook) -> None:
    hook(Thing, "after_delete", lambda session, thing: session.execute(
        insert(Thing).values(id=1, first="again", last="b", plain={"n": 1}, hidden="h")))
    with stage.session() as session:
        session.delete(session.get_one(Thing, 1))
        session.commit()
    assert told(stage) == [("thing_update", "1", {"first": ["a", "again"]})]
    assert explained(stage)


def test_an_update_before_a_deletion_is_a_deletion_of_what_was_there(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "before_delete", rename)
    with stage.session() as session:
        session.delete(session.get_one(Thing, 1))
        session.commit()
    [(name, _, changes)] = told(stage)
    assert (name, changes["first"]) == ("thing_delete", ["a", None])


def add_note(session: Session, thing: Any) -> None:
    session.execute(insert(Note).values(thing_id=thing.id, text=f"of {thing.id}"))


def test_companions_come_after_the_objects_whose_hooks_make_them(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_insert", add_note)
    with stage.session() as session:
        session.add_all([Thing(id=2, first="n"), Thing(id=3, first="m")])
        session.flush()
        session.commit()
    rows = stage.rows()
    assert [row.activity_type for row in rows] == ["thing_create"] * 2 + ["note_create"] * 2
    times = [row.created_at for row in rows]
    assert times == sorted(times)


def test_what_the_flush_writes_after_a_statement_is_told_after_it(
    stage: Stage, hook: Hook
) -> None:
    hook(Thing, "after_insert", add_note)
    with stage.session() as session:
        session.add(Thing(id=2, first="n", notes=[Note(id=50, text="own")]))
        session.commit()
    assert [(name, changes.get("text")) for name, _, changes in told(stage)] == [
        ("thing_create", None), ("note_create", [None, "of 2"]), ("note_create", [None, "own"]),
    ]


def test_a_savepoint_in_a_hook_takes_its_statement_along_and_nothing_of_the_flush(
    stage: Stage, hook: Hook
) -> None:
    def undo(session: Session, thing: Any) -> None:
        savepoint = session.begin_nested()
        rename(session, thing)
        savepoint.rollback()

    hook(Thing, "after_insert", undo)
    with stage.session() as session:
        session.add(Thing(id=2, first="n"))
        session.commit()
    [(name, _, changes)] = told(stage)
    assert (name, changes["first"]) == ("thing_create", [None, "n"])
    assert explained(stage)


def test_a_savepoint_in_a_hook_that_is_released_comes_in_its_turn(
    stage: Stage, hook: Hook
) -> None:
    def keep(session: Session, thing: Any) -> None:
        with session.begin_nested():
            rename(session, thing)

    hook(Thing, "after_update", keep)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert told(stage) == [("thing_update", "1", {"first": ["a", "c"]})]


def test_what_a_hook_binds_or_suspends_is_not_the_flushs(stage: Stage, hook: Hook) -> None:
    def alter(session: Session, thing: Any) -> None:
        with suspended("no matter"), bind(user_id=8):
            add_note(session, thing)

    hook(Thing, "after_insert", alter)
    with stage.session() as session:
        session.add(Thing(id=2, first="n"))
        session.commit()
    assert [(row.activity_type, row.user_id) for row in stage.rows()] == [
        ("thing_create", 7), ("audit_suspended", 8),
    ]


@pytest.mark.parametrize("is_foreign", [False, True])
def test_a_flush_that_failed_tells_nothing_at_the_next_statement(
    stage: Stage, is_foreign: bool
) -> None:
    with stage.session() as session:
        if is_foreign:
            session.connection().begin_nested()
        with pytest.raises(Exception, match="(?i)constraint"), session.begin_nested():
            session.add(Thing(id=2, first="n", notes=[Note(id=50)]))
            session.flush()
        session.execute(update(Thing).values(last="l"))
        session.commit()
    assert told(stage) == [("thing_update", "1", {"last": ["b", "l"]})]


def test_what_a_second_update_of_the_flush_sets_waits_for_it(stage: Stage, hook: Hook) -> None:
    hook(Band, "after_insert", lambda session, band: session.execute(
        update(Thing).values(last="l")))
    with stage.session() as session:
        band = Band(id=1)
        band.leader = Member(id=1, band=band)
        session.add(band)
        session.commit()
    assert {key: changes for name, key, changes in told(stage) if name == "band_create"} == {
        "1": {"leader_id": [None, 1]},
    }


def test_links_are_told_with_the_object_that_a_statement_follows(
    stage: Stage, hook: Hook
) -> None:
    with stage.session() as session:
        session.add(Thing(id=2, first="n", tags=[Tag(id=1, name="red"), Tag(id=2, name="new")]))
        session.commit()
        stage.turn_page()
        for name in ("after_insert", "after_delete"):
            hook(Thing, name, lambda session, _: session.execute(
                update(Tag).where(Tag.id == 2).values(name="old")))
        thing = session.get_one(Thing, 2)
        session.add(Thing(id=3, first="m", tags=[thing.tags[0]]))
        session.delete(thing)
        session.commit()
    rows = {(name, key): changes for name, key, changes in told(stage)}
    assert list(rows) == [("thing_create", "3"), ("tag_update", "2"), ("thing_delete", "2")]
    assert rows["thing_create", "3"]["tags"] == [None, ["red"]]
    assert sorted(rows["thing_delete", "2"]["tags"][0]) == ["old", "red"]


def test_statements_by_key_before_an_update_are_netted_before_it(
    stage: Stage, hook: Hook
) -> None:
    def rename_twice(session: Session, thing: Any) -> None:
        for name in ("c", "d"):
            session.execute(update(Thing), [{"id": thing.id, "first": name}],
                            execution_options={"synchronize_session": False})

    hook(Thing, "before_update", rename_twice)
    with stage.session() as session:
        thing = session.get_one(Thing, 1)
        thing.first, thing.last = "B", "l"
        session.commit()
    assert told(stage) == [("thing_update", "1", {"first": ["a", "B"], "last": ["b", "l"]})]
    assert explained(stage)


@pytest.mark.parametrize("model, row", [
    (Draft, {"id": 1, "name": "x"}),  # Of no interest to the trail.
    (Thing, {"id": 9, "last": "x"}),  # In the flush's own table, and allowed.
])
def test_statements_by_key_that_nobody_records_are_none_of_the_flushs(
    stage: Stage, hook: Hook, model: Any, row: dict[str, Any]
) -> None:
    def act(session: Session, thing: Thing) -> None:
        session.execute(update(model), [row], execution_options={"audit": "a repair"})
        session.execute(update(Note).values(text="q"))
        thing.last = "in time"

    with stage.unwatched() as session:
        session.add(Thing(id=9, first="i"))
        session.commit()
    stage.count_anew()
    hook(Thing, "before_update", act)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert told(stage) == [
        ("thing_update", "1", {"first": ["a", "B"], "last": ["b", "in time"]}),
    ]
    assert stage.count("bypasses.allowed") == (model is Thing)


def test_a_fault_of_ours_makes_no_bypass_of_a_flush(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Notes, "sends", fail)
    with stage.session() as session:
        session.get_one(Thing, 1).first = "B"
        session.commit()
    assert stage.changes() == {"first": ["a", "B"]}
    assert (stage.count("bypasses"), stage.count("degraded.bypass")) == (0, 1)


def test_a_statement_of_a_later_before_flush_hook_comes_first(stage: Stage, hook: Hook) -> None:
    with stage.session() as session:
        hook(session, "before_flush", lambda session, _: session.execute(
            update(Thing).values(first="c")), once=True)
        thing = session.get_one(Thing, 1)
        thing.last = "l"
        session.add(Thing(id=2, first="n"))
        session.commit()
    assert [(name, key) for name, key, _ in told(stage)] == [
        ("thing_update", "1"), ("thing_create", "2"),
    ]
    assert explained(stage)
