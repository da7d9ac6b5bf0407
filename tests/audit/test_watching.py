"""What can be watched, how often, by whom: each change leaves one row."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, String
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session
from sqlalchemy.orm import sessionmaker

from shuffify.audit import AuditTrail, PolicyError, bind, registry
from shuffify.audit.writer import MOST_DIALECTS, Writer
from tests.audit.stage import LogColumns, UserColumns

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


@pytest.mark.report(46)
@pytest.mark.audit_bypass("another factory's session writes before it is watched")
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


@pytest.mark.parametrize("is_joined", [False, True])
@pytest.mark.parametrize("is_closed", [False, True])
def test_a_transaction_under_way_is_told_no_more_unless_a_session_had_joined_it(
    database: Engine, trail: AuditTrail, is_joined: bool, is_closed: bool
) -> None:
    factory = sessionmaker(database)
    trail.watch(factory, base=Base)
    with database.connect() as connection:
        outer = connection.begin()
        session = factory(bind=connection) if is_joined else factory()
        session.add(Note(name="n"))
        session.flush()
        if is_closed:
            session.close()
        trail.unwatch()
        session.commit()
        outer.commit()
        session.close()

    assert len(_rows(database)) == is_joined


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


def test_of_engines_that_come_and_go_a_few_are_remembered() -> None:
    writer = Writer(Log.__table__)
    dialects = [SQLiteDialect_pysqlite() for _ in range(MOST_DIALECTS * 2)]
    for dialect in dialects:
        writer._compiled(dialect)
    gone = [weakref.ref(dialect) for dialect in dialects]
    del dialect, dialects
    gc.collect()
    assert sum(one() is not None for one in gone) <= MOST_DIALECTS


def test_classes_may_be_asked_for_while_another_is_checked(
    trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another thread does that is the first to use a class while the watch begins."""
    bases = [type("Other", (DeclarativeBase,), {}) for _ in range(2)]
    models = [
        type(one, (base,), {"__tablename__": one, "id": mapped_column(Integer, primary_key=True)})
        for base, names in zip(bases, (("one", "two", "three"), ("four", "five", "six")))
        for one in names
    ]
    texts = registry._texts

    def busy(rules: Any) -> set[str]:
        monkeypatch.setattr(registry, "_texts", texts)
        for mapper in bases[1].registry.mappers:
            trail.registry.plan_of(mapper)
        return texts(rules)

    trail.registry.bases.append(bases[1])
    monkeypatch.setattr(registry, "_texts", busy)
    trail.watch(type("Own", (Session,), {}), base=bases[0])
    assert len(trail.registry.plans()) == len(models)


def test_a_class_that_is_mapped_anew_takes_over_its_name(trail: AuditTrail) -> None:
    def mapped(table: str, **more: Any) -> Any:
        columns = {"id": mapped_column(Integer, primary_key=True)}
        return type("Again", (Anew,), {"__tablename__": table, **columns, **more})

    class Anew(DeclarativeBase):
        pass

    trail.watch(type("Own", (Session,), {}), base=Anew)
    first = mapped("ones")
    Anew.registry.configure()
    Anew.registry.dispose()
    assert mapped("twos") is not first
    Anew.registry.configure()
    with pytest.warns(SAWarning, match="already contains a class"):
        again = mapped("twos", __table_args__={"extend_existing": True})
    Anew.registry.configure()
    assert trail.registry.broken() == []
    with pytest.warns(SAWarning, match="already contains a class"):
        last = mapped("threes")
    with pytest.raises(PolicyError, match="entity 'again' is that of tests.audit.test_watching"):
        Anew.registry.configure()
    assert again is not last
    Anew.registry.dispose()
