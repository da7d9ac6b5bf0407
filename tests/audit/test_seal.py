"""Rows are sealed in their order, each once, and none is passed over (A15)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import count
from threading import Barrier, Event
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from shuffify.audit import AuditError, horizon, sealer
from shuffify.audit.seal import SealKeys, row_digest, sealed
from tests import databases
from tests.audit.sealed import LOG, NOON, Archive, Seals

WRITERS = 20


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Archive]:
    engine = databases.connect(postgres_url, pool_size=WRITERS + 5)
    yield Archive(engine)
    engine.dispose()


def seals(archive: Archive) -> list[tuple[int, int, int]]:
    """Return first id, last id and number of rows of each seal."""
    with archive.engine.connect() as connection:
        made = connection.execute(archive.trail.custody.sealer().every_seal()).all()
    return [(seal.first_id, seal.last_id, seal.row_count) for seal in made]


def seal(archive: Archive, **options: Any) -> tuple[int, int, int, bool]:
    made = archive.trail.custody.seal(archive.engine, **options)
    return made.rows, made.seals, made.last_id, made.is_held_up


# -- what a digest is over ---------------------------------------------------------------------


def test_digests_stay_what_they_are() -> None:
    # Whoever changes these lines makes every seal that anybody has worthless.
    row = {
        "user_id": 7, "activity_type": "note_update", "description": "Grüße \U0001f389",
        "metadata_json": {"changes": {"b": [1, 2.5], "a": [None, True]}, "client": {"a": "b"}},
        "created_at": datetime(2026, 1, 1, 12, 0, 0, 5), "playlist_id": None,
        "remote_addr": "192.0.2.0", "user_agent": "Firefox",
    }
    assert row_digest(row) == "a37c1036f7a1b5a5e177703b49aab2d3"
    entries = [(5, row_digest(row)), (7, "0" * 32)]
    plain = sealed(entries, None, SealKeys(), NOON)
    assert plain.trace == "5:a37c1036f7a1b5a5e177703b49aab2d3 7:00000000000000000000000000000000"
    assert plain.digest == (
        "07cd3803a730e584b3a08e9399b0994b59e6f9a49ecf35b94bee186e75eb8572"
    )
    keyed = sealed(entries, plain.digest, SealKeys(["a key"]), NOON)
    assert (keyed.key_id, keyed.digest) == (
        "130194a425817958",
        "694a9593063e43ec893ba9a253a1ae7fc8599627d2dfb5c97aa6d36d3f1eb1bc",
    )


BASE = {"created_at": NOON, "metadata_json": {"n": [100, "ä"]}, "source": "web"}
EAST = timezone(timedelta(hours=5))


@pytest.mark.parametrize("same", [
    {"source": "web", "metadata_json": {"n": [1e2, "ä"]}, "created_at": NOON},
    {**BASE, "metadata_json": {"n": (100, "ä"), "client": {"remote_addr": "192.0.2.0"}}},
    {**BASE, "remote_addr": "192.0.2.0", "user_agent": "Firefox", "request_id": None},
    {**BASE, "created_at": (NOON + timedelta(hours=5)).replace(tzinfo=EAST)},
])
def test_what_means_the_same_has_one_digest(same: dict[str, Any]) -> None:
    assert row_digest(same) == row_digest(BASE)


@pytest.mark.parametrize("other", [
    {**BASE, "source": "cli"},
    {**BASE, "source": ""},
    {**BASE, "metadata_json": {"n": ["ä", 100]}},
    {**BASE, "metadata_json": {"n": [100, "ä"], "more": None}},
    {**BASE, "metadata_json": {"n": [100, "ä"], "deep": {"client": 1}}},
    {**BASE, "metadata_json": {"n": [100.5, "ä"]}},
    {**BASE, "metadata_json": {"n": ["100", "ä"]}},
    {**BASE, "created_at": NOON + timedelta(microseconds=1)},
    {**BASE, "amount": Decimal("1.5")},
    {**BASE, "event_id": UUID(int=1)},
    {**BASE, "blob": b"1"},
])
def test_what_means_something_else_has_another(other: dict[str, Any]) -> None:
    assert row_digest(other) != row_digest(BASE)


def test_a_row_has_one_digest_on_both_databases(
    sqlite_url: str, postgres_url: str
) -> None:
    found = set()
    for url in (sqlite_url, postgres_url):
        engine = databases.connect(url)
        archive = Archive(engine)
        archive.put(3, metadata_json={"z": [1e2, 0.1, "ä\U0001f389"], "a": None, "é": {"b": {}}})
        with engine.connect() as connection:
            rows = connection.execute(select(LOG).order_by(LOG.c.id)).all()
        found.add(tuple(map(archive.trail.custody.sealer().digested, rows)))
        engine.dispose()
    assert len(found) == 1


# -- sealing -----------------------------------------------------------------------------------


def test_rows_are_sealed_once_in_runs_of_a_thousand_at_most(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sealer.ROWS_A_SEAL == 1000
    monkeypatch.setattr(sealer, "ROWS_A_SEAL", 4)
    assert seal(archive) == (0, 0, 0, False)
    archive.put(10)
    assert seal(archive, most=5) == (8, 2, 8, False)
    assert seal(archive) == (2, 1, 10, False)
    assert seal(archive) == (0, 0, 10, False)
    archive.put(1)
    seal(archive)

    assert seals(archive) == [(1, 4, 4), (5, 8, 4), (9, 10, 2), (11, 11, 1)]
    assert archive.found() == []
    assert archive.trail.counters()["sealed"] == 11


def test_the_lag_is_how_long_the_oldest_row_waits(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "ROWS_A_SEAL", 1)
    monkeypatch.setattr(sealer, "utcnow", lambda: NOON + timedelta(minutes=10))
    archive.put(3)
    assert archive.trail.custody.lag(archive.engine) == 9 * 60
    seal(archive, most=1)
    assert archive.trail.custody.lag(archive.engine) == 8 * 60
    seal(archive)
    assert archive.trail.custody.lag(archive.engine) == 0


def test_seals_are_kept_as_they_are(archive: Archive) -> None:
    archive.seal(3)
    for statement in ("UPDATE activity_seals SET row_count = 2", "DELETE FROM activity_seals"):
        with pytest.raises(DBAPIError, match="activity_seals keeps its rows as they are"):
            with archive.engine.begin() as connection:
                connection.execute(text(statement))


@pytest.mark.report(79)
def test_two_sealers_at_once_make_one_chain(archive: Archive) -> None:
    archive.put(40)
    barrier = Barrier(4)

    def work() -> int:
        barrier.wait()
        return archive.trail.custody.seal(archive.engine).rows

    with ThreadPoolExecutor(4) as pool:
        done = [job.result() for job in [pool.submit(work) for _ in range(4)]]

    assert sum(done) == 40
    assert seals(archive) == [(1, 40, 40)]
    assert archive.found() == []


def test_a_seal_that_another_made_meanwhile_is_not_made_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.put(2)

    def late(*args: Any) -> Any:
        end = horizon.horizon(*args)
        monkeypatch.setattr(sealer, "horizon", horizon.horizon)
        assert seal(archive) == (2, 1, 2, False)
        return end

    monkeypatch.setattr(sealer, "horizon", late)
    assert seal(archive) == (0, 0, 0, False)
    assert seals(archive) == [(1, 2, 2)]


# -- transactions under way, on PostgreSQL: SQLite has one writer at a time --------------------


def test_rows_of_an_open_transaction_are_not_passed_over(postgres: Archive) -> None:
    with postgres.engine.connect() as late, late.begin() as transaction:
        postgres.insert(late)
        postgres.put(2)
        assert seal(postgres, patience=0) == (0, 0, 0, True)
        transaction.commit()
    assert seal(postgres, patience=0) == (3, 1, 3, False)
    assert seals(postgres) == [(1, 3, 3)]
    assert postgres.found() == []


def test_who_only_reads_or_wrote_elsewhere_holds_nothing_up(postgres: Archive) -> None:
    postgres.put(2)
    with postgres.engine.begin() as reader, postgres.engine.begin() as other:
        reader.execute(select(LOG)).all()
        other.execute(text("INSERT INTO users (id) VALUES (9)"))
        assert seal(postgres, patience=0) == (2, 1, 2, False)


def test_who_begins_to_write_later_holds_nothing_up(
    postgres: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = postgres.engine.connect()
    postgres.insert(first)
    postgres.put(1)
    second = postgres.engine.connect()

    def tick(_: float) -> None:
        postgres.insert(second)
        first.commit()

    monkeypatch.setattr(horizon.time, "sleep", tick)
    assert seal(postgres) == (2, 1, 2, False)
    second.commit()
    assert seal(postgres)[:2] == (1, 1)
    assert postgres.found() == []
    first.close()
    second.close()


def test_a_prepared_transaction_holds_up_until_it_is_committed(
    postgres: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = postgres.engine.connect()
    transaction = connection.begin_twophase("audit-test")
    postgres.insert(connection)
    postgres.put(1)
    steps = iter([transaction.prepare, lambda: None, transaction.commit])
    monkeypatch.setattr(horizon.time, "sleep", lambda _: next(steps)())

    assert seal(postgres) == (2, 1, 2, False)
    assert next(steps, None) is None
    connection.close()


@pytest.mark.report(79)
def test_twenty_writers_while_it_seals_leave_a_clean_chain(postgres: Archive) -> None:
    has_sealed, done = Event(), Event()

    def write(number: int) -> int:
        """Write until some were sealed, and once more; return how many rows."""
        for turn in count():
            is_last = turn >= 5 and has_sealed.is_set()
            with postgres.engine.begin() as connection:
                for part in range(2):
                    connection.execute(LOG.insert(), {
                        "user_id": 7, "activity_type": "x", "description": "x",
                        "created_at": NOON, "event_id": f"{number}-{turn}-{part}",
                    })
            if is_last:
                return (turn + 1) * 2
        raise AssertionError

    def keep_sealing() -> None:
        try:
            while not done.is_set():
                if postgres.trail.custody.seal(postgres.engine).rows:
                    has_sealed.set()
        finally:
            has_sealed.set()  # Its error, not writers without end, is what the test shows.

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        sealers = [pool.submit(keep_sealing) for _ in range(2)]
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        rows = sum(writer.result() for writer in writers)
        done.set()
        for sealer_ in sealers:
            sealer_.result()
    postgres.seal()

    saw = postgres.verify()
    assert (saw.rows, saw.unsealed, saw.findings) == (rows, 0, [])
    assert saw.seals > 1, "it sealed while they wrote"
    with postgres.engine.connect() as connection:
        query = select(func.sum(Seals.__table__.c.row_count))
        assert connection.scalar(query) == rows


def test_an_unknown_database_is_refused(archive: Archive) -> None:
    archive.engine.dialect.name, name = "mysql", archive.engine.dialect.name
    try:
        with pytest.raises(AuditError, match="made for SQLite and PostgreSQL, not for mysql"):
            archive.trail.custody.seal(archive.engine)
    finally:
        archive.engine.dialect.name = name
