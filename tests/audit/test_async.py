"""AsyncSession: the same rows, on both databases, by every kind of factory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import event, make_url, select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, sessionmaker

from shuffify.audit import AuditTrail, bind
from tests import databases
from tests.audit.world import ActivityLog, Base, Note, Playlist, User

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg_async"}

Example = Callable[[async_sessionmaker[AsyncSession], AsyncEngine, AuditTrail], Awaitable[None]]


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[tuple[Any, AsyncEngine, AuditTrail]]:
    """Yield a watched factory on an engine with the world's tables."""
    address = make_url(url)
    address = address.set(drivername=DRIVERS[address.get_backend_name()])
    engine = create_async_engine(address)
    databases.prepared(engine.sync_engine)
    factory = async_sessionmaker(engine)
    trail = AuditTrail(log=ActivityLog)
    trail.watch(factory, base=Base)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.execute(User.__table__.insert(), [{"id": 7}, {"id": 8}])
        yield factory, engine, trail
    finally:
        trail.unwatch()
        await engine.dispose()


async def rows(engine: AsyncEngine) -> list[Any]:
    table = ActivityLog.__table__
    async with engine.connect() as connection:
        return list(await connection.execute(select(table).order_by(table.c.id)))


def run(example: Example, url: str) -> None:
    async def main() -> None:
        async with watched(url) as (factory, engine, trail):
            await example(factory, engine, trail)

    asyncio.run(main())


def test_changes_leave_their_rows_also_of_expired_objects_and_savepoints(
    database_url: str,
) -> None:
    async def example(factory: Any, engine: AsyncEngine, trail: AuditTrail) -> None:
        async with factory() as session:
            with bind(user_id=7, request_id="r-1"):
                playlist = Playlist(user_id=7, name="One", position=1)
                session.add(playlist)
                await session.commit()
                # Expired, and set without a look: the old value is read beside the flush.
                playlist.position = 2
                await session.commit()
                async with session.begin_nested() as savepoint:
                    playlist.position = 3
                    await session.flush()
                    await savepoint.rollback()
                session.add(Note(playlist_id=1, title="kept"))
                await session.commit()
        found = await rows(engine)
        assert [row.activity_type for row in found] == [
            "playlist_create", "playlist_update", "note_create"
        ]
        assert found[1].metadata_json["changes"] == {"position": [1, 2]}
        assert {(row.user_id, row.request_id) for row in found} == {(7, "r-1")}
        assert {name: count for name, count in trail.counters().items() if count} == {"rows": 3}

    run(example, database_url)


@pytest.mark.report(41)
def test_tasks_keep_their_actors_apart(database_url: str) -> None:
    async def example(factory: Any, engine: AsyncEngine, trail: AuditTrail) -> None:
        async def add(user_id: int) -> None:
            with bind(user_id=user_id):
                for number in range(5):
                    async with factory() as session:
                        session.add(Playlist(user_id=user_id, name=f"{user_id}-{number}"))
                        await asyncio.sleep(0)
                        await session.commit()

        await asyncio.gather(add(7), add(8))
        found = await rows(engine)
        assert len(found) == 10
        for row in found:
            assert row.metadata_json["changes"]["name"][1].startswith(f"{row.user_id}-")

    run(example, database_url)


def test_the_history_is_read_inside_run_sync(database_url: str) -> None:
    async def example(factory: Any, engine: AsyncEngine, trail: AuditTrail) -> None:
        async with factory() as session:
            with bind(user_id=7):
                playlist = Playlist(user_id=7, name="One")
                session.add(playlist)
                await session.commit()
                playlist.name = "Two"
                await session.commit()
                *_, renamed = await session.run_sync(lambda _: list(trail.history(playlist)))
                await session.run_sync(lambda inner: trail.revert(renamed, session=inner))
                await session.commit()
                await session.refresh(playlist)
                assert playlist.name == "One"
        assert len(await rows(engine)) == 3

    run(example, database_url)


@pytest.mark.audit_bypass("another's session, which nobody watches, writes as well")
@pytest.mark.parametrize("wrap", [
    lambda factory: factory,
    lambda factory: async_scoped_session(factory, scopefunc=asyncio.current_task),
])
def test_only_this_factorys_sessions_are_watched_and_twice_is_once(
    wrap: Any, database_url: str
) -> None:
    async def example(factory: Any, engine: AsyncEngine, trail: AuditTrail) -> None:
        trail.watch(wrap(factory), base=Base)
        trail.watch(wrap(factory), base=Base)
        with bind(user_id=7):
            async with factory() as session:
                session.add(Playlist(user_id=7, name="Seen"))
                await session.commit()
            async with AsyncSession(engine) as session:
                session.add(Playlist(user_id=7, name="Another's"))
                await session.commit()
        assert [row.description for row in await rows(engine)] == ["Created playlist 'Seen'"]

    run(example, database_url)


def test_a_class_of_sessions_may_be_watched_instead() -> None:
    class Inner(Session):
        pass

    class Outer(AsyncSession):
        sync_session_class = Inner

    trail = AuditTrail(log=ActivityLog)
    try:
        trail.watch(Outer, base=Base)
        assert event.contains(Inner, "after_flush", trail._hear.after_flush)
        assert not event.contains(Session, "after_flush", trail._hear.after_flush)
        trail.watch(async_sessionmaker(class_=Outer), base=Base)
        assert trail._targets == [Inner]
        assert not event.contains(sessionmaker(), "after_flush", trail._hear.after_flush)
    finally:
        trail.unwatch()
