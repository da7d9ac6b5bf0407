"""The table keeps its rows as they are, whoever asks (A14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Engine, ForeignKey, String, UniqueConstraint, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import permanent
from shuffify.audit.permanence import opened
from tests.audit.stage import LogColumns, UserColumns

DOOR = "events keeps its rows as they are; its one door is AuditTrail.custody"


class Base(DeclarativeBase):
    """A base of its own."""


class User(UserColumns, Base):
    pass


@permanent
class Log(LogColumns, Base):
    """A log that keeps the client in columns and in the metadata."""

    __tablename__ = "events"

    remote_addr: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(512))


@permanent
class Small(Base):
    """A log with plain JSON, a key of two columns, and a name that needs quotes."""

    __tablename__ = "Small log"
    __table_args__ = (UniqueConstraint("day", "number"),)

    id: Mapped[int] = mapped_column("Id", primary_key=True)
    day: Mapped[str] = mapped_column(String(10))
    number: Mapped[int]
    metadata_json: Mapped[Any] = mapped_column(JSON, nullable=True)


class Receipt(Base):
    """Permanent without a door."""

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


permanent(Receipt, door=False)

EVENTS = Log.__table__
CLIENT = {"remote_addr": "192.0.2.0", "user_agent": "Firefox"}


@pytest.fixture
def database(engine: Engine) -> Iterator[Engine]:
    """Return an engine on these tables, with three rows in the log."""
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(User.__table__.insert(), [{"id": 7}, {"id": 8}])
        connection.execute(EVENTS.insert(), [
            {
                "id": number, "user_id": 7, "activity_type": "note_create", "description": "N",
                "created_at": datetime(2026, 1, number, 12), "event_id": f"event-{number}",
                "metadata_json": {"changes": {"n": [None, 1.5]}, "client": CLIENT}, **CLIENT,
            }
            for number in (1, 2, 3)
        ])
        connection.execute(Receipt.__table__.insert(), {"id": 1})
        connection.execute(Small.__table__.insert(), {
            "Id": 1, "day": "monday", "number": 1, "metadata_json": {"client": CLIENT, "n": 1},
        })
    yield engine
    Base.metadata.drop_all(engine)


def dump(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            connection.execute(table.select().order_by(*table.primary_key)).all()
            for table in Base.metadata.sorted_tables
        ]


def refusal(engine: Engine, statement: str) -> DBAPIError:
    """Run a statement in a transaction of its own; return what refused it."""
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text(statement))
    return caught.value


NEW = "7, 'x', 'x', '2026-01-09'"
UNCHANGED = [
    *(f"UPDATE events SET {column.name} = {column.name}" for column in EVENTS.columns),
    "UPDATE events SET remote_addr = NULL, user_agent = NULL, metadata_json = NULL",
    "UPDATE events SET id = 9 WHERE id = 3",
    "DELETE FROM events WHERE id = 2",
    "DELETE FROM events",
]
ELSEWHERE = {
    "sqlite": [
        "INSERT OR REPLACE INTO events (id, user_id, activity_type, description, created_at,"
        f" event_id) VALUES (2, {NEW}, 'new')",
        "REPLACE INTO events (user_id, activity_type, description, created_at, event_id)"
        f" VALUES ({NEW}, 'event-2')",
        "UPDATE OR REPLACE events SET event_id = 'event-1' WHERE id = 2",
        "UPDATE events SET rowid = 10 WHERE id = 1",
    ],
    "postgresql": [
        "TRUNCATE events",
        "TRUNCATE users CASCADE",
        "INSERT INTO events (id, user_id, activity_type, description, created_at, event_id)"
        f" VALUES (2, {NEW}, 'new') ON CONFLICT (id) DO UPDATE SET description = 'x'",
        "WITH gone AS (DELETE FROM events RETURNING id) SELECT count(*) FROM gone",
    ],
}


def test_whatever_would_change_a_row_is_refused_and_names_the_door(
    database: Engine, subtests: pytest.Subtests
) -> None:
    before = dump(database)

    for statement in UNCHANGED + ELSEWHERE[database.dialect.name]:
        with subtests.test(statement):
            error = refusal(database, statement)
            assert DOOR in str(error.orig)
            assert getattr(error.orig, "sqlstate", "42501") == "42501"

    assert dump(database) == before


def test_tables_without_a_door_and_with_odd_names_are_kept_alike(
    database: Engine, subtests: pytest.Subtests
) -> None:
    before = dump(database)
    statements = [
        'UPDATE "Small log" SET day = \'friday\'', 'DELETE FROM "Small log"',
        "UPDATE receipts SET log_id = 7", "DELETE FROM receipts",
    ]
    if database.dialect.name == "sqlite":
        statements.append('REPLACE INTO "Small log" (day, number) VALUES (\'monday\', 1)')
    for statement in statements:
        with subtests.test(statement):
            assert "keeps its rows as they are" in str(refusal(database, statement).orig)

    assert dump(database) == before
    assert "receipts_door" not in inspect(database).get_table_names()


def test_a_user_with_rows_cannot_be_deleted(database: Engine) -> None:
    assert "oreign key" in str(refusal(database, "DELETE FROM users WHERE id = 7").orig).replace(
        "FOREIGN KEY", "foreign key")
    with database.begin() as connection:
        assert connection.execute(text("DELETE FROM users WHERE id = 8")).rowcount == 1


def test_the_tables_can_be_dropped_and_made_again(database: Engine) -> None:
    Base.metadata.drop_all(database)
    assert inspect(database).get_table_names() == []
    if database.dialect.name == "postgresql":
        with database.connect() as connection:
            query = text("SELECT count(*) FROM pg_proc WHERE proname LIKE '%_permanent'")
            assert connection.scalar(query) == 0
    Base.metadata.create_all(database)


BLANK = {
    "sqlite": "json_remove(metadata_json, '$.client')",
    "postgresql": "metadata_json - 'client'",
}


@pytest.mark.report(80)
def test_the_door_lets_pass_what_it_names_and_nothing_else(
    database: Engine, subtests: pytest.Subtests
) -> None:
    blank = f"metadata_json = {BLANK[database.dialect.name]}, remote_addr = NULL"
    for action, statement, passes in (
        ("prune", "DELETE FROM events WHERE id <= 2", True),
        ("prune", "DELETE FROM events WHERE id <= 3", False),
        ("prune", f"UPDATE events SET {blank}, user_agent = NULL", False),
        ("blank", f"UPDATE events SET {blank}, user_agent = NULL", True),
        ("blank", f"UPDATE events SET {blank}", False),
        ("blank", f"UPDATE events SET {blank}, user_agent = 'Chrome'", False),
        ("blank", "UPDATE events SET remote_addr = NULL, user_agent = NULL", False),
        ("blank", f"UPDATE events SET {blank}, user_agent = NULL, description = 'x'", False),
        ("blank", f"UPDATE events SET {blank}, user_agent = NULL, source = 'x'", False),
        ("blank", "UPDATE events SET remote_addr = NULL, user_agent = NULL,"
                  " metadata_json = NULL", False),
        ("blank", "DELETE FROM events WHERE id = 1", False),
    ):
        with subtests.test(f"{action}: {statement}"), database.connect() as connection:
            try:
                with opened(connection, EVENTS, action, 2 if action == "prune" else None):
                    rows = connection.execute(text(statement)).rowcount
            except DBAPIError as error:
                assert not passes and DOOR in str(error.orig)
                # The caller's transaction goes on, with the door shut.
                with pytest.raises(DBAPIError), connection.begin_nested():
                    connection.execute(text("DELETE FROM events WHERE id = 1"))
            else:
                assert passes and rows == (2 if action == "prune" else 3)
            connection.rollback()


def test_a_door_that_somebody_leaves_open_refuses_the_commit(database: Engine) -> None:
    before = dump(database)
    for action in ("prune", "blank"):
        with pytest.raises(IntegrityError), database.begin() as connection:
            connection.execute(text(
                "INSERT INTO events_door (id, action, up_to, shut_by)"
                f" VALUES (1, '{action}', 9, 0)"
            ))
            if action == "prune":
                assert connection.execute(text("DELETE FROM events")).rowcount == 3
    refusal(database, "INSERT INTO events_door (id, action, shut_by) VALUES (2, 'blank', 0)")
    refusal(database, "INSERT INTO events_door (id, action, shut_by) VALUES (1, 'blank', 1)")

    assert dump(database) == before


def test_an_open_door_is_open_to_its_own_transaction_only(postgres_url: str) -> None:
    from tests import databases

    engine = databases.connect(postgres_url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(User.__table__.insert(), {"id": 7})
        connection.execute(text(
            "INSERT INTO events (id, user_id, activity_type, description, created_at, event_id)"
            f" VALUES (1, {NEW}, 'new')"
        ))
    with engine.begin() as inside, opened(inside, EVENTS, "prune", 9):
        assert DOOR in str(refusal(engine, "DELETE FROM events").orig)
        assert inside.execute(text("DELETE FROM events")).rowcount == 1
    engine.dispose()


OWN_DOOR = "CREATE {kind} events_door AS SELECT 1 AS id, 'prune' AS action, 9 AS up_to"
OWN_DOORS = {
    "sqlite": [[OWN_DOOR.format(kind="TEMPORARY TABLE")]],
    "postgresql": [
        [OWN_DOOR.format(kind="TEMPORARY TABLE")],
        ["CREATE SCHEMA own", "SET LOCAL search_path = own, public",
         OWN_DOOR.format(kind="TABLE")],
    ],
}


def test_a_door_that_somebody_brings_along_is_none(database: Engine) -> None:
    before = dump(database)

    for own in OWN_DOORS[database.dialect.name]:
        with database.connect() as connection:
            for statement in own:
                connection.execute(text(statement))
            with pytest.raises(DBAPIError, match="its one door"):
                connection.execute(text("DELETE FROM events WHERE id = 2"))

    assert dump(database) == before
