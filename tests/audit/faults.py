"""A story that meets every statement and every hook of the engine, and ways to make them fail.

The story is told twice: with auditing and without. What its caller can see must be equal.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy
from sqlalchemy import Engine, ForeignKey, String, Text, event, make_url, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

import shuffify.audit
from shuffify.audit import Audited, permanent
from tests import databases
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged

ENGINE = os.path.dirname(shuffify.audit.__file__) + os.sep
SQLALCHEMY = os.path.dirname(sqlalchemy.__file__) + os.sep
BETWEEN = (SQLALCHEMY, ENGINE + "cursors.py", __file__, "<string>", "<sqlalchemy generated")
"""Where a statement passes through, whoever sends it; the detector executes what it judges."""


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


@permanent
class ActivityLog(LogColumns, Base):
    pass


class Shelf(Base):
    """Its notes go by the ORM's cascade, its stamps by the database's."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    number: Mapped[int] = mapped_column(default=0)
    level: Mapped[int] = mapped_column(server_default="4")
    tags: Mapped[Any] = mapped_column(Json, nullable=True)
    story: Mapped[str | None] = mapped_column(Text, deferred=True)
    notes: Mapped[list[Note]] = relationship(cascade="all, delete-orphan", back_populates="shelf")


class Note(Base):
    __tablename__ = "notes"
    __audit__ = Audited(owner="shelf.user_id", playlist=("shelf_id", "shelf.name"))

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    title: Mapped[str] = mapped_column(String(80))
    shelf: Mapped[Shelf] = relationship(back_populates="notes")


class Stamp(Base):
    __tablename__ = "stamps"

    id: Mapped[int] = mapped_column(primary_key=True)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id", ondelete="CASCADE"))


def story(session: Session) -> list[Any]:
    """Do what callers do; return all that they can see of it."""
    seen: list[Any] = []
    shelf = Shelf(id=1, user_id=7, name="Top", tags=["a"], story="long",
                  notes=[Note(id=1, title="one"), Note(id=2, title="two")])
    session.add(shelf)
    session.commit()
    session.add(Stamp(id=1, shelf_id=1))
    shelf.name, shelf.tags = "Upper", ["b"]
    session.commit()
    with session.begin_nested():
        shelf.number = Shelf.number + 1
    seen += [shelf.number, session.in_nested_transaction()]
    with session.begin_nested() as savepoint:
        shelf.number = 99
        session.flush()
        savepoint.rollback()
    session.commit()
    seen += [shelf.number, shelf.level, shelf.name]
    session.add(Note(id=5, shelf_id=99, title="stray"))
    seen.append(_refused(session.commit))
    session.rollback()
    session.add(Shelf(id=9, user_id=7, name="Never"))
    session.flush()
    session.rollback()
    session.get_one(Note, 2).title = "deux"
    session.flush()
    shelf.notes.remove(session.get_one(Note, 1))
    session.commit()
    session.delete(shelf)
    session.commit()
    session.add(Shelf(id=3, user_id=8, name="Last"))
    seen += [session.in_transaction(), session.is_active, len(session.new)]
    session.commit()
    seen += [session.in_transaction(), session.is_active, _dump(session)]
    session.rollback()
    return seen


TOLD = [
    ("note_create", "1"), ("note_create", "2"), ("note_delete", "1"), ("note_delete", "2"),
    ("note_update", "2"), ("shelf_create", "1"), ("shelf_create", "3"), ("shelf_delete", "1"),
    ("shelf_update", "1"), ("shelf_update", "1"), ("stamp_create", "1"),
]
"""Type and entity id of the rows that the story leaves, sorted."""


def _refused(do: Callable[[], object]) -> Any:
    try:
        return do()
    except IntegrityError as error:
        return type(error), error.statement


def _dump(session: Session) -> list[Any]:
    return [
        session.execute(select(model.__table__).order_by(model.__table__.c.id)).all()
        for model in (Shelf, Note, Stamp)
    ]


