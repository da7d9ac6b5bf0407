"""A9 at the cursor: whoever stands there too, whatever is handed over, one verdict, no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import (
    Column, Engine, Integer, MetaData, Table, delete, event, func, select, update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from benchmarks.tracks import ActivityLog
from shuffify.audit import AuditTrail
from shuffify.audit.bypass import Bypass
from tests import databases
from tests.audit import world
from tests.audit.shop import MIXES, Base, Mix, Song, mix_songs
from tests.audit.stage import Stage

NEW_NOON = MIXES.insert().values(name="Noon")

INSERT = "INSERT INTO mixes (name, plays) VALUES ('Noon', 0)"
CURSORS: dict[str, Callable[[Any], Any]] = {
    "do_execute": lambda connection: connection.exec_driver_sql(INSERT),
    "do_executemany": lambda connection: connection.exec_driver_sql(
        "INSERT INTO mixes (name, plays) VALUES (?, 0)", [("Noon",), ("Dusk",)]
    ),
    "do_execute_no_params": lambda connection: connection.execution_options(
        no_parameters=True
    ).exec_driver_sql(INSERT),
}


@pytest.mark.parametrize("first, executes", [
    ("the trail", True), ("the trail", False), ("the other", False)
])
@pytest.mark.parametrize("place", CURSORS)
def test_who_else_stands_at_the_cursor_is_asked_once_and_hides_nothing(
    place: str, first: str, executes: bool, empty: Engine, trail: AuditTrail
) -> None:
    asked: list[str] = []

    def other(cursor: Any, statement: str, *rest: Any) -> bool:
        asked.append(statement)
        if executes:
            parameters = rest[0] if place != "do_execute_no_params" else ()
            many = place == "do_executemany"
            cursor.executemany(statement, parameters) if many else cursor.execute(
                statement, parameters
            )
        return executes

    if first == "the trail":
        trail.guard(empty)
    event.listen(empty, place, other)
    trail.guard(empty)
    with empty.begin() as connection:
        CURSORS[place](connection)
    assert [statement[:6] for statement in asked if statement != "BEGIN"] == ["INSERT"]
    with empty.connect() as connection:
        names = connection.scalars(select(MIXES.c.name)).all()
    assert names == (["Noon", "Dusk"] if place == "do_executemany" else ["Noon"])
    assert trail.counters()["bypasses"] == 1


def test_two_trails_judge_a_statement_that_is_executed_once(
    empty: Engine, trail: AuditTrail
) -> None:
    second = AuditTrail(log=ActivityLog)
    second.watch(type("Second", (Session,), {}), base=Base)
    try:
        for one in (trail, second):
            one.guard(empty)
        with empty.begin() as connection:
            connection.exec_driver_sql(INSERT)
        with empty.connect() as connection:
            assert connection.scalars(select(MIXES.c.name)).all() == ["Noon"]
        assert [one.counters()["bypasses"] for one in (trail, second)] == [1, 1]
    finally:
        second.unwatch()


@pytest.mark.parametrize("first", [0, 1])
def test_a_flush_that_one_trail_hears_of_is_a_bypass_to_the_other(
    first: int, empty: Engine, trail: AuditTrail
) -> None:
    heard = type("Heard", (Session,), {})
    second = AuditTrail(log=ActivityLog)
    second.watch(heard, base=Base)
    try:
        for one in (trail, second)[::-1 if first else 1]:
            one.guard(empty)
        with heard(empty) as session:
            session.add(Mix(name="Noon"))
            session.flush()
            session.rollback()
        assert [one.counters()["bypasses"] for one in (trail, second)] == [1, 0]
    finally:
        second.unwatch()


def test_two_sessions_that_share_a_connection_are_both_heard_of(
    shop: Stage, found: list[Bypass]
) -> None:
    with shop.engine.connect() as connection:
        with shop.Session(bind=connection) as one, shop.Session(bind=connection) as another:
            for session in (one, another, one):
                session.add(Mix(name="Noon", user_id=7))
                session.flush()
    assert found == []


@pytest.mark.parametrize("place", CURSORS)
def test_a_statement_that_the_database_refuses_is_no_bypass_and_fails_as_it_would(
    place: str, empty: Engine, trail: AuditTrail
) -> None:
    trail.guard(empty)
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one_noon ON mixes (name)")
        connection.execute(NEW_NOON)
    before = trail.counters()["bypasses"]
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed: mixes.name"):
        with empty.begin() as connection:
            CURSORS[place](connection)
    assert trail.counters()["bypasses"] == before


@pytest.fixture
def others() -> Iterator[tuple[AuditTrail, AuditTrail]]:
    """Return two more trails, each with a log of its own."""
    pair = AuditTrail(log=ActivityLog), AuditTrail(log=world.ActivityLog)
    for one in pair:
        one.watch(type("Own", (Session,), {}), base=Base)
    yield pair
    for one in pair:
        one.unwatch()


@pytest.mark.parametrize("place", CURSORS)
def test_a_watch_may_begin_and_end_while_a_statement_is_executed(
    place: str, empty: Engine, trail: AuditTrail, others: tuple[AuditTrail, AuditTrail]
) -> None:
    """As other threads would: SQLAlchemy cannot change listeners that it is asking."""
    second, third = others

    def other(_: Any, statement: str, *__: Any) -> bool:
        if statement.startswith("INSERT"):
            trail.unwatch()
            third.guard(empty)
        return False

    def count() -> list[int]:
        with empty.begin() as connection:
            CURSORS[place](connection)
        return [one.counters()["bypasses"] for one in (trail, second, third)]

    event.listen(empty, place, other)
    trail.guard(empty)
    second.guard(empty)
    assert count() == [0, 1, 1], "the first listener ends one watch and begins another"
    event.listen(empty, place, lambda *_: trail.guard(empty))
    assert count() == [0, 2, 2]
    assert count() == [0, 3, 3], "unwatched again before it could judge"


class Agreeable:
    """A listener that calls everything its equal, as the stand-ins of tests do."""

    def __init__(self) -> None:
        self.asked = 0

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __call__(self, cursor: Any, statement: str, *_: Any) -> bool:
        self.asked += statement.startswith("INSERT")
        return False


@pytest.mark.parametrize("place", CURSORS)
def test_a_listener_that_equals_all_others_is_not_taken_for_ours(
    place: str, empty: Engine, trail: AuditTrail
) -> None:
    before, after = Agreeable(), Agreeable()
    event.listen(empty, place, before)
    trail.guard(empty)
    event.listen(empty, place, after)
    with empty.begin() as connection:
        CURSORS[place](connection)
    assert (before.asked, after.asked, trail.counters()["bypasses"]) == (1, 1, 1)


def test_an_execution_without_a_context_goes_on(empty: Engine, trail: AuditTrail) -> None:
    """Dialects may execute so by themselves: nothing tells for whom, in which transaction."""
    trail.guard(empty)
    with empty.begin() as connection:
        cursor = connection.connection.cursor()
        connection._cursor_execute(cursor, INSERT, ())  # type: ignore[arg-type]
        assert connection.scalars(select(MIXES.c.name)).all() == ["Noon"]
    assert trail.counters()["degraded.bypass"] == 1


DRIVERS_OWN: dict[str, Any] = {
    "bytes": b"UPDATE mixes SET name = 'Noon'",
    "composed": sql.SQL("UPDATE {} SET name = {}").format(
        sql.Identifier("mixes"), sql.Literal("Noon")
    ),
}


@pytest.mark.parametrize("form", DRIVERS_OWN)
@pytest.mark.parametrize("module_shop", ["postgresql"], indirect=True)
def test_a_statement_in_a_form_of_the_drivers_own_is_read(
    form: str, shop: Stage, found: list[Bypass]
) -> None:
    with shop.engine.begin() as connection:
        connection.exec_driver_sql(DRIVERS_OWN[form])
        connection.exec_driver_sql(DRIVERS_OWN[form])
        assert connection.scalars(select(MIXES.c.name)).all() == ["Noon"]
    assert [(one.verb, one.form) for one in found] == [("update", "text")] * 2
    assert all(one.statement.startswith('UPDATE ') for one in found)
    assert shop.count("degraded.bypass") == 0


def test_a_composition_on_an_asynchronous_engine_is_read(found: list[Bypass]) -> None:
    async def write(url: str) -> None:
        engine = create_async_engine(url.replace("+psycopg", "+psycopg_async"))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            trail.guard(engine)
            await connection.exec_driver_sql(DRIVERS_OWN["composed"])
        await engine.dispose()

    trail = AuditTrail(log=ActivityLog)
    trail.watch(type("Own", (Session,), {}), base=Base)
    try:
        with databases.new_database() as url:
            asyncio.run(write(url))
    finally:
        trail.unwatch()
    assert [(one.verb, one.form) for one in found] == [("update", "text")]
    assert trail.counters().get("degraded.bypass", 0) == 0


def test_a_default_that_is_executed_before_its_insert_does_not_hide_it(
    shop: Stage, found: list[Bypass]
) -> None:
    number = select(func.max(MIXES.c.plays) + 100).scalar_subquery()
    table = Table(
        "mixes", MetaData(), Column("id", Integer, primary_key=True, default=number),
        Column("name"), Column("plays"), implicit_returning=False,
    )
    with shop.engine.begin() as connection:
        connection.execute(table.insert().values(name="Noon", plays=0))
        assert connection.scalars(select(table.c.id).where(table.c.name == "Noon")).all() == [101]
    assert [(one.verb, one.form) for one in found] == [("insert", "statement")]
    assert shop.count("degraded.bypass") == 0


@pytest.mark.parametrize("module_shop", ["postgresql"], indirect=True)
def test_a_default_that_writes_and_its_insert_are_two_statements(
    shop: Stage, found: list[Bypass]
) -> None:
    renamed = update(Song).where(Song.id == -1).values(title="New").returning(Song.id).cte()
    cleared = delete(mix_songs).returning(mix_songs.c.song_id).cte()
    number = select(renamed.c.id + 100).scalar_subquery()
    count = select(func.count(cleared.c.song_id) + 6).scalar_subquery()
    table = Table(
        "mixes", MetaData(),
        Column("id", Integer, primary_key=True, default=number),
        Column("user_id", Integer, primary_key=True, default=count),
        Column("name"), Column("plays"), implicit_returning=False,
    )
    with shop.engine.begin() as connection:
        connection.execute(table.insert().values(name="Noon", plays=0))
    assert [(one.verb, one.tables, one.form) for one in found] == [
        ("update", ("songs",), "text"), ("delete", ("mix_songs",), "text"),
        ("insert", ("mixes",), "statement"),
    ]
    assert found[0].statement.startswith("WITH"), "the text of the default"
