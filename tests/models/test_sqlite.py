"""SQLite engines: real transactions, foreign keys, and who may wait for whom."""

from collections.abc import Iterator
import sqlite3

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from shuffify.models import sqlite


@pytest.fixture
def app_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = create_engine(sqlite_url)
    sqlite.prepare(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY, of REFERENCES note)"))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"), [("foreign_keys", 1), ("journal_mode", "wal"), ("busy_timeout", 15_000)]
)
def test_every_connection_is_set_up(app_engine: Engine, pragma: str, value: object) -> None:
    with app_engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_preparing_twice_is_preparing_once(app_engine: Engine) -> None:
    sqlite.prepare(app_engine)
    with app_engine.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_foreign_keys_are_enforced(app_engine: Engine) -> None:
    with pytest.raises(IntegrityError), app_engine.begin() as connection:
        connection.execute(text("INSERT INTO note VALUES (1, 99)"))


def test_a_savepoint_that_comes_first_does_not_outlive_the_transaction(
    app_engine: Engine,
) -> None:
    with app_engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(text("INSERT INTO note VALUES (1, NULL)"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 0


def test_without_preparation_a_savepoint_does_outlive_it(sqlite_url: str) -> None:
    """The canary: should this fail one day, the driver has learned and `prepare` can shrink."""
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER)"))
    with engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(text("INSERT INTO note VALUES (1)"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 1
    engine.dispose()


def other_writer(engine: Engine) -> sqlite3.Connection:
    """Return a connection that gives up at once instead of waiting."""
    return sqlite3.connect(str(engine.url.database), timeout=0, isolation_level=None)


def test_a_reading_transaction_that_turns_to_writing_can_come_too_late(
    app_engine: Engine,
) -> None:
    other = other_writer(app_engine)
    with app_engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM note")).scalar_one()
        other.execute("INSERT INTO note VALUES (1, NULL)")
        with pytest.raises(OperationalError, match="locked"):
            connection.execute(text("INSERT INTO note VALUES (2, NULL)"))
    other.close()


def test_a_writing_transaction_holds_the_lock_from_its_start(app_engine: Engine) -> None:
    other = other_writer(app_engine)
    with sqlite.write_transactions(), app_engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM note")).scalar_one()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO note VALUES (1, NULL)")
        connection.execute(text("INSERT INTO note VALUES (2, NULL)"))
    other.execute("INSERT INTO note VALUES (1, NULL)")
    other.close()


def test_reading_inside_a_writing_block_leaves_the_lock_to_others(app_engine: Engine) -> None:
    other = other_writer(app_engine)
    with sqlite.write_transactions():
        with sqlite.read_transactions(), app_engine.connect() as connection:
            connection.execute(text("SELECT count(*) FROM note")).scalar_one()
            other.execute("INSERT INTO note VALUES (1, NULL)")
        with app_engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("INSERT INTO note VALUES (3, NULL)")
    other.close()
