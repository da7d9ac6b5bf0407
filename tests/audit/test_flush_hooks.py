"""What a hook of the flush reloads or writes in its midst hides nothing and comes in its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column, Engine, ForeignKey, String, Table, delete, event, insert, select, update,
)
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, Session, mapped_column, object_session, relationship, undefer,
)

from shuffify.audit import Audited, bind, suspended
from tests.audit.depot import told
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged

pytestmark = pytest.mark.usefixtures("mira")


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    pass


thing_tags = Table(
    "thing_tags", Base.metadata,
    Column("thing_id", ForeignKey("things.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Thing(Base):
    __tablename__ = "things"
    __audit__ = Audited(shown={"plain"}, label="first")

    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(String(50))
    last: Mapped[str | None] = mapped_column(String(50))
    plain: Mapped[Any] = mapped_column(Json, nullable=True)
    hidden: Mapped[str | None] = mapped_column(String(50), deferred=True)
    level: Mapped[int] = mapped_column(server_default="4")
    notes: Mapped[list[Note]] = relationship(cascade="all")
    tags: Mapped[list[Tag]] = relationship(secondary=thing_tags)


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    thing_id: Mapped[int] = mapped_column(ForeignKey("things.id"))
    text: Mapped[str] = mapped_column(String(50))


class Slot(Base):
    """Its key is given; whose place is taken by another is an UPDATE."""

    __tablename__ = "slots"

    rack_id: Mapped[int] = mapped_column(ForeignKey("racks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(50))
    hidden: Mapped[str | None] = mapped_column(String(50), deferred=True)


class Rack(Base):
    __tablename__ = "racks"

    id: Mapped[int] = mapped_column(primary_key=True)
    slots: Mapped[list[Slot]] = relationship(cascade="all, delete-orphan", order_by=Slot.number)


class Node(Base):
    __tablename__ = "nodes"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "node"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
    children: Mapped[list[Node]] = relationship(cascade="all")


class Leaf(Node):
    __mapper_args__ = {"polymorphic_identity": "leaf"}


class Band(Base):
    """Its leader is set by a second UPDATE, of which no event tells."""

    __tablename__ = "bands"

    id: Mapped[int] = mapped_column(primary_key=True)
    leader_id: Mapped[int | None] = mapped_column(
        ForeignKey("members.id", name="fk_leader", use_alter=True)
    )
    leader: Mapped[Member | None] = relationship(foreign_keys=leader_id, post_update=True)


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    band_id: Mapped[int] = mapped_column(ForeignKey("bands.id"))
    band: Mapped[Band] = relationship(foreign_keys=band_id)


Hook = Callable[..., None]


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as one:
        with one.session() as session:
            session.add(Thing(id=1, first="a", last="b", plain={"n": 1}, hidden="h"))
            session.add(Rack(id=1, slots=[
                Slot(number=number, name="full", hidden="was") for number in (1, 2)
            ]))
            session.commit()
        one.turn_page()
        yield one


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Let something happen at an event for one test: it gets the session and the object."""
    done: list[Any] = []

    def listen(target: Any, name: str, act: Callable[[Session, Any], Any], **options: Any) -> None:
        def of_model(mapper: Any, connection: Any, instance: Any) -> None:
            session = object_session(instance)
            assert session is not None
            act(session, instance)

        def of_session(session: Session, *_: Any) -> None:
            act(session, None)

        listener = of_session if "flush" in name else of_model
        event.listen(target, name, listener, **options)
        done.append((target, name, listener))

    yield listen
    for one in done:
        event.remove(*one)


def explained(stage: Stage) -> bool:
    return not list(stage.trail.reconcile().run(stage.engine))


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
    def reads(numbers: tuple[int, ...]) -> int:
        seen: list[str] = []
        with stage.session() as session:
            rack = session.get_one(Rack, 1)
            assert rack.slots
            rack.slots = [Slot(number=number, hidden="now") for number in numbers]
            event.listen(stage.engine, "before_cursor_execute", note := (
                lambda c, cursor, statement, *_: seen.append(statement)
            ))
            session.flush()
            event.remove(stage.engine, "before_cursor_execute", note)
        return sum(statement.startswith("SELECT") for statement in seen)

    assert reads((1, 2)) == 1


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
        monkeypatch.setattr("shuffify.audit.notes.rows_by_key", refuse)
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


# -- what is written in its midst ----------------------------------------------------------------

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
