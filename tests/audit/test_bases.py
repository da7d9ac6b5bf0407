"""Bases and registries of all makes: what is under them is audited, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, String, Table
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column, registry, sessionmaker,
)

from shuffify.audit import AuditTrail, PolicyError
from tests.audit.stage import log_of
from tests.databases import connect

pytestmark = pytest.mark.usefixtures("mira")


def _rows(engine: Engine, log: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(log.__table__.select().order_by(log.__table__.c.id)))


def _write(make: Callable[[], Session], thing: Any) -> None:
    with make() as session:
        session.add(thing)
        session.commit()


def _world() -> tuple[Any, Any, Any]:
    class Base(DeclarativeBase):
        pass

    Log = log_of(Base)

    class Note(Base):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(80))

    return Base, Log, Note


def _open(base: Any, engine: Engine) -> None:
    base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(base.metadata.tables["users"].insert(), [{"id": 7}])


def test_two_trails_on_two_bases_with_equal_names_do_not_see_each_other(
    tmp_path: Path, engine: Engine
) -> None:
    other_engine = connect(f"sqlite:///{tmp_path / 'other.sqlite'}")
    counted = []
    worlds = [(_world(), engine), (_world(), other_engine)]
    trails = [AuditTrail(log=log) for (_, log, _), _ in worlds]
    factories = [sessionmaker(on) for _, on in worlds]
    for ((base, _, _), on), trail, factory in zip(worlds, trails, factories, strict=True):
        _open(base, on)
        trail.watch(factory, base=base)
    _write(factories[0], worlds[0][0][2](name="x"))
    for name in "yz":
        _write(factories[1], worlds[1][0][2](name=name))
    for trail in trails:
        counted.append(trail.counters()["rows"])
        trail.unwatch()
    told = [[row.description for row in _rows(on, log)] for (_, log, _), on in worlds]
    other_engine.dispose()

    assert counted == [1, 2]
    assert told == [["Created note 'x'"], ["Created note 'y'", "Created note 'z'"]]


def test_classes_mapped_after_watch_are_covered(engine: Engine) -> None:
    base, log, _ = _world()
    factory = sessionmaker(engine)
    trail = AuditTrail(log=log)
    trail.watch(factory, base=base)

    class Late(base):  # type: ignore[misc, valid-type]
        __tablename__ = "late"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(80))

    _open(base, engine)
    _write(factory, Late(name="x"))
    trail.unwatch()

    assert [row.description for row in _rows(engine, log)] == ["Created late 'x'"]


def test_a_wrong_class_mapped_after_watch_is_refused_at_its_mapping() -> None:
    base, log, _ = _world()
    late_trail = AuditTrail(log=log)
    late_trail.watch(sessionmaker(), base=base)

    class Wrong(base):  # type: ignore[misc, valid-type]
        __tablename__ = "wrong"
        __audit__ = "yes"
        id: Mapped[int] = mapped_column(primary_key=True)

    try:
        with pytest.raises(PolicyError, match="Wrong.__audit__: is 'yes'"):
            base.registry.configure()
    finally:
        late_trail.unwatch()
        base.registry.dispose()


def test_a_dataclass_base_is_watched_like_any_other(engine: Engine) -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    log_base, log, _ = _world()

    class Point(Base):
        __tablename__ = "points"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        name: Mapped[str] = mapped_column(String(20))
        x: Mapped[int] = mapped_column(default=3)

    _records(engine, Base, log_base, log, lambda: Point(name="p"), "Created point 'p'")


def test_classes_mapped_by_the_registry_itself_are_audited(engine: Engine) -> None:
    base, log, _ = _world()

    class Plain:
        def __init__(self, name: str) -> None:
            self.name = name

    table = Table("plain", base.metadata, Column("id", Integer, primary_key=True),
                  Column("name", String(20)))
    base.registry.map_imperatively(Plain, table)
    _records(engine, base, base, log, lambda: Plain("p"), "Created plain 'p'")


def test_an_abstract_child_of_a_base_is_watched_alone(engine: Engine) -> None:
    base, log, unwatched = _world()

    class Audited(base):  # type: ignore[misc, valid-type]
        __abstract__ = True

    class Book(Audited):
        __tablename__ = "books"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))

    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(unwatched(name="seen by nobody"))
        session.commit()
    _records(engine, Audited, base, log, lambda: Book(name="p"), "Created book 'p'")


def test_a_registry_without_a_base_is_watched(engine: Engine) -> None:
    log_base, log, _ = _world()
    mappers = registry()

    @mappers.mapped
    class Plain:
        __tablename__ = "plain"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))

    _records(engine, mappers, log_base, log, lambda: Plain(name="p"), "Created plain 'p'")


def _records(
    engine: Engine, base: Any, log_base: Any, log: Any, make: Callable[[], Any], sentence: str
) -> None:
    base.metadata.create_all(engine)
    log_base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(log_base.metadata.tables["users"].insert(), [{"id": 7}])
    factory = sessionmaker(engine)
    trail = AuditTrail(log=log)
    trail.watch(factory, base=base)
    with factory() as session:
        thing = make()
        session.add(thing)
        session.commit()
        thing.name = "q"
        session.commit()
        session.delete(thing)
        session.commit()
    trail.unwatch()

    rows = _rows(engine, log)
    assert [row.description for row in rows][0] == sentence
    assert [row.activity_type.rpartition("_")[2] for row in rows] == [
        "create", "update", "delete"
    ]
    assert rows[1].metadata_json["changes"] == {"name": ["p", "q"]}
