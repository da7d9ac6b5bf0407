"""Taking events back: what returns, what is refused, and the row that it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Column, Computed, Engine, ForeignKey, Identity, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from shuffify.audit import Audited, RevertError, bind
from tests.audit.stage import Json, Stage, log_of, staged
from tests.audit.test_liftout import readme_blocks


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


class Book(Base):
    __tablename__ = "books"
    __audit__ = Audited(shown={"tags"})

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelves.id"))
    title: Mapped[str] = mapped_column(String(50))
    pages: Mapped[int | None]
    tags: Mapped[list[str] | None] = mapped_column(Json)
    text: Mapped[str | None] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(String(50))
    lent: Mapped[bool] = mapped_column(default=False)
    shelf: Mapped[Shelf | None] = relationship()


class Card(Base):
    """A card needs an owner, whom the trail does not record among its changes."""

    __tablename__ = "cards"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(50))


class Reader(Base):
    __tablename__ = "readers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    books: Mapped[list[Book]] = relationship(secondary=Table(
        "reader_books", Base.metadata,
        Column("reader_id", ForeignKey("readers.id"), primary_key=True),
        Column("book_id", ForeignKey("books.id"), primary_key=True),
    ))


class Ticket(Base):
    """Numbered by the database, on PostgreSQL by nobody else; it works out a column, too."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    price: Mapped[int]
    double: Mapped[int] = mapped_column(Computed("price * 2", persisted=True))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


@pytest.fixture
def book(session: Session) -> Book:
    first, second = Shelf(name="first"), Shelf(name="second")
    book = Book(title="Intro", pages=10, tags=["a"], shelf=first)
    session.add_all([book, second])
    session.commit()
    return book


