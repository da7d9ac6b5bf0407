"""The databases that all other tests stand on."""

from sqlalchemy import Engine, text


def test_an_outer_rollback_undoes_a_released_savepoint(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY)"))
    with engine.connect() as connection:
        outer = connection.begin()
        with connection.begin_nested():
            connection.execute(text("INSERT INTO note VALUES (1)"))
        outer.rollback()
        assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 0


def test_every_test_starts_with_an_empty_database(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY)"))
        assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 0


def test_every_test_starts_with_an_empty_database_again(engine: Engine) -> None:
    test_every_test_starts_with_an_empty_database(engine)
