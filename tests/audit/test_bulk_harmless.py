"""A bulk statement's caller sees the same with auditing and without, also when it fails (A2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, inspect, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.audit.statements import Dml
from tests import databases
from tests.audit.depot import Crate, Depot, Draft, Item, Vehicle, on_postgresql, on_sqlite
from tests.audit.faults import failing, nth


def loaded(session: Session) -> Any:
    """Return what the session's crates know without asking."""
    return [
        {name: value for name, value in inspect(crate).dict.items() if name[0] != "_"}
        for crate in sorted(session.identity_map.values(), key=lambda one: str(inspect(one).key))
    ]


def synchronised(how: Any) -> Callable[[Session], Any]:
    """Update and delete beside loaded objects."""
    def do(session: Session) -> Any:
        crates = session.scalars(select(Crate).order_by(Crate.id)).all()
        crates[2].number = 5
        options = {"synchronize_session": how}
        counts = [
            session.execute(update(Crate).where(Crate.id < 3).values(name="new", number=8),
                            execution_options=options).rowcount,
            session.execute(delete(Item).where(Item.crate_id == 2),
                            execution_options=options).rowcount,
        ]
        return counts, loaded(session), len(session.dirty)
    return do


def in_pieces(session: Session) -> Any:
    """Read a result in pieces, between other statements."""
    result = session.execute(update(Crate).values(number=1).returning(Crate.id, Crate.number))
    first = result.fetchone()
    other = session.execute(update(Vehicle).where(Vehicle.id == 1).values(name="x")).rowcount
    return first, other, [tuple(row) for row in result.fetchmany(1)], len(result.all())


def without_autoflush(session: Session) -> Any:
    """Leave pending work pending."""
    session.add(Crate(id=70, name="pending"))
    with session.no_autoflush:
        count = session.execute(update(Crate).values(number=1)).rowcount
    return count, len(session.new)


def from_a_statement_without_autoflush(session: Session) -> Any:
    """Leave pending work pending where a read's options ask for it."""
    session.add(Crate(id=70, name="pending"))
    crates = session.scalars(
        select(Crate).from_statement(update(Crate).values(number=1).returning(Crate))
        .execution_options(autoflush=False)
    ).all()
    return len(crates), len(session.new)


CASES: dict[str, Callable[[Session], Any]] = {
    **{f"synchronised: {how}": synchronised(how) for how in ("auto", "evaluate", "fetch", False)},
    "in pieces": in_pieces,
    "without autoflush": without_autoflush,
    "from a statement, without autoflush": from_a_statement_without_autoflush,
    "objects": lambda s: [
        (crate.id, crate.name, crate in s) for crate in
        s.scalars(update(Crate).where(Crate.id < 3).values(name="n").returning(Crate))
    ],
    "Query": lambda s: (s.query(Item).filter(Item.id > 20).update({"title": "x"}),
                        s.query(Item).filter(Item.id > 20).delete()),
    "inserted rows": lambda s: [
        s.execute(insert(Crate).values(id=50, name="a")).inserted_primary_key,
        s.execute(insert(Crate).values([{"id": 51}, {"id": 52}])).rowcount,
        type(s.execute(insert(Crate), [{"id": 53}, {"id": 54}])),
        [crate.id for crate in s.scalars(insert(Crate).returning(Crate), [{"id": 55}])],
    ],
    "rows without rows": lambda s: s.execute(insert(Vehicle), [{"name": "a"}] * 2).all(),
    "a refused value": lambda s: s.execute(update(Crate).values(name=None)),
    "a refused key": lambda s: s.execute(insert(Crate), [{"id": 1, "name": "twice"}]),
    "a pending object that is refused": lambda s: (
        s.add(Item(id=99, crate_id=99, title="stray")),
        s.execute(update(Crate).values(number=1)), s.commit(),
    ),
    "an unknown column": lambda s: type(s.execute(update(Crate), [{"id": 1, "nothing": 2}])),
    "a missing key": lambda s: s.execute(update(Crate), [{"name": "x"}]),
    "a row that is not there": lambda s: s.execute(update(Crate), [{"id": 99, "name": "x"}]),
    "the unaudited": lambda s: (s.execute(update(Draft).values(name="x")).rowcount,
                                s.execute(delete(Draft)).rowcount),
}


def outcome(session: Session, do: Callable[[Session], Any]) -> Any:
    """Return all that a caller sees of it, the tables included."""
    try:
        seen = do(session)
    except Exception as error:
        seen = type(error), str(error).split("[SQL")[0]
        session.rollback()
    models = (Crate, Item, Vehicle, Draft)
    with session.no_autoflush:
        tables = [sorted(
            tuple(row[:1]) + tuple(row[2:]) if model is not Vehicle else tuple(row[2:4])
            for row in session.execute(select(model.__table__))
        ) for model in models]
    session.rollback()
    return str((seen, tables, session.in_transaction()))


