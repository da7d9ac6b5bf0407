"""What can be watched, how often, by whom: each change leaves one row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, String, Table
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column, registry, scoped_session,
    sessionmaker,
)

from shuffify.audit import AuditTrail, PolicyError, bind
from tests.audit.stage import LogColumns, UserColumns
from tests.databases import connect

pytestmark = pytest.mark.usefixtures("mira")


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


class Log(LogColumns, Base):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


@pytest.fixture
def database(engine: Engine) -> Engine:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([User(id=7), User(id=8)])
        session.commit()
    return engine


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[AuditTrail]:
    trail = AuditTrail(log=Log, spool=tmp_path / "spool.jsonl")
    yield trail
    trail.unwatch()


def _rows(engine: Engine, log: Any = Log) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(log.__table__.select().order_by(log.__table__.c.id)))


def _write(make: Callable[[], Session], thing: Any = None) -> None:
    with make() as session:
        session.add(thing or Note(name="n"))
        session.commit()


class Sub(Session):
    """A class of the application's own."""


class SubSub(Sub):
    pass


Targets = Callable[[sessionmaker[Any]], list[Any]]

TARGETS: dict[str, Targets] = {
    "factory": lambda factory: [factory],
    "factory twice": lambda factory: [factory, factory],
    "scoped": lambda factory: [scoped_session(factory)],
    "scoped and factory": lambda factory: [scoped_session(factory), factory],
    "factory and scoped": lambda factory: [factory, scoped_session(factory)],
    "class": lambda factory: [SubSub],
    "class and base class": lambda factory: [SubSub, Sub],
    "base class and class": lambda factory: [Sub, SubSub],
    "three deep and factory": lambda factory: [factory, SubSub, Sub, factory],
}


@pytest.mark.parametrize("name", TARGETS)
def test_watching_more_than_once_records_once(
    database: Engine, trail: AuditTrail, name: str
) -> None:
    factory = sessionmaker(database, class_=SubSub)
    for target in TARGETS[name](factory):
        trail.watch(target, base=Base)
    _write(factory)

    assert [row.activity_type for row in _rows(database)] == ["note_create"]
    assert trail.counters()["rows"] == 1
    trail.unwatch()
    _write(factory)
    assert len(_rows(database)) == 1


def test_sessions_made_before_and_of_other_factories(database: Engine, trail: AuditTrail) -> None:
    factory, other = sessionmaker(database), sessionmaker(database)
    with factory() as early:
        trail.watch(factory, base=Base)
        early.add(Note(name="early"))
        early.commit()
    _write(other)
    assert len(_rows(database)) == 1
    trail.watch(other, base=Base)
    _write(other)
    _write(factory)

    assert len(_rows(database)) == 3


def test_a_scoped_session_records_in_every_thread(database: Engine, trail: AuditTrail) -> None:
    scoped = scoped_session(sessionmaker(database))
    trail.watch(scoped, base=Base)

    def work(user_id: int) -> None:
        with bind(user_id=user_id):
            scoped.add(Note(name=str(user_id)))
            scoped.commit()
            scoped.remove()

    for user_id in (7, 8):
        thread = threading.Thread(target=work, args=(user_id,))
        thread.start()
        thread.join()

    assert [row.user_id for row in _rows(database)] == [7, 8]


def test_a_second_trail_on_the_same_log_takes_the_first_ones_place(
    database: Engine, trail: AuditTrail
) -> None:
    factory = sessionmaker(database)
    trail.watch(factory, base=Base)
    reloaded = AuditTrail(log=Log)
    reloaded.watch(factory, base=Base)
    _write(factory)
    reloaded.unwatch()

    assert len(_rows(database)) == 1
    assert (trail.counters()["rows"], reloaded.counters()["rows"]) == (0, 1)


def _world() -> tuple[Any, Any, Any]:
    class Base(DeclarativeBase):
        pass

    class User(UserColumns, Base):
        pass

    class Log(LogColumns, Base):
        pass

    class Note(Base):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(80))

    return Base, Log, Note


def test_two_trails_on_two_bases_with_equal_names_do_not_see_each_other(
    tmp_path: Path, database: Engine, trail: AuditTrail
) -> None:
    other_base, other_log, other_note = _world()
    other_engine = connect(f"sqlite:///{tmp_path / 'other.sqlite'}")
    other_base.metadata.create_all(other_engine)
    with other_engine.begin() as connection:
        connection.execute(other_base.metadata.tables["users"].insert(), [{"id": 7}])
    other = AuditTrail(log=other_log)
    one, two = sessionmaker(database), sessionmaker(other_engine)
    trail.watch(one, base=Base)
    other.watch(two, base=other_base)
    _write(one)
    _write(two, other_note(name="x"))
    _write(two, other_note(name="y"))
    with one() as session:
        session.add(other_note(name="z"))
        session.expunge_all()
    other.unwatch()
    other_engine.dispose()

    assert trail.counters()["rows"] == 1
    assert other.counters()["rows"] == 2


def test_classes_mapped_after_watch_are_covered(database: Engine, trail: AuditTrail) -> None:
    base, log, _ = _world()
    base.metadata.drop_all(database)
    factory = sessionmaker(database)
    late_trail = AuditTrail(log=log)
    late_trail.watch(factory, base=base)

    class Late(base):  # type: ignore[misc, valid-type]
        __tablename__ = "late"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(80))

    Base.metadata.drop_all(database)
    base.metadata.create_all(database)
    with database.begin() as connection:
        connection.execute(base.metadata.tables["users"].insert(), [{"id": 7}])
    _write(factory, Late(name="x"))
    late_trail.unwatch()

    assert [row.description for row in _rows(database, log)] == ["Created late 'x'"]


def test_a_wrong_class_mapped_after_watch_is_refused_at_its_mapping(trail: AuditTrail) -> None:
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


@pytest.mark.parametrize("options", [
    {"expire_on_commit": False}, {"autoflush": False},
    {"expire_on_commit": False, "autoflush": False},
])
def test_sessions_with_other_habits(
    database: Engine, trail: AuditTrail, options: dict[str, bool]
) -> None:
    factory = sessionmaker(database, **options)
    trail.watch(factory, base=Base)
    with factory() as session:
        note = Note(name="a")
        session.add(note)
        session.commit()
        note.name = "b"
        session.commit()
        note.name = "c"
        session.query(Note).all()
        session.delete(note)
        session.commit()

    assert [row.metadata_json["changes"]["name"] for row in _rows(database)] == [
        [None, "a"], ["a", "b"], ["b", None]
    ]
