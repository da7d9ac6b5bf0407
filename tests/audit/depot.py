"""Models for tests of bulk statements: defaults, secrets, unique keys, heirs, cascades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY, JSON, Engine, ForeignKey, Index, Integer, String, event, func, select, text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, NotAudited
from tests.audit.stage import Json, Stage, log_of


_SCORES = ARRAY(Integer).with_variant(JSON(none_as_null=True), "sqlite")


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Crate(Base):
    """Its items go with it: by the ORM when it is flushed, by the database otherwise."""

    __tablename__ = "crates"
    __audit__ = Audited(ignore={"seen"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    code: Mapped[str | None] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(50), default="crate")
    number: Mapped[int] = mapped_column(default=0)
    level: Mapped[int] = mapped_column(server_default="4")
    seen: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0, onupdate=lambda: 7)
    token: Mapped[str | None] = mapped_column(String(50))
    items: Mapped[list[Item]] = relationship(back_populates="crate", cascade="all, delete-orphan")


class Item(Base):
    __tablename__ = "items"
    __audit__ = Audited(owner="crate.user_id", playlist=("crate_id", "crate.name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    crate_id: Mapped[int] = mapped_column(ForeignKey("crates.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(50))
    crate: Mapped[Crate] = relationship(back_populates="items")


class Vehicle(Base):
    """A tree of classes: one in the same table, one in a table of its own."""

    __tablename__ = "vehicles"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(default=7)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(50))


class Bike(Vehicle):
    __mapper_args__ = {"polymorphic_identity": "bike"}

    bell: Mapped[str | None] = mapped_column(String(50))


class Truck(Vehicle):
    __tablename__ = "trucks"
    __mapper_args__ = {"polymorphic_identity": "truck"}

    id: Mapped[int] = mapped_column(ForeignKey("vehicles.id"), primary_key=True)
    load: Mapped[int] = mapped_column(default=0)


class Cell(Base):
    """A key of two columns, which the caller gives."""

    __tablename__ = "cells"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    column: Mapped[str] = mapped_column(String(5), primary_key=True)
    user_id: Mapped[int] = mapped_column(default=7)
    text: Mapped[str | None] = mapped_column(String(50))
    marks: Mapped[Any] = mapped_column(Json, nullable=True)
    scores: Mapped[Any] = mapped_column(_SCORES, nullable=True)


class Seat(Base):
    """Its place is free again once it is gone."""

    __tablename__ = "seats"
    __table_args__ = (
        Index("ux_seats_place", "place", unique=True,
              sqlite_where=text("NOT gone"), postgresql_where=text("NOT gone")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(default=7)
    place: Mapped[str] = mapped_column(String(5))
    gone: Mapped[bool] = mapped_column(default=False)


class Draft(Base):
    __tablename__ = "drafts"
    __audit__ = NotAudited("nobody reads them")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


on_sqlite = pytest.mark.parametrize("shared_depot", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("shared_depot", ["postgresql"], indirect=True)
"""For what only one of the databases can do, or has to."""


class Depot(Stage):
    """A stage that many tests share: its data is put back before each, its log goes on."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, Base, ActivityLog)
        self.since = 0

    def restock(self) -> None:
        """Put three crates with items there, and vehicles of each kind, past the trail."""
        with self.unwatched() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name not in ("users", "activity_log"):
                    session.execute(table.delete())
            session.add_all([
                Crate(id=number, user_id=8, code=f"c{number}", name=name, token="hush",
                      items=[Item(id=10 * number + extra, title=f"item {extra}")
                             for extra in range(number)])
                for number, name in ((1, "one"), (2, "two"), (3, "three"))
            ])
            session.add_all([Vehicle(id=1, name="cart"), Bike(id=2, name="bike", bell="ring"),
                             Truck(id=3, name="truck", load=5)])
            session.add_all([Cell(row=1, column="a", text="x"), Cell(row=1, column="b", text="y"),
                             Draft(id=1, name="draft")])
            if self.engine.dialect.name == "postgresql":
                for table in ("crates", "items", "vehicles", "seats"):
                    serial = func.pg_get_serial_sequence(table, "id")
                    session.execute(select(func.setval(serial, 1000)))
            session.commit()
        self.since = 0
        self.since = max((row.id for row in self.rows()), default=0)
        self.count_anew()
        self.trail.bulk_limit = 500

    def rows(self) -> Sequence[Any]:
        """Return the rows that this test has committed."""
        table = self.log.__table__
        with self.engine.connect() as connection:
            return connection.execute(
                select(table).where(table.c.id > self.since).order_by(table.c.id)
            ).all()

    def troubles(self) -> dict[str, int]:
        """Return the counters that should not have moved."""
        return {name: self.count(name) for name in self.trail.counters()
                if name not in ("rows", "unknown_actor") and self.count(name)}

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Note what is sent to the database."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(self.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.engine, "before_cursor_execute", note)

    def done(self, *steps: Any) -> list[tuple[str, str | None, Any]]:
        """Execute statements, or call functions, in one transaction; return what is told of it."""
        with self.session() as session:
            for step in steps:
                step(session) if callable(step) else session.execute(step)
            session.commit()
        return told(self)


def told(stage: Stage) -> list[tuple[str, str | None, Any]]:
    """Return type, entity id and differences of each committed row, in order of the ids."""
    return [(row.activity_type, row.entity_id, row.metadata_json["changes"])
            for row in stage.rows()]


def only(rows: Sequence[tuple[str, str | None, Any]], name: str) -> list[Any]:
    """Return one column's differences, by entity id."""
    return sorted((key, changes[name]) for _, key, changes in rows)
