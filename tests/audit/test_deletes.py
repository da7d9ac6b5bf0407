"""What goes is named before it goes (A7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, ForeignKey, String, Text, event, select
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, Session, make_transient, mapped_column, relationship,
)
from sqlalchemy.orm.attributes import set_committed_value

from shuffify.audit import Audited, NotAudited, bind
from tests.audit.stage import Stage, log_of, staged


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Shelf(Base):
    """Boxes go by the ORM, the rest by the database."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    story: Mapped[str | None] = mapped_column(Text, deferred=True)
    boxes: Mapped[list[Box]] = relationship(cascade="all, delete-orphan", back_populates="shelf")
    stamps: Mapped[list[Stamp]] = relationship(passive_deletes=True, cascade="all")


class Box(Base):
    __tablename__ = "boxes"
    __audit__ = Audited(owner="shelf.user_id", playlist=("shelf_id", "shelf.name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    name: Mapped[str] = mapped_column(String(80))
    shelf: Mapped[Shelf] = relationship(back_populates="boxes")
    items: Mapped[list[Item]] = relationship(cascade="all, delete-orphan", back_populates="box")


class Item(Base):
    __tablename__ = "items"
    __audit__ = Audited(owner="box.shelf.user_id", playlist=("box_id", "box.shelf.name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("boxes.id"))
    title: Mapped[str] = mapped_column(String(80))
    box: Mapped[Box] = relationship(back_populates="items")


class Stamp(Base):
    __tablename__ = "stamps"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))


class Page(Base):
    """Refers to a column that is no primary key; itself no subject."""

    __tablename__ = "pages"
    __audit__ = NotAudited("only what hangs below it counts")

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("shelves.code", ondelete="CASCADE"))


class Line(Base):
    __tablename__ = "lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"))


class Guest(Base):
    """Loses its shelf, stays itself."""

    __tablename__ = "guests"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id", ondelete="SET NULL"))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


@pytest.fixture
def shelf(stage: Stage) -> int:
    """Arrange a full shelf, unwatched; return its key."""
    with stage.unwatched() as session:
        session.add(Shelf(id=1, code="A", user_id=8, name="Top", story="long"))
        session.add(Shelf(id=2, code="B", user_id=8, name="Other"))
        session.flush()
        session.add_all([
            Box(id=1, shelf_id=1, name="one",
                items=[Item(id=1, title="i"), Item(id=2, title="j")]),
            Box(id=2, shelf_id=1, name="two"),
            *(Stamp(id=number, shelf_id=1) for number in (1, 2, 3)),
            Stamp(id=4, shelf_id=2),
            Page(id=1, code="A"), Page(id=2, code="A"), Page(id=3, code="B"),
            Guest(id=1, shelf_id=1), Guest(id=2, shelf_id=2),
        ])
        session.flush()
        session.add_all([Line(id=number, page_id=(number % 3) + 1) for number in range(9)])
        session.commit()
    return 1


def _told(stage: Stage) -> dict[tuple[str, str], Any]:
    return {(row.activity_type, row.entity_id): row for row in stage.rows()}


def _delete(session: Session, key: int) -> None:
    session.delete(session.get_one(Shelf, key))
    with bind(kind="job", label="job:sweep"):
        session.commit()


@pytest.mark.report(53)
def test_a_parent_with_many_children_costs_one_insert(stage: Stage, shelf: int) -> None:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(stage.engine, "before_cursor_execute", note)
    with stage.session() as session:
        _delete(session, shelf)

    assert len(stage.rows()) > 3
    assert sum(text.startswith("INSERT INTO activity_log") for text in seen) == 1


@pytest.mark.report(60, 63)
def test_children_and_grandchildren_are_named_as_they_were(stage: Stage, shelf: int) -> None:
    with stage.session() as session:
        _delete(session, shelf)

    told = _told(stage)
    assert set(told) == {
        ("shelf_delete", "1"), ("box_delete", "1"), ("box_delete", "2"), ("item_delete", "1"),
        ("item_delete", "2"),
    }
    assert told["item_delete", "1"].description == "Deleted item 'i'"
    assert told["box_delete", "2"].description == "Deleted box 'two'"
    assert {row.playlist_name for row in told.values()} == {"Top", None}
    assert {row.user_id for row in told.values()} == {8}
    assert told["shelf_delete", "1"].metadata_json["changes"]["story"][0]["count"] == 4
    kinds = [row.entity_type for row in stage.rows()]
    assert kinds == ["item", "item", "box", "box", "shelf"], "children before their parents"


def test_what_the_database_cascades_to_is_counted_at_any_depth(stage: Stage, shelf: int) -> None:
    with stage.session() as session:
        _delete(session, shelf)

    assert _told(stage)["shelf_delete", "1"].metadata_json["cascaded"] == {
        "stamp": 3, "line": 6, "guest.shelf_id": 1
    }


@pytest.mark.parametrize("loaded", [0, 1, 3])
def test_loaded_children_have_rows_of_their_own_and_are_not_counted_again(
    stage: Stage, shelf: int, loaded: int
) -> None:
    with bind(user_id=7), stage.session() as session:
        parent = session.get_one(Shelf, shelf)
        kept = session.scalars(select(Stamp).where(Stamp.shelf_id == 1).limit(loaded)).all()
        if loaded == 3:
            assert len(parent.stamps) == 3
        for stamp in kept[:loaded]:
            if loaded < 3:
                session.delete(stamp)
        session.delete(parent)
        session.commit()

    told = _told(stage)
    rows = [key for key in told if key[0] == "stamp_delete"]
    counted = told["shelf_delete", "1"].metadata_json["cascaded"].get("stamp", 0)
    assert len(rows) == loaded
    assert len(rows) + counted == 3