@pytest.mark.parametrize("name", CASES)
def test_the_caller_sees_the_same_with_auditing_and_without(depot: Depot, name: str) -> None:
    with depot.unwatched() as session:
        expected = outcome(session, CASES[name])
    depot.count_anew()
    with depot.session() as session:
        assert outcome(session, CASES[name]) == expected
    assert depot.troubles() == {}


def story(session: Session) -> Any:
    """Meet every statement that the engine sends for bulk statements."""
    seen = [
        session.execute(update(Crate).where(Crate.id < 3).values(number=5)).rowcount,
        sorted(session.scalars(update(Crate).values(number=4).returning(Crate.id))),
        session.execute(update(Vehicle).values(name="new")).rowcount,
        session.execute(delete(Crate).where(Crate.id == 1)).rowcount,
        session.execute(insert(Crate).values(name="x")).rowcount,
        len(session.scalars(insert(Item).values(crate_id=2, title="y").returning(Item)).all()),
    ]
    session.execute(insert(Item), [{"crate_id": 2, "title": "z"}] * 2)
    session.commit()
    tables = [len(session.execute(select(model.__table__)).all()) for model in (Crate, Item)]
    return seen, tables, session.in_transaction(), session.is_active


def test_no_failing_statement_of_ours_reaches_the_caller(depot: Depot) -> None:
    with depot.unwatched() as session:
        expected = story(session)
    depot.restock()
    with failing(depot.engine, lambda *_: False, "before", RuntimeError) as sent, \
            depot.session() as session:
        assert story(session) == expected
    rows = len(depot.rows())

    for number in range(len(sent)):
        depot.restock()
        phase = ("before", "after")[number % 2]
        with failing(depot.engine, nth(number), phase, lambda: RuntimeError("ours")), \
                depot.session() as session:
            assert story(session) == expected, sent[number]
        told = len(depot.rows())
        # What could not be read is told of together, or poorer: never not at all.
        assert told >= 1 and (told == rows or depot.troubles()), sent[number]
        assert not depot.count("losses.capture"), sent[number]


def test_a_statement_that_cannot_be_understood_runs_all_the_same(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Dml) -> frozenset[str]:
        raise RuntimeError("ours")

    monkeypatch.setattr(Dml, "touched", fail)
    with depot.session() as session:
        assert session.execute(update(Crate).values(name="new")).rowcount == 3
        session.commit()
    with depot.unwatched() as session:
        assert set(session.scalars(select(Crate.name))) == {"new"}
    assert depot.troubles() == {"degraded.read": 2, "retried": 1}


def test_rows_that_could_not_be_read_beforehand_are_told_together(depot: Depot) -> None:
    def is_read(_: int, statement: str) -> bool:
        return statement.startswith("SELECT crates")

    with failing(depot.engine, is_read, "before", lambda: RuntimeError("ours")):
        rows = depot.done(update(Crate).where(Crate.id < 3).values(name="new"))

    assert rows == [("crate_update", None, {"name": ["[unknown]", "new"]})]
    assert depot.last().metadata_json["bulk"] == {"count": 2, "criteria": "crates.id < ?"}
    assert depot.troubles() == {"degraded.read": 1}


def test_rows_that_could_not_be_read_afterwards_are_told_as_changed(depot: Depot) -> None:
    reads: list[str] = []

    def is_second(_: int, statement: str) -> bool:
        reads.extend([statement] if statement.startswith("SELECT crates") else [])
        return len(reads) == 2 and reads[-1] == statement

    with failing(depot.engine, is_second, "before", lambda: RuntimeError("ours")):
        rows = depot.done(update(Crate).where(Crate.id < 3).values(name="new"))

    assert [(key, changes) for _, key, changes in rows] == [
        ("1", {"name": ["one", "[unknown]"]}), ("2", {"name": ["two", "[unknown]"]}),
    ]


@on_postgresql
def test_the_rows_read_beforehand_are_locked_as_the_statement_locks_them(depot: Depot) -> None:
    """Nobody changes them between our read and the caller's statement; references still pass."""
    with depot.statements() as seen, depot.session() as session:
        session.execute(update(Crate).where(Crate.id == 1).values(number=1))
        session.execute(delete(Item).where(Item.id == 10))
        session.rollback()
    locking = [statement.split(" FOR ")[1] for statement in seen if " FOR " in statement]
    assert locking == ["NO KEY UPDATE OF crates", "UPDATE OF items"]


@on_sqlite
def test_sqlite_takes_its_lock_before_it_reads(depot: Depot) -> None:
    """A transaction that has read may not write after another's commit, however it waits."""
    impatient = databases.connect(str(depot.engine.url))
    with depot.session() as writer, Session(impatient) as reader:
        reader.execute(text("PRAGMA busy_timeout = 0"))
        writer.execute(update(Crate).where(Crate.id == 1).values(number=1))
        with pytest.raises(OperationalError, match="locked"):
            reader.execute(text("DELETE FROM crates WHERE 0"))
        writer.rollback()
    impatient.dispose()
