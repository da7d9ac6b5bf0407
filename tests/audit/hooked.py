"""What the tests of a flush's hooks flush: places that are taken, links, a second UPDATE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import Column, Engine, ForeignKey, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, NotAudited
from tests.audit.stage import Json, Stage, log_of, staged

Hook: TypeAlias = Callable[..., None]


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


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


class Draft(Base):
    """Of no interest to the trail."""

    __tablename__ = "drafts"
    __audit__ = NotAudited("nobody asks for it")

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


@contextmanager
def stocked(engine: Engine) -> Iterator[Stage]:
    """Yield a stage with a thing and a full rack."""
    with staged(engine, Base, ActivityLog) as stage:
        with stage.session() as session:
            session.add(Thing(id=1, first="a", last="b", plain={"n": 1}, hidden="h"))
            session.add(Draft(id=1, name="d"))
            session.add(Rack(id=1, slots=[
                Slot(number=number, name="full", hidden="was") for number in (1, 2)
            ]))
            session.commit()
        stage.turn_page()
        yield stage


def explained(stage: Stage) -> bool:
    return not list(stage.trail.reconcile().run(stage.engine))
