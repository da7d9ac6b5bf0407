"""Bulk statements count in the net of their transaction, as flushes do (A4, A8)."""

from __future__ import annotations

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from shuffify.audit import bind
from tests.audit.depot import Crate, Depot, Item, only, told


def test_a_flushed_creation_and_a_bulk_update_are_one_creation(depot: Depot) -> None:
    rows = depot.done(
        lambda s: s.add(Crate(id=9, name="nine")),
        update(Crate).where(Crate.id == 9).values(name="neuf", number=3),
    )

    (row,) = rows
    assert row[:2] == ("crate_create", "9")
    assert (row[2]["name"], row[2]["number"]) == ([None, "neuf"], [None, 3])


def test_there_and_back_in_bulk_is_nothing(depot: Depot) -> None:
    assert depot.done(
        update(Crate).values(number=Crate.number + 1),
        update(Crate).values(number=Crate.number - 1),
    ) == []


def test_a_bulk_deletion_and_a_new_object_of_the_same_key_are_an_update(depot: Depot) -> None:
    rows = depot.done(delete(Crate).where(Crate.id == 1), lambda s: s.add(
        Crate(id=1, code="c1", name="uno", token="hush", level=4)
    ))
    assert rows == [("crate_update", "1", {"name": ["one", "uno"]})]


def test_a_bulk_update_follows_a_pending_change_that_autoflush_sends_first(depot: Depot) -> None:
    def do(session: Session) -> None:
        session.get_one(Crate, 1).name = "uno"
        session.execute(update(Crate).where(Crate.name == "uno").values(number=1))

    assert depot.done(do) == [("crate_update", "1", {"name": ["one", "uno"], "number": [0, 1]})]


def test_what_a_savepoint_undoes_is_not_told(depot: Depot) -> None:
    def do(session: Session) -> None:
        with session.begin_nested():
            session.execute(update(Crate).where(Crate.id == 1).values(name="kept"))
        with session.begin_nested() as savepoint:
            session.execute(update(Crate).values(name="undone"))
            session.execute(delete(Item))
            savepoint.rollback()

    assert depot.done(do) == [("crate_update", "1", {"name": ["one", "kept"]})]


def test_a_savepoint_of_the_connections_own_takes_its_rows_along(depot: Depot) -> None:
    def do(session: Session) -> None:
        connection = session.connection()
        with connection.begin_nested():
            session.execute(update(Crate).where(Crate.id == 1).values(name="kept"))
        with connection.begin_nested() as savepoint:
            session.execute(update(Crate).values(name="undone"))
            savepoint.rollback()

    assert depot.done(do) == [("crate_update", "1", {"name": ["one", "kept"]})]


def test_a_rolled_back_statement_leaves_nothing(depot: Depot) -> None:
    assert depot.done(update(Crate).values(name="new"), lambda s: s.rollback()) == []


def test_two_actors_in_one_transaction_stay_apart(depot: Depot) -> None:
    with depot.session() as session:
        session.execute(update(Crate).where(Crate.id == 1).values(name="uno"))
        with bind(user_id=8):
            session.execute(update(Crate).where(Crate.id < 3).values(name="deux"))
        session.commit()

    assert [(row.user_id, row.entity_id) for row in depot.rows()] == [(7, "1"), (8, "2")]
    assert only(told(depot), "name") == [("1", ["one", "deux"]), ("2", ["two", "deux"])]