def changed(session: Session, item: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(item, name, value)
    session.commit()


def newest(stage: Stage, of: Any, session: Session) -> Any:
    return list(stage.trail.history(of, session=session))[-1]


def test_an_update_is_taken_back_in_the_callers_session_and_leaves_its_own_row(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, title="Outro", pages=None, tags=["b", "c"], shelf_id=2)
    assert book.shelf is not None and book.shelf.name == "second"
    event = newest(stage, book, session)
    assert stage.trail.revert(event, session=session) is book
    assert (book.title, book.pages, book.tags, book.shelf_id) == ("Intro", 10, ["a"], 1)
    assert book.shelf.name == "first"
    assert len(stage.said()) == 4
    session.commit()
    row = stage.last()
    assert row.activity_type == "book_update" and row.user_id == 7
    assert row.metadata_json["reason"] == f"revert of {event.event_id}"
    assert row.metadata_json["changes"]["title"] == ["Outro", "Intro"]


def test_it_is_the_callers_transaction(stage: Stage, session: Session, book: Book) -> None:
    changed(session, book, title="Outro")
    stage.trail.revert(newest(stage, book, session), session=session)
    session.rollback()
    assert book.title == "Outro"
    assert stage.said()[-1] == "book_update" and len(stage.said()) == 4


def test_what_the_caller_has_pending_does_not_carry_the_reverts_reason(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, title="Outro")
    event = newest(stage, book, session)
    session.add(Shelf(name="third"))
    stage.trail.revert(event, session=session)
    session.commit()
    shelf, reverted = stage.rows()[-2:]
    assert shelf.activity_type == "shelf_create" and "reason" not in shelf.metadata_json
    assert "reason" in reverted.metadata_json


def test_an_event_may_be_named_by_its_id(stage: Stage, session: Session, book: Book) -> None:
    changed(session, book, title="Outro")
    stage.trail.revert(stage.last().event_id, session=session)
    assert book.title == "Intro"
    with pytest.raises(RevertError.__mro__[1], match="There is no event nope"):
        stage.trail.revert("nope", session=session)


def test_later_changes_are_lost_only_by_force_and_only_those_columns_count(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, title="Second", pages=20)
    event = newest(stage, book, session)
    changed(session, book, lent=True)
    changed(session, book, title="Third")
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(event, session=session)
    assert refused.value.columns == ("title",)
    assert "force=True" in str(refused.value)
    assert (book.title, book.pages) == ("Third", 20) and not session.dirty
    stage.trail.revert(event, session=session, force=True)
    assert (book.title, book.pages, book.lent) == ("Intro", 10, True)


def test_changed_and_changed_back_since_loses_nothing(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, tags=["x"], text="la")
    event = newest(stage, book, session)
    changed(session, book, tags=["y"])
    changed(session, book, tags=["x"])
    stage.trail.revert(event, session=session)
    assert book.tags == ["a"] and book.text is None


def test_secrets_and_digests_are_asked_for_by_name(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, text="la", password="one")
    changed(session, book, text="lala", password="two", title="Outro")
    event = newest(stage, book, session)
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(event, session=session)
    assert refused.value.columns == ("text", "password")
    assert "values={...}" in str(refused.value) and "one" not in str(refused.value)
    assert (book.title, book.text) == ("Outro", "lala")
    with pytest.raises(RevertError, match="values names no columns: texd"):
        stage.trail.revert(event, session=session, values={"texd": "la"})
    stage.trail.revert(event, session=session, values={"text": "la", "password": "one"})
    assert (book.title, book.text, book.password) == ("Intro", "la", "one")


def test_a_creation_is_taken_back_by_deleting(stage: Stage, session: Session, book: Book) -> None:
    event = newest(stage, book, session)
    key = book.id
    assert stage.trail.revert(event, session=session) is None
    session.commit()
    assert session.get(Book, key) is None
    assert stage.last().activity_type == "book_delete"
    with pytest.raises(RevertError, match="The object is gone"):
        stage.trail.revert(event, session=session)


def test_a_creation_with_a_life_since_is_deleted_only_by_force(
    stage: Stage, session: Session, book: Book
) -> None:
    event = newest(stage, book, session)
    changed(session, book, title="Outro")
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(event, session=session)
    assert refused.value.columns == ("title",)
    stage.trail.revert(event, session=session, force=True)
    assert session.get(Book, book.id) is None


def test_a_deletion_is_taken_back_under_the_old_key(
    stage: Stage, session: Session, book: Book
) -> None:
    key = book.id
    session.delete(book)
    session.commit()
    event = newest(stage, ("book", key), session)
    again = stage.trail.revert(event, session=session)
    session.commit()
    assert (again.id, again.title, again.pages, again.tags) == (key, "Intro", 10, ["a"])
    assert again.shelf.name == "first" and again.lent is False
    assert stage.last().activity_type == "book_create"
    with pytest.raises(RevertError, match="The object exists again"):
        stage.trail.revert(event, session=session)


def test_a_deletion_whose_row_needs_more_than_was_recorded_names_it(
    stage: Stage, session: Session
) -> None:
    session.add(Card(id=1, user_id=8, name="A"))
    session.commit()
    session.delete(session.get_one(Card, 1))
    session.commit()
    event = newest(stage, ("card", 1), session)
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(event, session=session)
    assert refused.value.columns == ("user_id",) and not session.new
    card = stage.trail.revert(event, session=session, values={"user_id": 8})
    assert (card.user_id, card.name) == (8, "A")


def test_a_key_that_the_database_alone_gives_is_refused_and_what_it_works_out_left_to_it(
    stage: Stage, session: Session
) -> None:
    ticket = Ticket(price=4)
    session.add(ticket)
    session.commit()
    changed(session, ticket, price=5)
    stage.trail.revert(newest(stage, ticket, session), session=session)
    session.commit()
    assert (ticket.price, ticket.double) == (4, 8)
    of = ("ticket", ticket.id)
    session.delete(ticket)
    session.commit()
    if stage.engine.dialect.name == "postgresql":
        with pytest.raises(RevertError, match="OVERRIDING SYSTEM VALUE") as refused:
            stage.trail.revert(newest(stage, of, session), session=session)
        assert refused.value.columns == ("id",)
        assert not session.new and not session.dirty
    else:
        again = stage.trail.revert(newest(stage, of, session), session=session)
        session.commit()
        assert (again.id, again.price, again.double) == (of[1], 4, 8)


def test_an_update_of_what_is_gone_says_what_to_do_first(
    stage: Stage, session: Session, book: Book
) -> None:
    changed(session, book, title="Outro")
    event = newest(stage, book, session)
    session.delete(book)
    session.commit()
    with pytest.raises(RevertError, match="Revert its deletion first"):
        stage.trail.revert(event, session=session)


@pytest.mark.parametrize("force", [False, True])
def test_links_are_put_back_by_hand_and_nobody_is_told_otherwise(
    stage: Stage, session: Session, book: Book, force: bool
) -> None:
    reader = Reader(id=1, name="Ana")
    session.add(reader)
    session.commit()
    changed(session, reader, books=[book])
    event = newest(stage, reader, session)
    with pytest.raises(RevertError, match="put links back: books. Add and remove") as refused:
        stage.trail.revert(event, session=session, force=force)
    assert refused.value.columns == ("books",) and reader.books == [book]


def test_what_stands_beside_links_is_reverted_by_force(
    stage: Stage, session: Session, book: Book
) -> None:
    reader = Reader(id=1, name="Ana")
    session.add(reader)
    session.commit()
    changed(session, reader, books=[book], name="Eva")
    event = newest(stage, reader, session)
    with pytest.raises(RevertError, match="links back: books. Pass force=True to revert the col"):
        stage.trail.revert(event, session=session)
    assert reader.name == "Eva"
    stage.trail.revert(event, session=session, force=True)
    assert (reader.name, reader.books) == ("Ana", [book])
    session.commit()
    session.delete(reader)
    session.commit()
    event = newest(stage, ("reader", 1), session)
    with pytest.raises(RevertError, match="links back: books"):
        stage.trail.revert(event, session=session)
    again = stage.trail.revert(event, session=session, force=True)
    assert (again.name, again.books) == ("Ana", [])
    session.commit()
    changed(session, again, books=[book])
    created = list(stage.trail.history(again, session=session))[-2]
    assert stage.trail.revert(created, session=session, force=True) is None


def test_a_cut_event_cannot_be_taken_back(stage: Stage, session: Session, book: Book) -> None:
    changed(session, book, tags=["x" * 9000])
    changed(session, book, tags=None)
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(newest(stage, book, session), session=session)
    assert refused.value.columns == ("tags",)


def test_the_readmes_example_works(
    stage: Stage, session: Session, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(session, book, title="Outro")
    *_, example = readme_blocks()
    names = {"trail": stage.trail, "note": book, "session": session, "datetime": datetime}
    exec(example, names)
    assert "book_create" in capsys.readouterr().out
    assert book.title == "Intro"