def clear(stage: Stage, and_turn_page: bool = True) -> None:
    """Empty the data tables and turn the log's page; the users stay."""
    if and_turn_page:
        stage.turn_page()
    with stage.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in ("users", "activity_log"):
                connection.execute(table.delete())


def told(stage: Stage) -> list[tuple[str, str]]:
    """Return type and entity id of the log's rows, sorted."""
    return sorted((row.activity_type, row.entity_id) for row in stage.rows())


def without_auditing(stage: Stage, act: Callable[[Session], Any]) -> Any:
    """Return what the caller sees with an unwatched session, and leave nothing behind."""
    with stage.unwatched() as session:
        seen = act(session)
    assert stage.rows() == []
    clear(stage)
    return seen


def ticks(stage: Stage) -> dict[str, int]:
    """Return the counters that moved, but for the rows."""
    return {
        name: number for name, number in stage.trail.counters().items()
        if number and name not in ("rows", "unknown_actor")
    }


def is_ours() -> bool:
    """Tell whether the statement being executed is the engine's own, not the caller's.

    The nearest frame outside SQLAlchemy tells; `_flush_all`, `do_orm_execute` and `_run` are
    where the engine lets the caller's own flush and statement happen.
    """
    frame = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(BETWEEN):
            known = frame.f_code.co_name in ("_flush_all", "do_orm_execute", "_run")
            return path.startswith(ENGINE) and not known
        frame = frame.f_back
    return False


def nth(number: int) -> Callable[[int, str], bool]:
    """Choose one statement."""
    return lambda at, _: at == number


def beginning(*verbs: str) -> Callable[[int, str], bool]:
    """Choose all statements that begin with one of these."""
    return lambda _, statement: statement.startswith(verbs)


_at_driver: list[Callable[[str, str], None]] = []
"""What stands in the cursors of `wired` stages: called with a phase and a statement."""


class SqliteCursor(sqlite3.Cursor):
    def execute(self, statement: Any, *parameters: Any) -> Any:
        return _between(super().execute, statement, *parameters)


class SqliteConnection(sqlite3.Connection):
    def cursor(self, *_: Any) -> Any:
        return super().cursor(SqliteCursor)


class PostgresCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, *parameters: Any, **options: Any) -> Any:
        return _between(super().execute, query, *parameters, **options)


def _between(execute: Callable[..., Any], statement: str, *rest: Any, **options: Any) -> Any:
    for hook in _at_driver:
        hook("before", statement)
    result = execute(statement, *rest, **options)
    for hook in _at_driver:
        hook("after", statement)
    return result


_WIRES: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"factory": SqliteConnection}, "postgresql": {"cursor_factory": PostgresCursor},
}


@contextmanager
def wired(url: str, folder: Path) -> Iterator[Stage]:
    """Open a stage in whose driver `failing` can stand."""
    engine = databases.connect(url, connect_args=_WIRES[make_url(url).get_backend_name()])
    try:
        with staged(engine, Base, ActivityLog, folder / "spool.jsonl") as stage:
            yield stage
    finally:
        engine.dispose()


@contextmanager
def failing(
    engine: Engine, chosen: Callable[[int, str], bool], phase: str,
    error: Callable[[], BaseException], in_driver: bool = False,
) -> Iterator[list[str]]:
    """Raise at those of the engine's own statements that are chosen, before or after they run.

    ``chosen`` gets each one's number and text. Yields the texts seen; a failed one begins "!".
    It stands at the Connection, or in the driver of a `wired` stage, who hears more.
    """
    seen: list[str] = []

    def inject(statement: str) -> None:
        if not is_ours():
            return
        hit = chosen(len(seen), statement)
        seen.append(("!" if hit else "") + statement)
        if hit:
            raise error()

    def at_connection(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        inject(statement)

    def in_cursor(now: str, statement: str) -> None:
        if now == phase:
            inject(statement)

    if in_driver:
        _at_driver.append(in_cursor)
    else:
        event.listen(engine, f"{phase}_cursor_execute", at_connection)
    try:
        yield seen
    finally:
        if in_driver:
            _at_driver.remove(in_cursor)
        else:
            event.remove(engine, f"{phase}_cursor_execute", at_connection)
