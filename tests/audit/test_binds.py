"""Several binds in one session: what is on another than the log is told after the commit (A17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Delete, Engine, String, Update, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from shuffify.audit import Audited, AuditTrail, bind, suspended
from tests import databases
from tests.audit.stage import Json, log_of


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Near(Base):
    """On the log's own bind."""

    __tablename__ = "near"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))


class Far(Base):
    """On another."""

    __tablename__ = "far"
    __audit__ = Audited(shown={"tags"})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    tags: Mapped[list[str] | None] = mapped_column(Json)


class Pair:
    """Two databases, one session factory, one trail."""

    def __init__(self, near: Engine, far: Engine, spool: Path) -> None:
        self.near, self.far, self.spool = near, far, spool
        tables = Base.metadata.tables
        Base.metadata.create_all(near, [tables["users"], tables["activity_log"], tables["near"]])
        Base.metadata.create_all(far, [tables["far"]])
        with near.begin() as connection:
            connection.execute(tables["users"].insert(), [{"id": 7}])
        self.Session = sessionmaker(near, binds={Far: far})
        self.trail = AuditTrail(log=ActivityLog, spool=spool)
        self.trail.watch(self.Session, base=Base)

    def rows(self) -> list[Any]:
        with self.near.connect() as connection:
            table = ActivityLog.__table__
            return list(connection.execute(table.select().order_by(table.c.id)))

    def said(self) -> list[tuple[str, Any]]:
        return [(row.activity_type, row.metadata_json.get("other_bind")) for row in self.rows()]

    def counted(self) -> dict[str, int]:
        return {name: count for name, count in self.trail.counters().items() if count}


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Return two databases of one kind, and once more with SQLite as the far one."""
    near_url = request.getfixturevalue(
        "sqlite_url" if request.param == "sqlite" else "postgres_url"
    )
    near = databases.connect(near_url)
    far = databases.connect(f"sqlite:///{tmp_path / 'far.sqlite'}")
    pair = Pair(near, far, tmp_path / "spool.jsonl")
    with bind(user_id=7):
        yield pair
    pair.trail.unwatch()
    near.dispose()
    far.dispose()


def far_first(session: Session) -> None:
    session.add(Far(id=1, name="far"))
    session.flush()
    session.add(Near(id=1, name="near"))


def near_first(session: Session) -> None:
    session.add(Near(id=1, name="near"))
    session.flush()
    session.add(Far(id=1, name="far"))


@pytest.mark.parametrize("work", [far_first, near_first])
def test_both_are_told_and_the_far_one_says_that_it_is(
    pair: Pair, work: Callable[[Session], None]
) -> None:
    with pair.Session() as session:
        work(session)
        session.commit()
    assert pair.said() == [("near_create", None), ("far_create", True)]
    assert pair.counted() == {"rows": 2}
    assert not pair.spool.exists()


@pytest.mark.parametrize("work", [far_first, near_first])
def test_a_rollback_leaves_nothing_of_either(
    pair: Pair, work: Callable[[Session], None]
) -> None:
    with pair.Session() as session:
        work(session)
        session.flush()
        session.rollback()
        work(session)
        session.flush()
    assert pair.said() == [] and pair.counted() == {}


def test_what_is_only_far_is_told_too_with_values_that_nobody_had_loaded(pair: Pair) -> None:
    with pair.Session() as session:
        far = Far(id=1, name="one", tags=["a"])
        session.add(far)
        session.commit()
        far.name = "two"
        session.commit()
        session.delete(session.get_one(Far, 1))
        session.add(Far(id=1, name="three"))
        session.commit()
    assert pair.said() == [("far_create", True), ("far_update", True), ("far_update", True)]
    changes = [row.metadata_json["changes"] for row in pair.rows()]
    assert changes[1] == {"name": ["one", "two"]}
    assert changes[2] == {"name": ["two", "three"]}


def test_savepoints_and_net_changes_hold_for_the_far_as_well(pair: Pair) -> None:
    with pair.Session() as session:
        session.add_all([Far(id=1, name="a"), Near(id=1, name="a")])
        session.flush()
        savepoint = session.begin_nested()
        session.add_all([Far(id=2, name="lost"), Near(id=2, name="lost")])
        session.get_one(Far, 1).name = "lost"
        session.flush()
        savepoint.rollback()
        with session.begin_nested():
            session.get_one(Far, 1).name = "b"
            session.get_one(Near, 1).name = "b"
        session.commit()
    near, far = pair.rows()
    assert near.metadata_json["changes"]["name"] == [None, "b"]
    assert far.metadata_json["changes"]["name"] == [None, "b"]


def test_bulk_statements_on_the_far_bind_are_told(pair: Pair) -> None:
    with pair.Session() as session:
        session.add_all([Far(id=1, name="a"), Far(id=2, name="b")])
        session.commit()
        session.query(Far).update({"name": "c"})
        session.commit()
    assert pair.said()[2:] == [("far_update", True)] * 2
    assert pair.rows()[-1].metadata_json["changes"] == {"name": ["b", "c"]}


def test_what_the_log_refuses_of_the_far_is_spooled_and_replayed(pair: Pair) -> None:
    ActivityLog.__table__.drop(pair.near)
    with pair.Session() as session:
        session.add(Far(id=1, name="far"))
        session.commit()
        assert session.get_one(Far, 1).name == "far"
    assert pair.counted() == {"losses.bind": 1} and len(pair.trail.spool) == 1
    ActivityLog.__table__.create(pair.near)
    assert pair.trail.replay(pair.near)["inserted"] == 1
    assert pair.said() == [("far_create", True)]


def test_a_suspension_over_far_changes_leaves_its_row(pair: Pair) -> None:
    with pair.Session() as session:
        with suspended("import"):
            session.add(Far(id=1, name="far"))
            session.flush()
        session.commit()
    row, = pair.rows()
    assert row.activity_type == "audit_suspended" and row.metadata_json["changes"] == 1


def test_a_far_transaction_is_the_callers_for_explicit_rows(pair: Pair) -> None:
    with pair.Session() as session:
        assert not pair.trail.is_callers(session)
        session.add(Far(id=1, name="far"))
        session.flush()
        assert pair.trail.is_callers(session)


def test_the_far_history_is_read_back(pair: Pair) -> None:
    with pair.Session() as session:
        far = Far(id=1, name="one")
        session.add(far)
        session.commit()
        far.name = "two"
        session.commit()
        *_, renamed = pair.trail.history(far)
        pair.trail.revert(renamed, session=session)
        session.commit()
        assert far.name == "one"
    assert len(pair.rows()) == 3


def test_a_statement_led_to_another_bind_says_so_with_and_without_the_logs_own(pair: Pair) -> None:
    Base.metadata.create_all(pair.far, [Base.metadata.tables["near"]])
    with pair.far.begin() as connection:
        connection.execute(Base.metadata.tables["near"].insert(), [{"id": 1, "name": "far"}])
    elsewhere = {"bind": pair.far}
    with pair.Session() as session:
        session.execute(update(Near).values(name="first"), bind_arguments=elsewhere)
        session.commit()
    with pair.Session() as session:
        session.add(Near(id=1, name="near"))
        session.flush()
        session.execute(update(Near).values(name="second"), bind_arguments=elsewhere)
        session.execute(update(Near).values(name="own"))
        session.commit()
    with pair.Session() as session:
        session.execute(update(Near).values(name="undone"), bind_arguments=elsewhere)
        session.rollback()

    assert pair.said() == [("near_update", True), ("near_create", None), ("near_update", True)]
    assert pair.counted() == {"rows": 3}


class Routed(Session):
    """Writes to the leader and reads from the follower, as SQLAlchemy's documentation has it."""

    leader: Engine
    follower: Engine

    def get_bind(self, mapper: Any = None, clause: Any = None, **_: Any) -> Engine:
        if self._flushing or isinstance(clause, (Update, Delete)):
            return self.leader
        return self.follower


