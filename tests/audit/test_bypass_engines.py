"""A9 where engines, threads and callers differ: known engines, allowed statements, no harm."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from shuffify.audit import AuditTrail, dml
from shuffify.audit.bypass import Bypass
from tests.audit.shop import MIXES, Base, Mix
from tests.audit.stage import Stage

NAMED = MIXES.update().values(name="Noon")
NEW_NOON = MIXES.insert().values(name="Noon")
SECRET = "hush"
SQL = "UPDATE mixes SET name = 'Noon'"


# -- allowed --------------------------------------------------------------------------------------

def by_driver(session: Session, options: dict[str, Any]) -> None:
    session.connection().exec_driver_sql(SQL, execution_options=options)


def by_connection(session: Session, options: dict[str, Any]) -> None:
    session.connection(execution_options=options).execute(text(SQL))


def by_engine(session: Session, options: dict[str, Any]) -> None:
    session.rollback()
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    with engine.execution_options(**options).begin() as connection:
        connection.execute(NAMED)


ALLOWED: dict[str, Callable[[Session, dict[str, Any]], Any]] = {
    "statement": lambda session, options: session.execute(NAMED.execution_options(**options)),
    "text": lambda session, options: session.execute(text(SQL).execution_options(**options)),
    "execute": lambda session, options: session.execute(NAMED, execution_options=options),
    "ORM, by criteria": lambda session, options: session.execute(
        update(Mix).values(name="Noon").execution_options(**options)
    ),
    "ORM, by key": lambda session, options: session.execute(
        update(Mix).execution_options(**options), [{"id": -1, "name": "Noon"}]
    ),
    "ORM, rows": lambda session, options: session.execute(
        insert(Mix), [{"name": "Noon"}], execution_options=options
    ),
    "driver": by_driver,
    "connection": by_connection,
    "engine": by_engine,
}


@pytest.mark.parametrize("reason", ["a repair, see #7", "", "  ", True, False, 0, None])
@pytest.mark.parametrize("way", ALLOWED)
def test_a_reason_allows_a_statement_and_nothing_else_does(
    way: str, reason: Any, shop: Stage, found: list[Bypass]
) -> None:
    shop.turn_page()
    with shop.session() as session:
        ALLOWED[way](session, {"audit": reason})
        session.commit()
    is_allowed = reason == "a repair, see #7"
    is_told = "ORM" in way and not is_allowed
    assert (shop.count("bypasses.allowed"), shop.count("bypasses"), len(shop.rows())) == (
        (1, 0, 0) if is_allowed else (0, 0, 1) if is_told else (0, 1, 0)
    )
    assert len(found) == shop.count("bypasses")


def test_an_allowed_statement_is_logged_once_for_each_place(
    shop: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "shuffify.audit")
    statement = NAMED.execution_options(audit="a repair")
    with shop.session() as session:
        for _ in range(3):
            line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
            session.execute(statement)
        session.execute(statement)
    said = [one.getMessage() for one in caplog.records if "allowed past" in one.getMessage()]
    assert [text.partition(" at ")[2] for text in said] == [
        f"{__file__}:{line} (a repair)", f"{__file__}:{line + 1} (a repair)"
    ]
    assert shop.count("bypasses.allowed") == 4


# -- engines --------------------------------------------------------------------------------------

def test_an_engine_is_guarded_on_demand_and_until_the_watch_ends(
    empty: Engine, trail: AuditTrail
) -> None:
    def write() -> int:
        with empty.begin() as connection:
            connection.execute(NAMED)
        return trail.counters()["bypasses"]

    assert write() == 0
    trail.guard(empty)
    trail.guard(empty)
    assert write() == 1
    trail.unwatch()
    assert write() == 1
    trail.watch(type("Again", (Session,), {}), base=Base)
    trail.guard(empty)
    assert write() == 2


@pytest.mark.report(46)
@pytest.mark.parametrize("known", ["original", "clone"])
def test_clones_of_an_engine_are_guarded_with_it(
    known: str, empty: Engine, trail: AuditTrail
) -> None:
    clone = empty.execution_options(isolation_level="SERIALIZABLE")
    second = clone.execution_options(schema_translate_map={None: None})
    trail.guard(empty if known == "original" else clone)
    trail.guard(second)
    for engine in (empty, clone, second):
        with engine.begin() as connection:
            connection.execute(NAMED)
    assert trail.counters()["bypasses"] == 3


def test_an_engine_is_not_kept_alive(trail: AuditTrail) -> None:
    engine = create_engine("sqlite://")
    trail.guard(engine)
    gone = weakref.ref(engine), weakref.ref(engine.dialect)
    engine.dispose()
    del engine
    gc.collect()
    assert [one() for one in gone] == [None, None]


@pytest.mark.report(45)
def test_nothing_is_kept_of_sessions_that_are_gone(shop: Stage) -> None:
    for ends in (Session.commit, Session.rollback, Session.close):
        with shop.session() as session:
            session.add(Mix(name="Dusk", user_id=7))
            session.flush()
            ends(session)
            assert shop.trail._hear not in session.info
    abandoned = shop.session()
    abandoned.add(Mix(name="Dusk", user_id=7))
    abandoned.flush()
    gone = weakref.ref(abandoned)
    del abandoned, session
    gc.collect()
    assert gone() is None
    with shop.engine.connect() as connection:
        for name in ("Dusk", "Noon", "Dawn"):
            with shop.Session(bind=connection) as session:
                session.add(Mix(name=name, user_id=7))
                session.flush()
            del session
            gc.collect()
        assert len(vars(connection)["_audit_writers"]) == 1


def test_an_engine_in_autocommit_is_guarded_as_well(shop: Stage, found: list[Bypass]) -> None:
    engine = shop.engine.execution_options(isolation_level="AUTOCOMMIT")
    with shop.Session(bind=engine) as session:
        session.execute(text(SQL))
        session.commit()
    assert [one.verb for one in found] == ["update"]
    with shop.session() as session:
        assert session.scalars(select(Mix.name)).all() == ["Noon"]


def test_the_call_site_is_found_across_asyncio(
    tmp_path: Path, empty: Engine, trail: AuditTrail, found: list[Bypass]
) -> None:
    async def write() -> int:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite'}")
        trail.guard(engine)
        async with AsyncSession(engine) as session:
            line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
            await session.execute(NAMED)
            await session.rollback()
        await engine.dispose()
        return line

    line = asyncio.run(write())
    assert [one.site for one in found] == [f"{__file__}:{line}"]


def test_threads_on_one_engine_are_told_apart(shop: Stage, found: list[Bypass]) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def pause(mapper: Any, connection: Any, target: Mix) -> None:
        inside.set()
        assert go_on.wait(10)

    def flush() -> None:
        with shop.session() as session:
            session.add(Mix(name="Dusk", user_id=7))
            session.flush()
            session.rollback()

    event.listen(Mix, "before_insert", pause)
    thread = threading.Thread(target=flush)
    try:
        thread.start()
        assert inside.wait(10)
        with shop.session() as session:
            session.bulk_insert_mappings(Mix, [{"name": "x", "plays": 0}])
            session.rollback()
    finally:
        go_on.set()
        thread.join(10)
        event.remove(Mix, "before_insert", pause)
    assert [one.form for one in found] == ["mapper"], "the other thread is in a flush"


# -- no harm --------------------------------------------------------------------------------------

def test_a_fault_of_the_detector_is_nobodys_but_its_own(
    shop: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    for name in ("find", "of"):
        monkeypatch.setattr(f"shuffify.audit.tables.Tables.{name}", fail)
    with shop.session() as session:
        assert session.execute(NAMED).rowcount == 1
        session.execute(text(SQL))
        session.add(Mix(name="Dusk", user_id=7))
        session.commit()
        assert sorted(session.scalars(select(Mix.name))) == ["Dusk", "Noon"]
    assert shop.count("degraded.bypass") == 2, "two updates; the log's own is not looked at"
    assert shop.count("rows") == 1
    assert SECRET not in caplog.text


def test_a_fault_before_the_execution_lets_the_statement_be_judged(
    shop: Stage, found: list[Bypass], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("shuffify.audit.detector._is_flushing", fail)
    with shop.session() as session:
        session.add(Mix(name="Dusk", user_id=7))
        session.flush()
        assert session.scalars(select(Mix.name).where(Mix.name == "Dusk")).all() == ["Dusk"]
    assert shop.count("degraded.bypass") == 1
    assert [one.verb for one in found] == ["insert"]


def test_a_read_is_looked_at_once_and_then_remembered(shop: Stage) -> None:
    query = select(Mix).where(Mix.name == "Updated, deleted").with_for_update()
    with shop.session() as session:
        for _ in range(3):
            session.scalars(query).all()
        before = dml._kept.cache_info().misses
        session.scalars(query).all()
        assert dml._kept.cache_info().misses == before
