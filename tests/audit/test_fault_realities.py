"""What databases really refuse: the caller's work stands, the rows are kept (A2, A3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Integer, event, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from shuffify.audit import bind
from tests.audit.faults import (
    TOLD, ActivityLog, Base, Shelf, beginning, clear, failing, story, ticks, told,
    without_auditing,
)
from tests.audit.stage import Stage, staged
from tests.databases import connect

pytestmark = pytest.mark.usefixtures("mira")

LOG = ActivityLog.__table__


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


@contextmanager
def postgres_stage(url: str, tmp_path: Path, **options: Any) -> Iterator[Stage]:
    engine = connect(url, **options)
    try:
        with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
            yield stage
    finally:
        engine.dispose()


def _lines(stage: Stage) -> int:
    return len(stage.trail.spool)


@pytest.mark.report(25)
def test_a_missing_table(stage: Stage) -> None:
    expected = without_auditing(stage, story)
    LOG.drop(stage.engine)
    with stage.session() as session:
        assert story(session) == expected

    assert _lines(stage) == len(TOLD)
    assert ticks(stage) == {"losses.insert": len(TOLD)}
    LOG.create(stage.engine)
    assert stage.trail.replay(stage.engine) == {"inserted": len(TOLD), "present": 0, "kept": 0}
    assert told(stage) == TOLD


def test_a_user_whom_the_log_does_not_know(stage: Stage) -> None:
    expected = without_auditing(stage, story)
    with bind(user_id=404), stage.session() as session:
        assert story(session) == expected

    assert told(stage) == []
    assert ticks(stage) == {"losses.insert": len(TOLD)}
    assert _lines(stage) == len(TOLD)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_refusal_whose_undoing_fails_too(stage: Stage, phase: str) -> None:
    expected = without_auditing(stage, story)
    chosen = beginning("ROLLBACK TO", "RELEASE")
    with bind(user_id=404), failing(stage.engine, chosen, phase, RuntimeError):
        with stage.session() as session:
            assert story(session) == expected

    assert _lines(stage) == len(TOLD)


@pytest.mark.parametrize("user_id", ["7\0", "nobody", 2 ** 80, object(), b"7"])
def test_a_user_that_is_no_key_at_all(stage: Stage, user_id: Any) -> None:
    expected = without_auditing(stage, story)
    with bind(user_id=user_id), stage.session() as session:
        assert story(session) == expected

    assert sum(ticks(stage).values()) == _lines(stage) == len(TOLD)


def test_a_value_past_its_column(postgres_url: str, tmp_path: Path) -> None:
    with postgres_stage(postgres_url, tmp_path) as stage:
        expected = without_auditing(stage, story)
        with stage.engine.begin() as connection:
            connection.execute(text("ALTER TABLE activity_log ALTER description TYPE varchar(5)"))
        with stage.session() as session:
            assert story(session) == expected

        assert ticks(stage) == {"losses.insert": len(TOLD)}


def test_a_nul_past_the_limits(stage: Stage) -> None:
    renderer = stage.trail.delivery.renderer
    renderer._texts = tuple(pair for pair in renderer._texts if pair[0] != "source")
    expected = without_auditing(stage, story)
    with bind(source="we\0b"), stage.session() as session:
        assert story(session) == expected

    assert len(told(stage)) + _lines(stage) == len(TOLD)


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout"])
@pytest.mark.parametrize("scope", ["SET LOCAL", "SET"])
def test_a_lock_on_the_log(
    postgres_url: str, tmp_path: Path, setting: str, scope: str
) -> None:
    def act(session: Session) -> Any:
        session.execute(text(f"{scope} {setting} = '100ms'"))
        session.add_all([Shelf(id=number, user_id=7, name="Top") for number in range(3)])
        session.commit()
        return session.query(Shelf).count(), session.in_transaction()

    with postgres_stage(postgres_url, tmp_path) as stage:
        expected = without_auditing(stage, act)
        with stage.engine.connect() as holder:
            holder.execute(text("LOCK TABLE activity_log IN ACCESS EXCLUSIVE MODE"))
            with stage.session() as session:
                assert act(session) == expected
            assert ticks(stage) == {"losses.insert": 3}
            assert _lines(stage) == 3
            holder.rollback()
        stage.trail.replay(stage.engine)
        assert told(stage) == [("shelf_create", "0"), ("shelf_create", "1"), ("shelf_create", "2")]


def test_a_transaction_that_the_callers_swallowed_error_has_aborted(
    postgres_url: str, tmp_path: Path
) -> None:
    def act(session: Session) -> Any:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        with pytest.raises(ProgrammingError):
            session.connection().execute(text("SELECT nonsense"))
        session.commit()
        session.add(Shelf(id=2, user_id=7, name="Next"))
        session.commit()
        return [shelf.id for shelf in session.query(Shelf)]

    with postgres_stage(postgres_url, tmp_path) as stage:
        expected = without_auditing(stage, act)
        assert expected == [2], "PostgreSQL rolls an aborted transaction back without a word"
        with stage.session() as session:
            assert act(session) == expected

        assert told(stage) == [("shelf_create", "2")]
        assert (ticks(stage), _lines(stage)) == ({}, 0)


def test_a_transaction_that_was_aborted_before_the_flush(
    postgres_url: str, tmp_path: Path
) -> None:
    def act(session: Session) -> Any:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()
        shelf = session.get_one(Shelf, 1)
        session.expire(shelf, ["name"])
        with pytest.raises(ProgrammingError):
            session.connection().execute(text("SELECT nonsense"))
        shelf.name = "Other"
        with pytest.raises(DBAPIError) as caught:
            session.commit()
        session.rollback()
        return caught.value.statement, type(caught.value.orig), shelf.name

    with postgres_stage(postgres_url, tmp_path) as stage:
        expected = without_auditing(stage, act)
        with stage.session() as session:
            assert act(session) == expected

        assert told(stage) == [("shelf_create", "1")]


def test_a_cursor_that_the_caller_left_half_read(sqlite_url: str) -> None:
    def act(session: Session) -> Any:
        session.add(Shelf(id=5, user_id=7, name="Top"))
        session.flush()
        driver = session.connection().connection.dbapi_connection
        assert driver is not None
        cursor = driver.cursor()
        cursor.execute("INSERT INTO users (id) VALUES (20), (21) RETURNING id")
        first = cursor.fetchone()
        refused = _outcome(session.commit)
        rest = _outcome(cursor.fetchall)
        cursor.close()
        session.rollback()
        session.execute(text("DELETE FROM users WHERE id > 8"))
        session.commit()
        return first, refused, rest, session.query(Shelf).count()

    engine = connect(sqlite_url)
    with staged(engine, Base, ActivityLog) as stage:
        expected = without_auditing(stage, act)
        with stage.session() as session:
            assert act(session) == expected
        assert len(told(stage)) == expected[3]
    engine.dispose()


def _outcome(do: Callable[[], Any]) -> Any:
    try:
        return do()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.report(17)
@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
def test_an_engine_that_commits_by_itself(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def act(session: Session) -> Any:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()
        session.get_one(Shelf, 1).name = "Next"
        session.commit()
        session.delete(session.get_one(Shelf, 1))
        session.commit()
        return session.query(Shelf).count()

    url = request.getfixturevalue(kind)
    with postgres_stage(url, tmp_path, isolation_level="AUTOCOMMIT") as stage:
        expected = without_auditing(stage, act)
        with stage.session() as session:
            assert act(session) == expected

        assert [type_ for type_, _ in told(stage)] == [
            "shelf_create", "shelf_delete", "shelf_update"
        ]
        assert _lines(stage) == 0


@pytest.mark.parametrize("step", ["commit", "update", "delete"])
def test_a_connection_that_is_lost(postgres_url: str, tmp_path: Path, step: str) -> None:
    def act(session: Session) -> Any:
        session.add(Shelf(id=3, user_id=7, name="Third"))
        session.commit()
        shelf = session.get_one(Shelf, 3)
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        if step == "update":
            session.expire(shelf, ["name"])
            shelf.name = "Third to none"
        elif step == "delete":
            session.delete(shelf)
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        with stage.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 20000)"), {"pid": pid})
        with pytest.raises(OperationalError) as caught:
            session.commit()
        session.rollback()
        session.add(Shelf(id=2, user_id=7, name="Next"))
        session.commit()
        ids = [row.id for row in session.query(Shelf)]
        return caught.value.connection_invalidated, type(caught.value.orig), ids

    with postgres_stage(postgres_url, tmp_path) as stage:
        expected = without_auditing(stage, act)
        with stage.session() as session:
            assert act(session) == expected

        assert told(stage) == [("shelf_create", "2"), ("shelf_create", "3")]
        assert (ticks(stage), _lines(stage)) == ({}, 0)


@pytest.mark.report(26)
def test_nothing_is_kept_when_the_primary_rolls_back(stage: Stage) -> None:
    LOG.drop(stage.engine)
    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        session.rollback()
        with session.begin_nested() as savepoint:
            session.add(Shelf(id=1, user_id=7, name="Top"))
            session.flush()
            savepoint.rollback()
        session.commit()
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()

    assert (ticks(stage), _lines(stage)) == ({}, 0)


def test_a_commit_that_is_refused_keeps_nothing(stage: Stage) -> None:
    LOG.drop(stage.engine)

    def refuse(_: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        event.listen(session.connection(), "commit", refuse)
        with pytest.raises(OperationalError):
            session.commit()
        session.rollback()

    assert (ticks(stage), _lines(stage)) == ({}, 0)


def test_a_column_of_another_type_is_no_reason_to_lose_work(stage: Stage) -> None:
    assert isinstance(LOG.c.user_id.type, Integer)
    with stage.engine.begin() as connection:
        connection.execute(text("ALTER TABLE activity_log RENAME COLUMN source TO came_from"))
    with stage.session() as session:
        story(session)

    assert "came_from" in {column["name"] for column in inspect(stage.engine).get_columns(
        "activity_log")}
    assert ticks(stage) == {"losses.insert": len(TOLD)}
    clear(stage)
