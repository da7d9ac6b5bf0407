"""Bulk statements and links in other people's applications: sessions, keys, names, mappings (A17).

The unit of work's own cases stand in test_mappings.py, test_bases.py and test_event_two_phase.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Column, Engine, ForeignKey, ForeignKeyConstraint, MetaData, String, Table, Uuid, delete,
    insert, select, update,
)
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column, relationship, synonym,
)

from shuffify.audit import bind
from tests.audit.depot import told
from tests.audit.stage import Stage, log_of, staged

metadata = MetaData()


class Base(DeclarativeBase):
    metadata = metadata


ActivityLog = log_of(Base)


orders_members = Table(
    "Select", metadata,
    Column("from", ForeignKey("Order.id"), primary_key=True),
    Column("a", String(9), primary_key=True),
    Column("b", String(9), primary_key=True),
    ForeignKeyConstraint(["a", "b"], ["Group.a", "Group.b"]),
)


class Order(Base):
    """Names that need quotes, and a key that Python makes."""

    __tablename__ = "Order"
    __mapper_args__ = {"polymorphic_on": "type", "polymorphic_identity": "order"}

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    type: Mapped[str] = mapped_column(String(9))
    title: Mapped[str] = mapped_column("Where", String(9), default="new")
    words = synonym("title")
    groups: Mapped[list[Group]] = relationship(secondary=orders_members)


class Rush(Order):
    """Joined to its parent, whose links it has."""

    __tablename__ = "rushes"
    __mapper_args__ = {"polymorphic_identity": "rush"}

    id: Mapped[UUID] = mapped_column(ForeignKey("Order.id"), primary_key=True)
    hours: Mapped[int] = mapped_column(default=1)


class Group(Base):
    """A key of two texts."""

    __tablename__ = "Group"

    a: Mapped[str] = mapped_column(String(9), primary_key=True)
    b: Mapped[str] = mapped_column(String(9), primary_key=True)
    size: Mapped[int] = mapped_column(default=0)


class Car(Base):
    __tablename__ = "cars"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wheels: Mapped[int] = mapped_column(default=4)


class Van(Car):
    """A table of its own with all of its columns."""

    __tablename__ = "vans"
    __mapper_args__ = {"concrete": True}

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wheels: Mapped[int] = mapped_column(default=4)


class DataBase(MappedAsDataclass, DeclarativeBase):
    """Another base, of dataclasses, on the same database."""

    metadata = metadata


class Point(DataBase):
    __tablename__ = "points"

    name: Mapped[str] = mapped_column(String(9), primary_key=True)
    x: Mapped[int] = mapped_column(default=3)


ONE, TWO = UUID(int=1), UUID(int=2)

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "expire_on_commit=False": {"expire_on_commit": False},
    "autoflush=False": {"autoflush": False},
    "both": {"expire_on_commit": False, "autoflush": False},
    "twophase": {"twophase": True},
}


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        stage.trail.watch(stage.Session, base=DataBase)
        yield stage


def fill(session: Session) -> list[Any]:
    """Insert in bulk and by a flush; link."""
    session.execute(insert(Group), [{"a": "a:b", "b": "c"}, {"a": "a", "b": "b:c"}])
    seen = [session.scalars(
        insert(Point).returning(Point.name), [{"name": "p:1"}, {"name": "q", "x": 5}]
    ).all()]
    session.execute(insert(Car), [{"id": 1}, {"id": 2}])
    session.execute(insert(Van), [{"id": 1}])
    groups = session.scalars(select(Group).order_by(Group.a)).all()
    session.add_all([Order(id=ONE, groups=groups[:1]), Rush(id=TWO, groups=groups[:])])
    session.commit()
    return seen


def alter(session: Session) -> list[Any]:
    """Update in bulk in every way, with an object at hand, and change links meanwhile."""
    rush = session.get_one(Rush, TWO)
    seen = [
        session.execute(update(Order).values(words="old")).rowcount,
        session.query(Group).filter_by(a="a").update({"size": 4}),
        session.execute(update(Van).values(wheels=Van.wheels + 2)).rowcount,
        rush.title,
    ]
    session.execute(update(Point), [{"name": "p:1", "x": 8}])
    session.execute(update(Rush).values(hours=6))
    rush.groups = []
    seen += [rush.hours, len(session.new), len(session.dirty)]
    session.commit()
    return seen


def clear(session: Session) -> list[Any]:
    """Unlink by a flush, delete in bulk."""
    order = session.get_one(Order, ONE)
    order.groups.clear()
    session.flush()
    session.delete(session.get_one(Rush, TWO))
    session.delete(order)
    session.flush()
    seen = [session.execute(delete(kind)).rowcount for kind in (Group, Car, Van, Point)]
    session.commit()
    return seen


STEPS = (fill, alter, clear)


@pytest.mark.parametrize(("database_url", "options"), [
    pytest.param(kind, options, id=f"{kind}-{name}")
    for kind in ("sqlite", "postgresql") for name, options in OPTIONS.items()
    if (kind, name) != ("sqlite", "twophase")
], indirect=["database_url"])
def test_sessions_of_all_makes_behave_as_ever_and_leave_the_same_rows(
    stage: Stage, options: Any
) -> None:
    seen = []
    for make in (stage.unwatched, stage.Session):
        with make(**options) as session:
            seen.append([step(session) for step in (fill, alter, clear)])
    assert seen[0] == seen[1]

    rows = told(stage)
    assert Counter(kind for kind, *_ in rows) == KINDS
    label = "#" + next(key for kind, key, _ in rows if kind == "group_update")
    changes = {(kind, key): columns for kind, key, columns in rows if kind != "group_update"}
    assert changes["order_create", str(ONE)]["groups"] == [None, [label]]
    assert changes["order_delete", str(ONE)]["groups"] == [[label], None]
    assert {name: sorted(pair[0]) if name == "groups" else pair
            for name, pair in changes["rush_update", str(TWO)].items()} == {
        "hours": [1, 6], "title": ["new", "old"], "groups": sorted(GROUPS),
    }
    assert changes["van_update", "1"] == {"wheels": [4, 6]}
    assert changes["point_update", "p:1"] == {"x": [3, 8]}
    assert {name for name, number in stage.trail.counters().items() if number} == {"rows"}
    assert list(stage.trail.reconcile().run(stage.engine)) == []


KINDS = Counter({
    "group_create": 2, "group_update": 1, "group_delete": 2, "point_create": 2, "point_update": 1,
    "point_delete": 2, "car_create": 2, "car_delete": 2, "van_create": 1, "van_update": 1,
    "van_delete": 1, "order_create": 1, "order_update": 1, "order_delete": 1, "rush_create": 1,
    "rush_update": 1, "rush_delete": 1,
})
GROUPS = [
    f"#{sha256(text.encode()).hexdigest()}" for text in ('["a:b", "c"]', '["a", "b:c"]')
]
