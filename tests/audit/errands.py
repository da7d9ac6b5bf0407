"""What is less usual, for parts of the engine that the story of `faults.py` does not meet."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from sqlalchemy import (
    Column, Engine, ForeignKey, Index, Numeric, PickleType, String, Table, Text, TypeDecorator,
    delete, event, func, insert, select, text, update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from shuffify.audit import Audited, bind, suspended
from shuffify.audit.change import Change
from tests.audit.faults import Base, Note, Shelf, Stamp

Open = Callable[..., Session]

HIGH: Final = 10**8
"""Above all keys that the database itself gives."""

LIMIT: Final = 4
"""The bulk limit by which some of these statements are told of together."""

Size = Enum("Size", ["SMALL", "LARGE"])

book_labels = Table(
    "book_labels", Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
)


class Label(Base):
    """Its name is a digest, and its rank nobody reads back by itself."""

    __tablename__ = "labels"
    __table_args__ = (Index("ix_labels_name", "name", unique=True),)
    __mapper_args__ = {"eager_defaults": False}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    rank: Mapped[int] = mapped_column(server_default="1")


class Lower(TypeDecorator[str]):
    """Text that is kept in small letters."""

    impl = String(80)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value and value.lower()


def _told_of(change: Change) -> dict[str, Any]:
    """Ask a change all that a policy may ask it."""
    return {
        "price": [change.before("price"), change.after("price")], "owner": change.owner,
        "changed": sorted(change.changed), "by": [change.source, change.reason],
        "at": change.created_at,
    }


class Book(Base):
    """Its labels are links; kinds of it share the table; its policy has a function."""

    __tablename__ = "books"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "book"}
    __audit__ = Audited(extra=_told_of, soft_delete="lost_on", shown="facts")

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(80))
    token: Mapped[str | None] = mapped_column(String(80))
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    lost_on: Mapped[date | None]
    facts: Mapped[Any] = mapped_column(PickleType, nullable=True)
    cover: Mapped[Any] = mapped_column(PickleType, nullable=True)
    sequel_of: Mapped[int | None] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"))
    first_id: Mapped[int | None] = mapped_column(ForeignKey("labels.id", ondelete="SET NULL"))
    reader: Mapped[str | None] = mapped_column(Lower)
    labels: Mapped[list[Label]] = relationship(secondary=book_labels)


class Atlas(Book):
    __mapper_args__ = {"polymorphic_identity": "atlas"}


@event.listens_for(Label, "after_insert")
def _renumber(_: Any, __: Any, label: Label) -> None:
    """Run a statement in the middle of a flush."""
    session = object_session(label)
    if label.name == "hook" and session is not None:
        session.execute(update(Shelf).where(func.length(Shelf.name) == 5).values(number=6))


def errands(engine: Engine, elsewhere: Engine, opened: Open) -> list[Any]:
    """Run statements, change links, join transactions; return all that a caller sees of it."""
    seen: list[Any] = []
    with opened() as session:
        seen += [*_bulk(session), *_many(session), *_links(session), *_past_the_trail(session)]
    Context().run(_by_nobody, opened)
    with opened(binds={Label: elsewhere, Shelf: engine}) as session:
        session.add_all([Label(id=90, name="far"), Shelf(id=6 * HIGH, user_id=7, name="Near")])
        session.commit()
    with engine.connect() as connection:
        seen += _inside(connection, opened)
    with opened() as session:
        return [*seen, session.in_transaction(), *_dump(session)]


def _bulk(session: Session) -> list[Any]:
    """Run statements whose rows are told of one by one."""
    some = [{"name": "Red", "user_id": 7}, {"name": "Blue", "user_id": 7, "tags": ["a"]}]
    seen: list[Any] = [type(session.execute(insert(Shelf), some))]
    seen.append(session.scalars(insert(Shelf).returning(Shelf.name), some).all())
    session.execute(insert(Shelf).values(id=HIGH, name="Green", user_id=7))
    session.execute(insert(Note), [{"id": 20, "shelf_id": HIGH, "title": "n"}])
    session.execute(insert(Stamp), [{"id": HIGH, "shelf_id": HIGH}])
    session.commit()
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    upsert = dialect.insert(Label)
    upsert = upsert.on_conflict_do_update(index_elements=["name"], set_={"id": upsert.excluded.id})
    session.execute(upsert, [{"id": 1, "name": "old"}, {"id": 2, "name": "new"}])
    session.execute(upsert, [{"id": 3, "name": "old"}])
    if dialect is sqlite:
        session.execute(insert(Label).prefix_with("OR REPLACE"), [{"id": 4, "name": "old"}])
        session.execute(update(Label).where(Label.id == 4).values(id=3))
    seen.append(session.execute(update(Shelf).where(Shelf.id == HIGH).values(number=3)).rowcount)
    session.execute(update(Shelf), [{"id": HIGH, "number": 4}])
    session.execute(update(Label).where(Label.id == 2).values(id=9))
    seen.append(session.query(Note).filter(Note.id == 20).delete())
    seen.append(session.execute(delete(Shelf).where(Shelf.id == HIGH)).rowcount)
    session.commit()
    return seen


def _many(session: Session) -> list[Any]:
    """Run statements whose rows are told of together."""
    session.execute(insert(Shelf), [{"name": f"M{at}", "user_id": 7} for at in range(LIMIT + 1)])
    session.execute(insert(Stamp).from_select(["shelf_id"], select(Shelf.id)))
    session.execute(update(Shelf).where(Shelf.name.like("M%")).values(number=9, level=1))
    some = session.execute(delete(Shelf).where(Shelf.name.like("M%"), Shelf.number == 9))
    session.commit()
    return [some.rowcount]


def _links(session: Session) -> list[Any]:
    red, blue = Label(id=11, name="red"), Label(id=12, name="blue")
    facts = {"kinds": {1, 2}, "size": Size.LARGE, "tokens": {"token": "s5"}}
    book = Atlas(id=1, title="One \U0001f600", token="s3", labels=[red], price=Decimal("1.50"),
                 facts=facts, cover={"pages": {3}})
    two = Book(id=2, title="Two", reader="Me", labels=[red])
    session.add_all([book, two, Book(id=3, title="Three")])
    session.commit()
    book.labels = [blue]
    session.flush()
    book.labels, book.lost_on, book.facts = [red, blue], date(2026, 1, 1), [1]
    three = session.get_one(Book, 3)
    two.price, three.price, two.reader = Decimal(2), Decimal(3), "ME"
    session.commit()
    with session.begin_nested() as savepoint:
        three.price = Decimal(4)
        session.flush()
        savepoint.rollback()
    three.price, three.labels = Decimal(5), []
    session.add(Label(id=13, name="brown"))
    session.commit()
    session.get_one(Label, 13).id = 15
    session.commit()
    session.delete(session.get_one(Label, 15))
    session.commit()
    session.execute(update(Book).where(Book.id < 3).values(title=Book.title + "!", token="s4"),
                    execution_options={"synchronize_session": False})
    book.title = "Once more"
    session.delete(two)
    session.flush()
    session.delete(book)
    session.add(Atlas(id=1, title="Again"))
    session.commit()
    with session.begin_nested():
        session.add(Shelf(id=9, user_id=7, name="Brief"))
        session.add(Stamp(id=9, shelf_id=9))
        session.flush()
        session.execute(delete(Shelf).where(Shelf.id == 9))
    session.commit()
    return [session.get_one(Book, 1).title, session.get_one(Book, 1).labels]


def _past_the_trail(session: Session) -> list[Any]:
    """Let changes pass by suspension and by option, and bypass the trail."""
    with suspended("a move"):
        session.add(Shelf(id=2 * HIGH, user_id=7, name="Quiet"))
        session.commit()
        session.execute(Shelf.__table__.update().values(level=6))
        session.commit()
    table = Shelf.__table__
    session.execute(table.update().where(table.c.id == 2 * HIGH).values(level=7))
    session.execute(text(f"/* ours */ UPDATE shelves SET level = 8 WHERE id = {2 * HIGH}"))
    session.execute(text("WITH one AS (SELECT 1) INSERT INTO stamps (shelf_id) SELECT id FROM"
                         f" shelves WHERE id = {2 * HIGH}"))
    session.execute(text("EXPLAIN DELETE FROM stamps"))
    session.execute(update(Shelf), [{"id": 2 * HIGH, "level": 9}],
                    execution_options={"audit": "no news"})
    session.add(Label(id=14, name="hook"))
    session.flush()
    session.bulk_save_objects([Shelf(id=3 * HIGH, user_id=7, name="Bulk")])
    session.commit()
    return [session.get_one(Shelf, 2 * HIGH).level]


def _by_nobody(opened: Open) -> None:
    """Write without an actor, and as a job on behalf of somebody."""
    with opened() as session:
        session.add(Shelf(id=8, user_id=8, name="Whose"))
        session.commit()
        with bind(user_id=8, kind="job", on_behalf_of={"who": "\U0001f600"}):
            session.get_one(Shelf, 8).number = 8
            session.commit()


def _inside(connection: Connection, opened: Open) -> list[Any]:
    """Work inside the caller's own transactions and savepoints, committed and not."""
    seen: list[Any] = []
    for number, ending in enumerate(("commit", "rollback", "commit")):
        outer = connection.begin()
        with opened(bind=connection) as session:
            session.add(Shelf(id=4 * HIGH + number, user_id=7, name=ending))
            session.flush()
            with connection.begin_nested() as savepoint:
                session.get_one(Shelf, 4 * HIGH + number).number = 5
                session.flush()
                savepoint.rollback()
            session.commit()
        if number == 2:
            connection.begin_nested().rollback()
        getattr(outer, ending)()
        seen.append(connection.in_transaction())
    with opened(bind=connection) as session, connection.begin() as outer:
        session.add(Shelf(id=7 * HIGH, user_id=7, name="Around"))
        session.flush()
        outer.commit()
    with connection.begin(), opened(bind=connection) as session:
        session.add(Shelf(id=5 * HIGH, user_id=7, name="Last"))
        session.flush()
    return seen


def _dump(session: Session) -> list[Any]:
    """Return what the tables hold, but for keys that the database gave."""
    return [sorted(session.execute(select(*columns)).all(), key=repr) for columns in (
        (Shelf.name, Shelf.level, Shelf.number, Shelf.tags), (Note.title,), (Stamp.shelf_id != 0,),
        (Label.id, Label.name), (Book.id, Book.title, Book.token, Book.price), book_labels.c,
    )]
