"""Books, loans, runs and animals: changed past the trail, and looked at afterwards."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CHAR, Enum, ForeignKey, Numeric, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited
from shuffify.audit.reconcile import Reconciler
from tests.audit.stage import Json, Stage, log_of


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Form(StrEnum):
    PAPER = "paper"


class Book(Base):
    __tablename__ = "books"
    __audit__ = Audited(ignore={"position"}, shown={"tags"})

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    bought_at: Mapped[datetime | None]
    tags: Mapped[list[str] | None] = mapped_column(Json)
    body: Mapped[str | None] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(String(50))
    position: Mapped[int] = mapped_column(default=0)
    form: Mapped[Form | None] = mapped_column(Enum(Form, native_enum=False, length=20))
    pages: Mapped[list[Page]] = relationship(passive_deletes=True)


class Page(Base):
    __tablename__ = "pages"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"))
    number: Mapped[int]


class Run(Base):
    """Recorded when it is over, like a job's."""

    __tablename__ = "runs"
    __audit__ = Audited(types={
        "create": lambda change: "run" if change.value("status") != "running" else None,
        "update": lambda change: "run" if "status" in change.changed else None,
        "delete": None,
    })

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(String(20))


class Loan(Base):
    """What is left of it when its book goes; it may follow another."""

    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str | None] = mapped_column(String(20))
    book_id: Mapped[int | None] = mapped_column(ForeignKey("books.id", ondelete="SET NULL"))
    page_id: Mapped[int | None] = mapped_column(ForeignKey("pages.id"))


class Code(Base):
    """Named by a secret: the log has its digest."""

    __tablename__ = "codes"

    token: Mapped[str] = mapped_column(String(50), primary_key=True)
    uses: Mapped[int] = mapped_column(default=0)


class Animal(Base):
    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(20))


class Dog(Animal):
    __tablename__ = "dogs"
    __mapper_args__ = {"polymorphic_identity": "dog"}

    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    tricks: Mapped[int] = mapped_column(default=0)


class Cat(Animal):
    """In its parent's table."""

    __mapper_args__ = {"polymorphic_identity": "cat"}

    claws: Mapped[int | None]


class Label(Base):
    """Of types that a database stores otherwise than they were given."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(CHAR(5))
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    weight: Mapped[Decimal | None] = mapped_column(Numeric(8, 0))


def put_books(stage: Stage) -> None:
    with stage.session() as session:
        session.add_all([
            Book(id=1, title="One", price=Decimal("9.999"), tags=["a"], body="la",
                 bought_at=datetime(2026, 1, 2), password="p", pages=[Page(id=1, number=1)]),
            Book(id=2, title="Two"),
            Code(token="abc"),
            Dog(id=5, name="Rex", tricks=2), Animal(id=6, name="Tom"),
        ])
        session.commit()


def found(stage: Stage) -> tuple[list[tuple[Any, ...]], Reconciler]:
    reconciler = stage.trail.reconcile()
    findings = list(reconciler.run(stage.engine))
    return [(one.kind, one.entity, one.entity_id, one.columns) for one in findings], reconciler


def by_hand(stage: Stage, *statements: str) -> None:
    """Do something past every session, as the database's shell would."""
    with stage.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def covered(reconciler: Reconciler) -> dict[tuple[str, str, str], int]:
    return dict(reconciler.result.not_covered)
