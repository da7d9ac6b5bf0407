"""Values at a time of which the log tells in part: what it does not hold is not the present's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import Engine, ForeignKey, String, delete, insert, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import HistoryError, NotKept, bind, permanent
from tests.audit.stage import LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


@permanent
class ActivityLog(LogColumns, Base):
    pass


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Book(Base):
    """Its shelf's deletion leaves it without one; its author's takes it along."""

    __tablename__ = "books"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "book"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(20))
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id", ondelete="SET NULL"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id", ondelete="CASCADE"))


class Atlas(Book):
    __mapper_args__ = {"polymorphic_identity": "atlas"}


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)


HOUR = timedelta(hours=1)


class Library(Stage):
    """One stage whose clock goes on by an hour with everything that is done."""

    clock: FrozenDateTimeFactory

    def done(self, *statements: Any) -> datetime:
        """Execute each in a transaction, an hour apart; return a time half an hour later."""
        for statement in statements:
            self.clock.tick(HOUR)
            with self.Session.begin() as session:
                statement(session) if callable(statement) else session.execute(statement)
        self.clock.tick(HOUR / 2)
        now = datetime.now()
        self.clock.tick(HOUR / 2)
        return now

    def old(self, *objects: Any) -> datetime:
        """Put in what is older than the log."""
        with self.unwatched.begin() as session:
            session.add_all(objects)
        return self.done()

    def as_of(self, when: datetime, key: int = 1, entity: str = "book") -> Any:
        """Return the values of a book at a time."""
        with self.Session() as session:
            return self.trail.as_of((entity, key), when, session=session)


@pytest.fixture
def stage(engine: Engine) -> Iterator[Library]:
    with staged(engine, Base, ActivityLog) as stage, freeze_time("2026-11-01 12:00") as clock, \
            bind(user_id=7):
        stage.__class__, stage.trail.bulk_limit = Library, 1
        assert isinstance(stage, Library)
        stage.clock = clock
        yield stage


def book(number: int = 1, **values: Any) -> Any:
    """Return what adds a book."""
    return lambda session: session.add(Book(id=number, **{"title": "Intro", **values}))


def made_for_many(session: Session) -> None:
    """Insert two books by one statement."""
    session.execute(insert(Book), [
        {"id": number, "kind": "book", "title": "Many"} for number in (1, 2)
    ])


SUMMARISED, CASCADED = NotKept("summarised"), NotKept("cascaded")


def test_what_a_statement_for_many_changed_is_not_what_it_left(stage: Library) -> None:
    before = stage.old(Book(id=1, title="Intro", note="n"), Book(id=2, title="Two"))
    after = stage.done(update(Book).values(title="All"))
    assert stage.as_of(before)["title"] == SUMMARISED
    assert stage.as_of(before)["note"] == "n"
    assert stage.as_of(after)["title"] == "All"


def test_it_is_what_an_older_row_tells_where_one_does(stage: Library) -> None:
    first = stage.done(book(), book(2), book(3))
    second = stage.done(update(Book).where(Book.id == 1).values(title="Second"))
    third = stage.done(update(Book).values(title="All"))
    fourth = stage.done(update(Book).values(title="None", note="x"))
    stage.done(update(Book).where(Book.id == 1).values(title="Last"))
    assert [stage.as_of(when)["title"] for when in (first, second, third, fourth)] == [
        "Intro", "Second", SUMMARISED, "None",
    ]
    assert stage.as_of(third)["note"] is None, "its creation tells that"


def test_an_upsert_for_many_is_a_creation_that_may_have_changed_all(stage: Library) -> None:
    before = stage.done(book(1), book(2))
    upsert = (sqlite if stage.engine.dialect.name == "sqlite" else postgresql).insert(Book)
    rows = [{"id": number, "kind": "book", "title": "Many"} for number in (1, 2)]
    stage.done(upsert.values(rows).on_conflict_do_update(index_elements=["id"],
                                                         set_={"title": "All"}))
    assert stage.as_of(before)["title"] == "Intro"


def test_what_was_made_again_past_the_trail_is_not_what_went(stage: Library) -> None:
    stage.done(book(1), delete(Book).where(Book.id == 1))
    again = stage.old(Book(id=1, title="Again"), Book(id=2, title="Two"))
    stage.done(update(Book).values(title="All"))
    assert stage.as_of(again)["title"] == SUMMARISED


def test_a_statement_on_the_class_above_counts_and_one_beside_does_not(stage: Library) -> None:
    before = stage.old(*(Atlas(id=number, title="A") for number in (1, 2)),
                       *(Book(id=number, title="B") for number in (3, 4)))
    stage.done(update(Book).values(title="All"))
    assert stage.as_of(before, entity="atlas")["title"] == SUMMARISED
    between = stage.done()
    stage.done(update(Atlas).values(title="Atlases"))
    assert stage.as_of(between, 3)["title"] == "All"


def test_what_a_statement_took_was_there_if_an_older_row_says_so(stage: Library) -> None:
    stage.old(Book(id=1, title="Old"), Book(id=2, title="Two"))
    never = stage.done()
    first = stage.done(book(3), book(4))
    stage.done(delete(Book).where(Book.id.in_([4])))
    second = stage.done(update(Book).where(Book.id == 3).values(note="n"))
    after = stage.done(delete(Book))
    stage.done(book(5))
    assert stage.as_of(second, 5) is None, "its creation is told, and nothing before it"
    assert stage.as_of(first, 3)["title"] == stage.as_of(second, 3)["title"] == "Intro"
    assert stage.as_of(second, 3)["note"] == "n" and stage.as_of(first, 3)["note"] is None
    assert stage.as_of(never, 3) is stage.as_of(after, 3) is stage.as_of(second, 4) is None
    assert stage.as_of(after, 1) is None
    with pytest.raises(HistoryError, match="Whether book 1 was there at .* one row for all"):
        stage.as_of(second, 1)


def test_what_a_statement_made_was_perhaps_not_there(stage: Library) -> None:
    before = stage.done(book(3))
    after = stage.done(made_for_many)
    assert stage.as_of(after)["title"] == "Many"
    assert stage.as_of(before, 3)["title"] == "Intro"
    with pytest.raises(HistoryError, match="Whether book 1 was there"):
        stage.as_of(before)


def test_between_two_statements_nobody_can_say(stage: Library) -> None:
    first = stage.done(book(1), book(2))
    stage.done(delete(Book))
    between = stage.done()
    stage.done(made_for_many, delete(Book), book(1))
    assert stage.as_of(first)["title"] == "Intro"
    with pytest.raises(HistoryError, match="Whether book 1 was there"):
        stage.as_of(between)


def test_a_reference_that_on_delete_cleared_was_set_before(stage: Library) -> None:
    stage.old(*(Shelf(id=number, name="S") for number in (1, 2, 3)))
    stage.old(Book(id=8, title="Kept", shelf_id=3), Book(id=9, title="Old"))
    bare = stage.done(book(1), book(2))
    put = stage.done(update(Book).where(Book.id == 1).values(shelf_id=1))
    one = stage.done(lambda session: session.delete(session.get_one(Shelf, 2)))
    both = stage.done(lambda session: session.delete(session.get_one(Shelf, 1)))
    assert [stage.as_of(when)["shelf_id"] for when in (bare, put, both)] == [None, 1, None]
    # The first deletion's row counts no reference, so that it cleared none.
    assert stage.as_of(one)["shelf_id"] == 1
    assert stage.as_of(put, 2)["shelf_id"] is None
    assert (stage.as_of(put, 8)["shelf_id"], stage.as_of(put, 9)["shelf_id"]) == (3, CASCADED)


def test_a_reference_between_two_deletions_is_not_kept(stage: Library) -> None:
    stage.old(*(Shelf(id=number, name="S") for number in (1, 2)))
    stage.done(book(1, shelf_id=1), book(2, shelf_id=2))
    between = stage.done(lambda session: session.delete(session.get_one(Shelf, 1)))
    stage.done(lambda session: session.delete(session.get_one(Shelf, 2)))
    assert stage.as_of(between, 1)["shelf_id"] == CASCADED


def test_what_on_delete_took_was_there_before(stage: Library) -> None:
    stage.old(Author(id=1), Author(id=2), Book(id=9, title="Old", author_id=1))
    before = stage.done(book(1, author_id=1))
    after = stage.done(lambda session: session.delete(session.get_one(Author, 1)))
    assert stage.as_of(before)["title"] == "Intro" and stage.as_of(after) is None
    with pytest.raises(HistoryError, match="the database's ON DELETE may have changed that"):
        stage.as_of(before, 9)


def test_a_time_of_which_rows_were_pruned_is_refused(stage: Library) -> None:
    stage.old(Book(id=1, title="Zero"))
    first = stage.done(update(Book).where(Book.id == 1).values(title="One"))
    with bind(user_id=8):
        second = stage.done(update(Book).where(Book.id == 1).values(title="Two"))
    stage.done(update(Book).where(Book.id == 1).values(title="Three"), book(2))
    stage.trail.custody.prune(stage.engine, second)
    for key in (1, 2):
        with pytest.raises(HistoryError, match="Rows of the log up to .* were pruned"):
            stage.as_of(first, key)
    assert stage.as_of(second)["title"] == "Two" and stage.as_of(second, 2) is None
    # What was pruned is told by rows of which some are pruned themselves.
    stage.trail.custody.prune(stage.engine, stage.done())
    with pytest.raises(HistoryError, match="were pruned"):
        stage.as_of(second)


@pytest.mark.audit_bypass("what was done past the trail is looked at afterwards")
def test_a_removal_past_the_trail_leaves_what_rows_tell_and_no_more(stage: Library) -> None:
    first = stage.old(Book(id=1, title="Old", note="n"))
    stage.done(update(Book).where(Book.id == 1).values(title="New"))
    with stage.engine.begin() as connection:
        connection.execute(text("DELETE FROM books"))
    assert stage.as_of(first) == {
        "id": 1, "title": "Old", **dict.fromkeys(("kind", "note", "shelf_id", "author_id"),
                                                 NotKept("unknown")),
    }
