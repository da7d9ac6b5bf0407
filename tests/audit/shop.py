"""Models for writes past the flush: an association, a composite name, what is not audited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, String, Table, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, NotAudited
from shuffify.audit.bypass import Bypass
from tests import databases
from tests.audit import stage
from tests.audit.stage import Stage, staged


class Base(DeclarativeBase):
    """The watched base."""


class User(stage.UserColumns, Base):
    pass


class Log(stage.LogColumns, Base):
    pass


mix_songs = Table(
    "mix_songs", Base.metadata,
    Column("mix_id", ForeignKey("mixes.id"), primary_key=True),
    Column("song_id", ForeignKey("songs.id"), primary_key=True),
)


class Song(Base):
    __tablename__ = "songs"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80))


class Mix(Base):
    __tablename__ = "mixes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    plays: Mapped[int] = mapped_column(default=0)
    songs: Mapped[list[Song]] = relationship(secondary=mix_songs)
    reviews: Mapped[list[Review]] = relationship(passive_deletes=True)


class Review(Base):
    """Goes with its mix by the database's own ON DELETE."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    mix_id: Mapped[int] = mapped_column(ForeignKey("mixes.id", ondelete="CASCADE"))
    words: Mapped[str] = mapped_column(String(80))


class Visit(Base):
    """Kept out of the trail."""

    __tablename__ = "visits"
    __audit__ = NotAudited("a counter for the tests")

    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(80))


class Play(Base):
    """Only its deletion leaves a row."""

    __tablename__ = "plays"
    __audit__ = Audited(types={"create": None, "update": None})

    id: Mapped[int] = mapped_column(primary_key=True)
    song: Mapped[str] = mapped_column(String(80))


class OtherBase(DeclarativeBase):
    """Nobody watches it."""


class Basket(OtherBase):
    __tablename__ = "baskets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


MIXES: Any = Mix.__table__
VISITS: Any = Visit.__table__
PLAYS: Any = Play.__table__
FOREIGN = Table("mixes", MetaData(), Column("id", primary_key=True), Column("name"))
"""Somebody else's picture of an audited table."""


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Stage]:
    """Open a shop on a new database of this kind, for all the tests of a module."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'shop.sqlite'}"
        if kind == "postgresql":
            url = stack.enter_context(databases.new_database())
        engine = databases.connect(url)
        stack.callback(engine.dispose)
        OtherBase.metadata.create_all(engine)
        yield stack.enter_context(staged(engine, Base, Log, folder / "spool.jsonl"))


def restock(stage: Stage) -> None:
    """Put the shop back to one mix with one song, another song and a review; keep the log."""
    with stage.engine.execution_options(audit="between two tests").begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in ("users", "activity_log"):
                connection.execute(table.delete())
        connection.execute(MIXES.insert(), {"id": -1, "name": "Dawn", "user_id": 7, "plays": 1})
        connection.execute(insert(Song), [
            {"id": -1, "title": "Intro"}, {"id": -2, "title": "Outro"},
        ])
        connection.execute(mix_songs.insert(), {"mix_id": -1, "song_id": -1})
        connection.execute(insert(Review), {"id": -1, "mix_id": -1, "words": "Fine"})


def named_bypasses(found: list[Bypass]) -> list[tuple[str, tuple[str, ...], str]]:
    """Return verb, tables and form of each."""
    return [(one.verb, one.tables, one.form) for one in found]
