"""The savepoint around the trail's rows: whoever listens to the Connection sees it (A12)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.orm import Session

from shuffify.audit import savepoint
from tests import databases
from tests.audit.faults import (
    ActivityLog, Base, Shelf, beginning, failing, nth, told, wired,
)
from tests.audit.stage import Stage, staged

pytestmark = pytest.mark.usefixtures("mira")

EXPECTED = ["SAVEPOINT audit_trail", "INSERT INTO activity_log", "RELEASE SAVEPOINT audit_trail"]


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with wired(database_url, tmp_path) as stage:
        yield stage


def ours(statements: list[str]) -> list[str]:
    return [
        expected for statement in statements for expected in EXPECTED
        if statement.startswith(expected)
    ]


def nobody(session: Session, seen: list[str]) -> None:
    pass


def by_event(target: Any, name: str) -> Callable[[Session, list[str]], None]:
    """Return what listens at an engine or a Connection, or at all of them."""
    def listen(session: Session, seen: list[str]) -> None:
        def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(target(session) if callable(target) else target, name, note)
    return listen


LISTENERS: dict[str, Callable[[Session, list[str]], None]] = {
    "nobody": nobody,
    "engine, before": by_event(Session.get_bind, "before_cursor_execute"),
    "engine, after": by_event(Session.get_bind, "after_cursor_execute"),
    "connection": by_event(Session.connection, "before_cursor_execute"),
}


@pytest.mark.parametrize("listener", LISTENERS)
def test_the_driver_gets_three_statements_and_who_listens_hears_of_them(
    listener: str, stage: Stage
) -> None:
    heard: list[str] = []
    with failing(stage.engine, nth(-1), "before", Exception, in_driver=True) as sent:
        with stage.session() as session:
            LISTENERS[listener](session, heard)
            session.add(Shelf(id=1, user_id=7, name="Top"))
            session.commit()
    assert ours(sent) == EXPECTED
    assert ours(heard) == ([] if listener == "nobody" else EXPECTED)
    assert told(stage) == [("shelf_create", "1")]


def test_who_listens_to_all_engines_hears_of_them(stage: Stage) -> None:
    heard: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with stage.session() as session:
            session.add(Shelf(id=1, user_id=7, name="Top"))
            session.commit()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert ours(heard) == EXPECTED


def test_where_nobody_listens_they_are_no_executions_of_the_connections(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = Connection.exec_driver_sql

    def note(connection: Connection, statement: str, *rest: Any, **options: Any) -> Any:
        executed.append(statement)
        return execute(connection, statement, *rest, **options)

    monkeypatch.setattr(Connection, "exec_driver_sql", note)
    for number in (1, 2):
        with stage.session() as session:
            session.add_all([Shelf(user_id=7, name="Top") for _ in range(number)])
            session.commit()
    assert ours(executed) == ["INSERT INTO activity_log"], "of two rows together"


def test_who_executes_in_the_dialects_stead_executes_them(stage: Stage) -> None:
    heard: list[str] = []

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        heard.append(statement)
        cursor.execute(statement, parameters)
        return True

    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.flush()
        event.listen(stage.engine, "do_execute", execute)
        session.commit()
    assert ours(heard) == EXPECTED


def test_a_dialect_with_a_way_of_its_own_gets_a_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    class Curious(SQLiteDialect_pysqlite):
        supports_statement_cache = True

        def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None
                       ) -> None:
            given.append(context.statement)
            cursor.execute(statement, parameters)

    monkeypatch.setitem(registry.impls, "curious", lambda: Curious)
    engine = databases.connect(f"curious:///{tmp_path / 'curious.sqlite'}")
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        with stage.session() as session:
            session.add(Shelf(id=1, user_id=7, name="Top"))
            session.commit()
        assert ours(given) == EXPECTED
        assert (stage.count("rows"), stage.count("retried")) == (1, 0)
    engine.dispose()


def test_an_echo_tells_of_them(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sqlalchemy.engine")
    stage.engine.echo = True
    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()
    assert ours([one.getMessage() for one in caplog.records]) == EXPECTED


def test_where_sqlalchemy_has_no_such_flags_somebody_is_taken_to_listen() -> None:
    unknown: Any = SimpleNamespace()
    assert savepoint._is_heard(unknown)
    assert savepoint._is_heard(SimpleNamespace(_echo=False))  # type: ignore[arg-type]


def test_outside_a_transaction_one_is_begun_first(stage: Stage) -> None:
    with stage.engine.connect() as connection:
        savepoint.send(connection, "SAVEPOINT ours")
        assert connection.in_transaction()
        connection.exec_driver_sql("RELEASE SAVEPOINT ours")


def interrupt(stage: Stage, statement: str, phase: str) -> None:
    """Commit, and interrupt that in the driver at one of the three."""
    interrupted = failing(stage.engine, beginning(statement), phase, KeyboardInterrupt, True)
    with stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        with interrupted, pytest.raises(KeyboardInterrupt):
            session.commit()


@pytest.mark.parametrize("statement", EXPECTED)
def test_who_handles_errors_gets_a_context_and_swallows_no_interruption(
    stage: Stage, statement: str
) -> None:
    handled: list[str] = []
    event.listen(stage.engine, "handle_error",
                 lambda error: handled.append(error.execution_context.statement))
    interrupt(stage, statement, "before")
    assert ours(handled)[:1] == [statement]


@pytest.mark.parametrize("statement", EXPECTED)
def test_an_interruption_in_the_driver_spoils_the_connection(
    stage: Stage, statement: str
) -> None:
    """As anywhere in SQLAlchemy: nobody knows what the connection would answer next."""
    invalidated: list[Any] = []
    event.listen(stage.engine, "invalidate", lambda *_: invalidated.append(_))
    interrupt(stage, statement, "after")
    assert len(invalidated) == 1
    assert told(stage) == []
