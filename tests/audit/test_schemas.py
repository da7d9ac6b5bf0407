"""Where a map translates schemas, a row stands in the schema of what it tells (A1, A3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, MetaData, String, event, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.audit.faults import failing
from tests.audit.stage import LogColumns, Stage

pytestmark = pytest.mark.usefixtures("mira")

TENANTS = ("tenant_a", "tenant_b")


class Models(NamedTuple):
    base: Any
    log: Any
    thing: Any


def models(schema: str | None) -> Models:
    """Make models whose tables lie in a schema that a map translates."""

    class Base(DeclarativeBase):
        metadata = MetaData(schema=schema)

    class ActivityLog(LogColumns, Base):
        user_id: Mapped[int] = mapped_column()

    class Thing(Base):
        __tablename__ = "things"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(50))

    return Models(Base, ActivityLog, Thing)


MODELS = {schema: models(schema) for schema in (None, "tenant_c")}


class Tenants(Stage):
    """A stage whose tables stand in each tenant's schema, and in one where no map leads."""

    models: Models

    def map_to(self, tenant: str) -> dict[str | None, str]:
        return {self.models.base.metadata.schema: tenant}

    def of(self, tenant: str) -> Engine:
        return self.engine.execution_options(schema_translate_map=self.map_to(tenant))

    def told(self, tenant: str | None = None) -> list[Any]:
        """Return which objects the log of a tenant tells of, or the one without a map."""
        engine = self.engine if tenant is None else self.of(tenant)
        with engine.connect() as connection:
            return list(connection.scalars(select(self.models.log.entity_id)))

    def lines(self) -> list[Any]:
        path = self.trail.spool.path
        return [json.loads(line) for line in path.read_text().splitlines()] if path else []


@pytest.fixture(params=MODELS, ids=str)
def tenants(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Tenants]:
    made = MODELS[request.param]
    names = (*TENANTS, "tenant_c")
    if engine.dialect.name == "sqlite":

        def attach(connection: Any, _: Any) -> None:
            for name in names:
                connection.execute(f"ATTACH '{tmp_path / name}.sqlite' AS {name}")

        event.listen(engine, "connect", attach)
        engine.dispose()
    else:
        with engine.begin() as connection:
            for name in names:
                connection.execute(text(f"CREATE SCHEMA {name}"))
    stage = Tenants(engine, made.base, made.log, tmp_path / "spool.jsonl")
    stage.models = made
    for name in TENANTS:
        made.base.metadata.create_all(stage.of(name))
    yield stage
    stage.trail.unwatch()


@contextmanager
def by_engine(stage: Tenants, tenant: str) -> Iterator[Session]:
    with stage.Session(bind=stage.of(tenant)) as session:
        yield session


@contextmanager
def by_connection(stage: Tenants, tenant: str) -> Iterator[Session]:
    with stage.Session() as session:
        session.connection(execution_options={"schema_translate_map": stage.map_to(tenant)})
        yield session


@contextmanager
def by_a_joined_connection(stage: Tenants, tenant: str) -> Iterator[Session]:
    options = {"schema_translate_map": stage.map_to(tenant)}
    with stage.engine.connect() as connection, \
            stage.Session(bind=connection.execution_options(**options)) as session:
        yield session


WAYS = [by_engine, by_connection, by_a_joined_connection]
Way = Callable[[Tenants, str], Any]


def add(way: Way, stage: Tenants, tenant: str, *keys: int) -> None:
    with way(stage, tenant) as session:
        session.add_all([stage.models.thing(id=key, name="x") for key in keys])
        session.commit()


@pytest.mark.parametrize("way", WAYS)
def test_each_row_goes_where_its_change_went(tenants: Tenants, way: Way) -> None:
    add(way, tenants, "tenant_a", 1)
    add(way, tenants, "tenant_b", 2, 3)
    with tenants.Session.begin() as session:
        session.add(tenants.models.thing(id=4, name="x"))
    add(way, tenants, "tenant_a", 5, 6)

    assert [tenants.told(name) for name in (*TENANTS, None)] == [
        ["1", "5", "6"], ["2", "3"], ["4"],
    ]
    assert {name for name, number in tenants.trail.counters().items() if number} == {"rows"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("says_so_itself", [False, True])
def test_a_statement_under_the_connections_map_is_told_row_by_row(
    tenants: Tenants, way: Way, says_so_itself: bool
) -> None:
    """In SQLAlchemy 2.1 a session may have options, which its statements have as well."""
    options = {"schema_translate_map": tenants.map_to("tenant_a")} if says_so_itself else {}
    add(way, tenants, "tenant_a", 1, 2)
    with way(tenants, "tenant_a") as session:
        session.execute(update(tenants.models.thing).values(name="y"), execution_options=options)
        session.commit()
    assert tenants.told("tenant_a") == ["1", "2", "1", "2"]


@pytest.mark.parametrize("way", WAYS)
def test_what_was_refused_is_tried_again_where_it_belongs(tenants: Tenants, way: Way) -> None:
    first = iter([True])

    def chosen(_: int, statement: str) -> bool:
        return statement.startswith("INSERT") and next(first, False)

    with failing(tenants.engine, chosen, "before", ValueError):
        with way(tenants, "tenant_a") as session:
            session.add(tenants.models.thing(id=1, name="x"))
            session.flush()
            session.commit()

    assert [tenants.told(name) for name in (*TENANTS, None)] == [["1"], [], []]
    assert tenants.count("retried") == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_line_of_the_spool_says_where_it_belongs(tenants: Tenants, way: Way) -> None:
    tenants.models.log.__table__.drop(tenants.of("tenant_a"))
    add(way, tenants, "tenant_a", 1)
    assert [line["schema"] for line in tenants.lines()] == ["tenant_a"]
    tenants.models.log.__table__.create(tenants.of("tenant_a"))
    add(way, tenants, "tenant_b", 2)

    assert tenants.trail.replay(tenants.of("tenant_b")) == {"inserted": 1, "present": 0, "kept": 0}
    assert [tenants.told(name) for name in (*TENANTS, None)] == [["1"], ["2"], []]


def test_so_does_one_that_waited_for_the_transaction_around_the_session(tenants: Tenants) -> None:
    tenants.models.log.__table__.drop(tenants.of("tenant_a"))
    with tenants.of("tenant_a").begin() as connection:
        with tenants.Session(bind=connection) as session:
            session.add(tenants.models.thing(id=1, name="x"))
            session.commit()
    assert [line["schema"] for line in tenants.lines()] == ["tenant_a"]


def test_a_line_without_a_map_goes_where_the_replay_leads(tenants: Tenants) -> None:
    table = tenants.models.log.__table__
    engines = [tenants.engine, *map(tenants.of, TENANTS)]
    for engine in engines:  # SQLite finds a table in any schema.
        table.drop(engine)
    with tenants.Session.begin() as session:
        session.add(tenants.models.thing(id=1, name="x"))
    assert [line.get("schema", "none") for line in tenants.lines()] == ["none"]
    for engine in engines:
        table.create(engine)

    assert tenants.trail.replay(tenants.engine)["inserted"] == 1
    assert [tenants.told(name) for name in (*TENANTS, None)] == [[], [], ["1"]]
