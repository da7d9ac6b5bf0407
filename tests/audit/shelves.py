"""What the state machine works on: children, links, cascades, and a key that may change."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, ForeignKey, String, Table, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

from shuffify.audit import AuditTrail
from tests.audit.witness import Collection, Subject, Witness
from tests.audit.world import ActivityLog, Base, Json, User


class ShelfBase(DeclarativeBase):
    """A base of its own: the trail's log stands on another."""


shelf_ribbons = Table(
    "shelf_ribbons", ShelfBase.metadata,
    Column("shelf_id", ForeignKey("shelves.id"), primary_key=True),
    Column("ribbon_id", ForeignKey("ribbons.id"), primary_key=True),
)


class Shelf(ShelfBase):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime | None]
    tags: Mapped[list[str] | None] = mapped_column(Json)
    comment: Mapped[str | None] = mapped_column(Text, deferred=True)
    books: Mapped[list[Book]] = relationship(back_populates="shelf", cascade="all, delete-orphan")
    ribbons: Mapped[list[Ribbon]] = relationship(
        secondary=shelf_ribbons, back_populates="shelves"
    )


class Book(ShelfBase):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    title: Mapped[str] = mapped_column(String(20))
    shelf: Mapped[Shelf] = relationship(back_populates="books")
    pages: Mapped[list[Page]] = relationship(back_populates="book", cascade="all, delete-orphan")


class Page(ShelfBase):
    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    number: Mapped[int]
    book: Mapped[Book] = relationship(back_populates="pages")


class Ribbon(ShelfBase):
    """Linked to shelves from both sides; never renamed, and its key is not used again.

    Links are netted by key: one name follows it through a transaction.
    """

    __tablename__ = "ribbons"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    shelves: Mapped[list[Shelf]] = relationship(secondary=shelf_ribbons, back_populates="ribbons")


class Slip(ShelfBase):
    """Goes with its shelf by the database's own ON DELETE; the shelf does not know of it.

    Its keys are not used again: of a row that was taken unseen, the trail could not tell.
    """

    __tablename__ = "slips"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))
    word: Mapped[str] = mapped_column(String(20))
    shelf: Mapped[Shelf] = relationship()


class Speck(ShelfBase):
    """Goes with its slip, and so with the slip's shelf."""

    __tablename__ = "specks"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    slip_id: Mapped[int] = mapped_column(ForeignKey("slips.id", ondelete="CASCADE"))
    word: Mapped[str] = mapped_column(String(20))
    slip: Mapped[Slip] = relationship()


class Stamp(ShelfBase):
    __tablename__ = "stamps"

    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str | None] = mapped_column(String(20))
    amount: Mapped[int | None] = mapped_column(default=1)


MODELS: tuple[Any, ...] = (Shelf, Book, Page, Ribbon, Slip, Speck, Stamp)

SUBJECTS = [
    Subject(Shelf, "shelf", links=[Collection("ribbons", shelf_ribbons, Ribbon.__table__)]),
    Subject(Book, "book"),
    Subject(Page, "page"),
    Subject(Ribbon, "ribbon"),
    Subject(Slip, "slip", falls_with=("shelf_id", "shelf")),
    Subject(Speck, "speck", falls_with=("slip_id", "slip")),
    Subject(Stamp, "stamp"),
]


class Desk:
    """One database, used by all examples: emptied of data before each, the log goes on."""

    def __init__(self, engine: Engine, spool: Path, audited: bool = True) -> None:
        self.engine = engine
        self.audited = audited
        self.diary: list[str] = []
        """What came of each step, and the tables after each root transaction."""
        Base.metadata.create_all(engine)
        ShelfBase.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(User.__table__.insert(), [{"id": 7}, {"id": 8}])
        self.Session = sessionmaker(engine)
        self.trail = AuditTrail(log=ActivityLog, spool=spool)
        if audited:
            self.trail.watch(self.Session, base=ShelfBase)
        self.witness = Witness(engine, ActivityLog, SUBJECTS)

    def close(self) -> None:
        """Leave the database as empty as it was."""
        ShelfBase.metadata.drop_all(self.engine)
        Base.metadata.drop_all(self.engine)

    def check(self) -> None:
        """Compare the tables with the trail, if there is one."""
        if self.audited:
            self.witness.check()
        # Generated keys are left out: which of two new objects is inserted first, SQLAlchemy
        # leaves to the order of a set.
        self.diary.append(str(sorted(
            str((entity, key if entity == "stamp" else "", sorted(
                (name, str(value)) for name, value in row.items() if not name.endswith("_id")
            ))) for (entity, key), row in self.witness.dump().items()
        )))

    def clear(self) -> None:
        """Empty the data tables; new rows get the same keys again."""
        with self.engine.begin() as connection:
            connection.execution_options(audit="examples begin with empty tables")
            if self.engine.dialect.name == "postgresql":
                # A session that a failed example left open must fail the next, not stop it.
                connection.execute(text("SET LOCAL lock_timeout = '5s'"))
                names = ", ".join(ShelfBase.metadata.tables)
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
            else:
                for table in reversed(ShelfBase.metadata.sorted_tables):
                    connection.execute(table.delete())
                connection.execute(text("DELETE FROM sqlite_sequence"))
        self.witness.restart()