@pytest.mark.report(55, 56)
@pytest.mark.parametrize("way", ["remove", "replace", "from the database"])
def test_orphans_are_named_with_all_below_them(stage: Stage, shelf: int, way: str) -> None:
    with bind(user_id=7), stage.session() as session:
        parent = session.get_one(Shelf, shelf)
        if way == "remove":
            parent.boxes.remove(session.get_one(Box, 1))
        elif way == "replace":
            parent.boxes = [session.get_one(Box, 2)]
        else:
            session.delete(session.get_one(Box, 1))
        session.commit()

    told = _told(stage)
    assert set(told) == {("box_delete", "1"), ("item_delete", "1"), ("item_delete", "2")}
    assert {row.playlist_name for row in told.values()} == {"Top"}
    assert told["box_delete", "1"].metadata_json["changes"] == {
        "shelf_id": [1, None], "name": ["one", None]
    }


@pytest.mark.report(59, 62)
def test_rows_are_told_apart_where_the_database_uses_a_key_again(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        for name in ("first", "second"):
            shelf = Shelf(code=name, user_id=8, name=name)
            session.add(shelf)
            session.commit()
            session.delete(shelf)
            session.commit()

    assert [row.description for row in stage.rows()] == [
        "Created shelf 'first'", "Deleted shelf 'first'",
        "Created shelf 'second'", "Deleted shelf 'second'",
    ]


def test_a_delete_that_is_rolled_back_leaves_nothing(stage: Stage, shelf: int) -> None:
    with bind(user_id=7), stage.session() as session:
        with session.begin_nested() as savepoint:
            session.delete(session.get_one(Shelf, shelf))
            session.flush()
            savepoint.rollback()
        session.commit()
        session.delete(session.get_one(Shelf, shelf))
        session.flush()
        session.rollback()

    assert stage.rows() == []


@pytest.mark.filterwarnings("ignore:DELETE statement on table .* were matched")
def test_what_is_deleted_twice_was_deleted_once_and_by_who_was_first(
    stage: Stage, shelf: int
) -> None:
    """A collection still holds what a flush deleted: the unit of work deletes it again."""
    with stage.session() as session:
        parent = session.get_one(Shelf, shelf)
        box = parent.boxes[0]
        with bind(user_id=7):
            session.add(Item(id=9, box=box, title="never kept"))
            session.flush()
            session.delete(box)
            session.flush()
        with bind(user_id=8):
            session.delete(parent)
            session.commit()

    assert {key: row.user_id for key, row in _told(stage).items()} == {
        ("item_delete", "1"): 7, ("item_delete", "2"): 7, ("box_delete", "1"): 7,
        ("box_delete", "2"): 8, ("shelf_delete", "1"): 8,
    }


@pytest.mark.filterwarnings("ignore:DELETE statement on table .* 0 were matched")
@pytest.mark.parametrize("again", ["nothing", "its like", "undone"])
def test_what_an_object_no_longer_stands_for_is_not_deleted(
    stage: Stage, shelf: int, again: str
) -> None:
    """But a row that was made again under its key is, and is told as it was."""
    with bind(user_id=7), stage.session() as session:
        item = session.get_one(Item, 1)
        savepoint = session.begin_nested()
        session.delete(item)
        session.flush()
        if again == "undone":
            savepoint.rollback()
        session.commit()
        if again == "its like":
            session.add(Item(id=1, box_id=1, title="its like"))
            session.commit()
            session.expunge_all()
        stage.turn_page()
        session.delete(item)
        session.commit()

    titles = {"nothing": [], "its like": ["its like"], "undone": ["i"]}[again]
    assert stage.said() == ["item_delete"] * len(titles)
    assert [row.metadata_json["changes"]["title"][0] for row in stage.rows()] == titles


def test_what_takes_the_place_of_a_row_that_is_missing_is_not_told(
    stage: Stage, shelf: int
) -> None:
    """The unit of work makes INSERT and DELETE of one key an UPDATE, and here sends none."""
    with stage.unwatched() as elsewhere:
        twin = elsewhere.get_one(Item, 1)
    make_transient(twin)
    set_committed_value(twin, "title", "never written")
    with bind(user_id=7), stage.session() as session:
        item = session.get_one(Item, 1)
        session.delete(item)
        session.flush()
        session.add(twin)
        session.delete(item)
        session.commit()
        assert session.get(Item, 1, populate_existing=True) is None

    assert stage.said() == ["item_delete"]


@pytest.mark.report(57)
def test_what_was_deleted_is_told_with_the_values_before_unsaved_edits(
    stage: Stage, shelf: int
) -> None:
    with bind(user_id=7), stage.session() as session:
        parent = session.get_one(Shelf, shelf)
        parent.name, parent.story = "Never saved", "nor this"
        with session.no_autoflush:
            session.delete(parent)
        session.commit()

    row = _told(stage)["shelf_delete", "1"]
    assert row.description == "Deleted shelf 'Top'"
    assert row.metadata_json["changes"]["story"][0]["count"] == 4