def write_only(session: Session) -> None:
    session.add(Near(id=2, name="new"))


def read_then_write(session: Session) -> None:
    session.scalars(select(Near)).all()
    write_only(session)


def write_in_bulk(session: Session) -> None:
    session.execute(update(Near).values(name="all"))


def read_then_write_in_bulk(session: Session) -> None:
    session.scalars(select(Near)).all()
    write_in_bulk(session)


@pytest.mark.parametrize("work", [
    write_only, read_then_write, write_in_bulk, read_then_write_in_bulk,
])
def test_rows_go_to_the_leader_where_reads_are_led_to_a_follower(
    pair: Pair, work: Callable[[Session], None]
) -> None:
    tables = [Base.metadata.tables[name] for name in ("users", "activity_log", "near")]
    Base.metadata.create_all(pair.far, tables)
    with pair.near.begin() as connection:
        connection.execute(tables[2].insert(), [{"id": 1, "name": "old"}])
    Factory = sessionmaker(
        class_=type("Routing", (Routed,), {"leader": pair.near, "follower": pair.far})
    )
    pair.trail.watch(Factory, base=Base)
    with Factory() as session:
        work(session)
        session.commit()

    with pair.far.connect() as connection:
        assert connection.execute(select(ActivityLog.id)).all() == []
    assert len(pair.said()) == 1
    assert [told for _, told in pair.said()] == [None]
