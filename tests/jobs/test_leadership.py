"""The leader lock, on both databases."""

from collections.abc import Callable, Iterator

from flask import Flask
import pytest
from sqlalchemy import Engine, text

from shuffify.extensions import db
from shuffify.jobs.leadership import KEY, Leadership
from tests import databases

Candidate = Callable[[], Leadership]


@pytest.fixture
def candidate(make_app: Callable[..., Flask]) -> Iterator[Candidate]:
    """Return a function that makes a candidate with connections of its own."""
    made = []

    def make() -> Leadership:
        with make_app().app_context():
            made.append(Leadership(db.engine))
        return made[-1]

    yield make
    for leadership in made:
        leadership.release()


def test_one_leads_and_the_next_one_when_it_lets_go(candidate: Candidate) -> None:
    first, second = candidate(), candidate()

    assert first.acquire()
    assert not second.acquire()
    assert (first.holds(), second.holds()) == (True, False)

    first.release()
    assert not first.holds()
    assert second.acquire()
    assert not first.acquire()


def test_to_acquire_twice_is_to_hold_once(candidate: Candidate) -> None:
    leadership = candidate()
    assert leadership.acquire()
    assert leadership.acquire()
    leadership.release()
    leadership.release()
    assert candidate().acquire()


def cut_off(engine: Engine) -> None:
    """End the session that holds the lock, as the end of its process does.

    Waits for it. In this database only: the server's others belong to tests that run beside it.
    """
    with engine.connect() as connection:
        key = {"high": (KEY >> 32) & 0xFFFFFFFF, "low": KEY & 0xFFFFFFFF}
        ended = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_locks "
                "WHERE locktype = 'advisory' AND classid = :high AND objid = :low AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            key,
        )
        assert ended.rowcount == 1


@pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)
def test_leader_that_was_cut_off_notices_and_is_replaced(
    candidate: Candidate, app_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = candidate(), candidate()
    assert first.acquire()
    engine = databases.connect(app_database_url)
    cut_off(engine)
    engine.dispose()

    assert second.acquire()
    assert not first.holds()
    assert not first.acquire()
    assert "The leader lock is lost" in caplog.text


@pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)
def test_database_that_is_away_has_no_leader(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    with app.app_context():
        leadership = Leadership(db.engine)
    assert not leadership.acquire()
    assert not leadership.holds()
    assert "The leader lock is out of reach" in caplog.text
