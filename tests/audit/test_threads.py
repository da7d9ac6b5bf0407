"""Many threads, one process: no row carries another's actor (A17), and nothing stays bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session, scoped_session

from shuffify.audit import AuditContext, bind, current
from tests import databases
from tests.audit.world import Playlist, User, World

THREADS = 16
TRANSACTIONS = 50
ACTORS = range(100, 100 + THREADS)


@pytest.fixture
def crowd(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Return a watched world with a connection for each thread and users enough."""
    engine = databases.connect(database_url, pool_size=THREADS)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    world = World(engine, tmp_path / "spool.jsonl")
    with engine.begin() as connection:
        connection.execute(User.__table__.insert(), [{"id": actor} for actor in ACTORS])
    yield world
    world.close()
    engine.dispose()


def _hurry(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def in_threads(work: Callable[[int], object]) -> list[Any]:
    """Run one piece of work in each of the threads, all begun together; return the results."""
    start = Barrier(THREADS)

    def run(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def write_alternating(session: Session, number: int, transactions: int) -> None:
    """Commit transactions, each under another actor, each naming its actor in its own data."""
    for transaction in range(transactions):
        actor = ACTORS[(number + transaction) % THREADS]
        name = f"{actor}:{number}-{transaction}"
        with bind(user_id=actor, source="test", request_id=f"{number}-{transaction}"):
            session.add(Playlist(user_id=actor, name=name))
            session.commit()
        assert current() == AuditContext()


@pytest.mark.report(29, 44)
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "scoped"])
def test_no_row_carries_another_threads_actor(crowd: World, kind: str) -> None:
    registry = scoped_session(crowd.Session)

    def work(number: int) -> AuditContext:
        session: Any = registry() if kind == "scoped" else crowd.session()
        write_alternating(session, number, TRANSACTIONS)
        session.close()
        return current()

    assert set(in_threads(work)) == {AuditContext()}
    rows = crowd.rows()
    assert len(rows) == THREADS * TRANSACTIONS == crowd.trail.counters()["rows"]
    for row in rows:
        name = row.metadata_json["changes"]["name"][1]
        assert name == f"{row.user_id}:{row.request_id}"
    assert len({row.request_id for row in rows}) == len(rows)


def test_two_actors_of_one_transaction_stay_apart(world: World) -> None:
    with world.session() as session, bind(user_id=7, request_id="r-1"):
        session.add(Playlist(user_id=7, name="Morning"))
        session.flush()
        with bind(user_id=8, reason="on request"):
            session.add(Playlist(user_id=7, name="Evening"))
            session.flush()
        session.add(Playlist(user_id=7, name="Night"))
        session.commit()

    said = [(row.user_id, row.request_id, row.metadata_json.get("reason")) for row in world.rows()]
    assert said == [(7, "r-1", None), (8, "r-1", "on request"), (7, "r-1", None)]


def test_a_change_carries_who_was_bound_when_it_was_flushed(world: World) -> None:
    with world.session() as session:
        with bind(user_id=8):
            session.add(Playlist(user_id=7, name="Morning"))
        with bind(user_id=7):
            session.commit()

    assert [row.user_id for row in world.rows()] == [7]


# -- the context alone ----------------------------------------------------------------------------


def test_outside_any_bind_nobody_acts() -> None:
    assert current().user_id is None
    assert current().actor.kind == "unknown"


@pytest.mark.report(34)
def test_what_an_inner_bind_leaves_out_keeps_its_outer_value_and_comes_back() -> None:
    with bind(user_id=7, source="web", request_id="r-1") as outer:
        with bind(reason="retention") as inner:
            assert current() is inner
            assert (inner.user_id, inner.source, inner.request_id) == (7, "web", "r-1")
            assert inner.reason == "retention"
        assert current() is outer
        with bind(user_id=8, request_id=None):
            assert (current().user_id, current().source, current().request_id) == (8, "web", None)
        assert current() is outer
    assert current() == AuditContext()


def test_somebody_else_brings_nothing_of_the_outer_actor() -> None:
    with bind(user_id=7, kind="user", label="user:7"), bind(kind="job", label="job:1") as job:
        assert (job.user_id, job.actor.kind, job.actor.label) == (None, "job", "job:1")


@pytest.mark.report(35)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_exception_in_a_block_brings_the_outer_context_back(
    error: type[BaseException]
) -> None:
    with bind(user_id=7) as outer:
        with pytest.raises(error), bind(user_id=8):
            raise error
        assert current() is outer
    assert current() == AuditContext()


def test_a_kind_that_does_not_exist_is_refused_and_binds_nothing() -> None:
    with pytest.raises(ValueError, match="use one of"):
        with bind(kind="robot"):  # type: ignore[arg-type]
            raise AssertionError("was bound")
    assert current() == AuditContext()


@pytest.mark.report(32)
def test_threads_and_pools_start_empty() -> None:
    found: list[AuditContext] = []
    with bind(user_id=7):
        thread = Thread(target=lambda: found.append(current()))
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            found.append(pool.submit(current).result())

    assert found == [AuditContext()] * 2


def test_a_context_is_carried_to_a_thread_where_that_is_wanted() -> None:
    with bind(user_id=7), ThreadPoolExecutor(1) as pool:
        assert pool.submit(copy_context().run, current).result().user_id == 7
        assert pool.submit(current).result().user_id is None


@pytest.mark.report(37, 38, 39)
def test_a_pools_thread_keeps_nothing_of_the_job_before() -> None:
    def job(user: int) -> None:
        with bind(user_id=user):
            if user == 8:
                raise ZeroDivisionError

    with ThreadPoolExecutor(1) as pool:
        for user in (7, 8):
            pool.submit(job, user).exception()
            assert pool.submit(current).result() == AuditContext()
