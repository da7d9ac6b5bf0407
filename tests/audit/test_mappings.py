"""Every way to map a class: inheritance, keys of all kinds, logs of another make."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Date, Engine, ForeignKey, Integer, String, Uuid, select
from sqlalchemy.ext.declarative import ConcreteBase
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, bind
from tests.audit.stage import LogColumns, Stage, UserColumns, log_of, staged


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


class Animal(Base):
    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(20))


class Cat(Animal):
    """One table with its parent."""

    __mapper_args__ = {"polymorphic_identity": "cat"}

    lives: Mapped[int | None]


class Horse(Animal):
    """A table of its own, joined."""

    __tablename__ = "horses"
    __mapper_args__ = {"polymorphic_identity": "horse"}

    id: Mapped[int] = mapped_column(ForeignKey("animals.id", ondelete="CASCADE"),
                                    primary_key=True)
    speed: Mapped[int]


class Car(ConcreteBase, Base):
    __tablename__ = "cars"
    __mapper_args__ = {"polymorphic_identity": "car", "concrete": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Truck(Car):
    __tablename__ = "trucks"
    __mapper_args__ = {"polymorphic_identity": "truck", "concrete": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    load: Mapped[int]


class Seat(Base):
    __tablename__ = "seats"

    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    letter: Mapped[str] = mapped_column(String(1), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))


class Span(Base):
    __tablename__ = "spans"

    start: Mapped[str] = mapped_column(String(9), primary_key=True)
    end: Mapped[str] = mapped_column(String(9), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))


class Token(Base):
    __tablename__ = "uuids"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    note: Mapped[str | None] = mapped_column(String(20))


class Day(Base):
    __tablename__ = "days"

    on: Mapped[date] = mapped_column(Date, primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))


class Word(Base):
    __tablename__ = "words"

    text: Mapped[str] = mapped_column(String(20), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))


class Renamed(Base):
    """Attributes go by other names than their columns."""

    __tablename__ = "renamed"

    key: Mapped[int] = mapped_column("ident", primary_key=True)
    note: Mapped[str | None] = mapped_column("remark", String(20))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


UUID_ = uuid.UUID("12345678-1234-5678-1234-567812345678")

KEYS = [
    (lambda: Seat(row=3, letter="b"), "seat", "3:b"),
    (lambda: Token(id=UUID_), "token", str(UUID_)),
    (lambda: Day(on=date(2026, 3, 1)), "day", "2026-03-01"),
    (lambda: Word(text="ürsprung"), "word", "ürsprung"),
    (lambda: Renamed(key=5), "renamed", "5"),
    (lambda: Renamed(key="5"), "renamed", "5"),
]


@pytest.mark.parametrize(("make", "entity", "entity_id"), KEYS)
def test_keys_of_all_kinds_name_the_object(
    stage: Stage, make: Any, entity: str, entity_id: str
) -> None:
    with bind(user_id=7), stage.session() as session:
        thing = make()
        session.add(thing)
        session.commit()
        thing.note = "x"
        session.commit()
        session.delete(thing)
        session.commit()

    assert [(row.activity_type, row.entity_id) for row in stage.rows()] == [
        (f"{entity}_create", entity_id), (f"{entity}_update", entity_id),
        (f"{entity}_delete", entity_id),
    ]
    assert stage.rows()[1].metadata_json["changes"] == {"note": [None, "x"]}
    assert stage.rows()[1].description == f"Updated {entity} '#{entity_id}' (note)"


def test_keys_with_colons_of_their_own_are_not_mixed_up(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add_all([Span(start="a:b", end="c", note="x"), Span(start="a", end="b:c")])
        session.commit()
        span = session.get_one(Span, ("a:b", "c"))
        events = list(stage.trail.history(span))

    assert [event.after["note"] for event in events] == ["x"]
    assert len({row.entity_id for row in stage.rows()}) == 2
    assert list(stage.trail.reconcile().run(stage.engine)) == []


@pytest.mark.parametrize(("make", "column", "old", "new"), [
    (lambda: Animal(name="A"), "name", "A", "B"),
    (lambda: Cat(name="C", lives=9), "lives", 9, 8),
    (lambda: Horse(name="H", speed=3), "speed", 3, 4),
    (lambda: Horse(name="H", speed=3), "name", "H", "I"),
    (lambda: Car(name="K"), "name", "K", "L"),
    (lambda: Truck(name="T", load=2), "load", 2, 3),
])
def test_inheritance_of_all_kinds_leaves_one_row_a_change(
    stage: Stage, make: Any, column: str, old: Any, new: Any
) -> None:
    with bind(user_id=7), stage.session() as session:
        thing = make()
        session.add(thing)
        session.commit()
        key = thing.id
    with bind(user_id=7), stage.session() as session:
        thing = session.get_one(type(thing), key)
        session.expire(thing)
        setattr(thing, column, new)
        session.commit()
        session.delete(thing)
        session.commit()

    entity = type(thing).__name__.lower()
    assert stage.said() == [f"{entity}_{verb}" for verb in ("create", "update", "delete")]
    created, updated, deleted = [row.metadata_json["changes"] for row in stage.rows()]
    assert updated == {column: [old, new]}
    assert created[column] == [None, old]
    assert deleted[column] == [new, None]
    assert "cascaded" not in stage.last().metadata_json


@pytest.mark.parametrize("model", [Animal, Cat, Horse, Car, Truck])
def test_a_row_that_is_made_anew_under_its_key_is_an_update(stage: Stage, model: Any) -> None:
    more = {Truck: {"load": 1}, Horse: {"speed": 1}}.get(model, {})
    with bind(user_id=7), stage.session() as session:
        session.add(model(id=1, name="A", **more))
        session.commit()
        session.delete(session.get_one(model, 1))
        session.add(model(id=1, name="B", **more))
        session.commit()

    assert stage.said() == [f"{model.__name__.lower()}_{verb}" for verb in ("create", "update")]
    assert stage.changes() == {"name": ["A", "B"]}


def test_concrete_classes_with_equal_keys_are_two_objects(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        session.add_all([Car(id=1, name="K"), Truck(id=1, name="T", load=1)])
        session.commit()
        session.delete(session.get_one(Truck, 1))
        session.get_one(Car, 1).name = "L"
        session.commit()

    assert sorted(stage.said()) == ["car_create", "car_update", "truck_create", "truck_delete"]


class WebBase(DeclarativeBase):
    """Tables that refer to each other in more ways than can be walked one by one."""


class WebUser(UserColumns, WebBase):
    pass


class WebLog(LogColumns, WebBase):
    pass


def _knot(number: int) -> Any:
    columns: dict[str, Any] = {
        "__tablename__": f"knot_{number}", "id": mapped_column(Integer, primary_key=True),
        "name": mapped_column(String(20)),
    }
    for way in range(3 if number else 0):
        columns[f"to_{way}"] = mapped_column(ForeignKey(f"knot_{number - 1}.id"), nullable=True)
    return type(f"Knot{number}", (WebBase,), columns)


KNOTS = [_knot(number) for number in range(25)]


def test_a_web_of_references_is_put_in_order_at_once(engine: Engine) -> None:
    with staged(engine, WebBase, WebLog) as stage, bind(user_id=7), stage.session() as session:
        session.add_all([KNOTS[24](name="last"), KNOTS[0](name="first"), KNOTS[7](name="mid")])
        session.commit()
        assert stage.said() == ["knot0_create", "knot7_create", "knot24_create"]


class OddBase(DeclarativeBase):
    """An application whose keys are UUIDs, the log's and the users' too."""


class Person(OddBase):
    __tablename__ = "people"
    __audit__ = NotAudited("the actors are no subject")

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)


class Journal(OddBase):
    __tablename__ = "journal"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    activity_type: Mapped[str] = mapped_column(String(30))
    description: Mapped[str] = mapped_column(String(20))
    metadata_json: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]
    event_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(10), default="new")


class Thing(OddBase):
    __tablename__ = "things"
    __audit__ = Audited(types={"update": "t" * 30})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(80))


@pytest.mark.report(43)
@pytest.mark.parametrize("who", ["the owner", "bound", "bound as text"])
def test_a_log_of_uuids_is_filled_whoever_acts(engine: Engine, tmp_path: Path, who: str) -> None:
    OddBase.metadata.create_all(engine)
    factory = sessionmaker(engine)
    trail = AuditTrail(log=Journal, spool=tmp_path / "spool.jsonl")
    trail.watch(factory, base=OddBase)
    binding: dict[str, Any] = {
        "the owner": {"kind": "job"}, "bound": {"user_id": UUID_},
        "bound as text": {"user_id": str(UUID_)},
    }[who]
    with factory() as session, bind(**binding):
        session.add(Person(id=UUID_))
        session.flush()
        session.add_all([Thing(person_id=UUID_, name="n" * 80), Thing(person_id=UUID_, name="m")])
        session.commit()
        rows = session.scalars(select(Journal)).all()
    trail.unwatch()

    assert len(trail.spool) == 0
    assert {(row.user_id, row.status, row.description) for row in rows} == {
        (UUID_, "new", "Created thing 'nnnnn"), (UUID_, "new", "Created thing 'm'")
    }
    assert len({row.id for row in rows}) == len({row.event_id for row in rows}) == 2
