"""Objects that a statement left as they were, or brought up to date and lost: not believed (A6).

They would tell of their next change from a value that their row had lost before.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tests.audit.depot import Crate, Depot, Item, only, told


def rename_past_objects(session: Session) -> None:
    session.execute(update(Crate).where(Crate.id == 1).values(name="new"),
                    execution_options={"synchronize_session": False})


def rename_all(session: Session) -> None:
    session.execute(update(Crate).values(name="new"))


def rename_allowed(session: Session) -> None:
    session.execute(update(Crate).where(Crate.id == 1).values(name="new"),
                    execution_options={"synchronize_session": False, "audit": "a repair"})


def rename_by_upsert(session: Session) -> None:
    insert_: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[
        session.get_bind().dialect.name
    ]
    session.execute(insert_(Crate).on_conflict_do_update(
        index_elements=[Crate.id], set_={"name": "new"}
    ), [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}])


def rename_by_a_key_as_text(session: Session) -> None:
    session.execute(update(Crate), [{"id": "1", "name": "new"}])


def rename_what_python_does_not_find(session: Session) -> None:
    with session.no_autoflush:
        session.get_one(Crate, 1).number = 5
        session.execute(update(Crate).where(Crate.number == 0, Crate.id == 1).values(name="new"))


@pytest.mark.parametrize("limit, rename, expected", [
    (500, rename_past_objects, []),
    (500, rename_by_upsert, []),
    (500, rename_by_a_key_as_text, []),
    (500, rename_what_python_does_not_find, []),
    (500, rename_allowed, [["new", "one"]]),
    (1, rename_all, [["new", "one"]]),
    (1, rename_by_upsert, [["new", "one"]]),
])
def test_an_object_that_a_statement_left_stale_is_not_believed(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, limit: int, rename: Any, expected: Any
) -> None:
    monkeypatch.setattr(depot.trail, "bulk_limit", limit)
    with depot.session() as session:
        crate = session.get_one(Crate, 1)
        assert crate.name == "one"
        rename(session)
        with session.begin_nested():
            crate.name = "newest"
            session.flush()
            session.execute(update(Crate).where(Crate.id == 1).values(name="one"))
        session.commit()
    changes = [changes for _, key, changes in told(depot) if key == "1"]
    assert [one["name"] for one in changes if "name" in one] == expected
    assert depot.count("degraded.read") == 0


def test_who_changes_what_is_synchronized_after_us_is_not_believed_either(depot: Depot) -> None:
    def alter(state: Any) -> None:
        if state.is_update:
            state.update_execution_options(synchronize_session=False)

    with depot.session() as session:
        event.listen(session, "do_orm_execute", alter)
        crate = session.get_one(Crate, 1)
        rename_all(session)
        assert crate.name == "one"
        with session.begin_nested():
            crate.name = "newest"
            session.flush()
            session.execute(update(Crate).where(Crate.id == 1).values(name="one"))
        session.commit()
    assert [key for _, key, changes in told(depot) if "name" in changes] == ["2", "3"]


@pytest.mark.parametrize("deleted_before", [False, True])
def test_what_a_savepoint_undoes_of_a_statement_is_not_believed(
    depot: Depot, deleted_before: bool
) -> None:
    """SQLAlchemy expires what was flushed in it, not what the statement brought up to date."""
    with depot.session(expire_on_commit=False) as session:
        item = session.get_one(Item, 20)
        savepoint = session.begin_nested()
        session.execute(update(Item), [{"id": 20, "title": "undone"}])
        if deleted_before:
            session.delete(item)
            session.flush()
        savepoint.rollback()
        assert item.title == "undone"
        session.delete(item)
        session.commit()
    assert only(told(depot), "title") == [("20", ["item 0", None])]


@pytest.mark.parametrize("limit, statement, parameters", [
    (500, update(Crate).where(Crate.id == 1).values(name="new"), None),
    (500, update(Crate).values(seen=5).execution_options(synchronize_session=False), None),
    (500, insert(Crate), [{"id": 8, "name": "eight"}, {"id": 9, "name": "nine"}]),
    (1, insert(Crate), [{"id": 8, "name": "eight"}, {"id": 9, "name": "nine"}]),
])
def test_an_object_that_holds_what_its_row_holds_is_believed(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, limit: int, statement: Any, parameters: Any
) -> None:
    monkeypatch.setattr(depot.trail, "bulk_limit", limit)
    with depot.session() as session:
        crate = session.get_one(Crate, 1)
        session.execute(statement, parameters)
        crate.name = "newest"
        with depot.statements() as statements:
            session.flush()
    assert [one.split()[0] for one in statements] == ["UPDATE"], "nothing is read"


def leave_stale_and_expire(session: Session) -> Crate:
    crate = session.get_one(Crate, 1)
    rename_past_objects(session)
    session.expire(crate)
    return crate


def test_a_stale_object_of_which_nothing_is_loaded_is_told_as_it_was(depot: Depot) -> None:
    with depot.session() as session:
        leave_stale_and_expire(session).name = "newest"
        session.flush()
        session.commit()
    assert depot.troubles() == {}
    assert [(kind, key, changes["name"]) for kind, key, changes in told(depot)] == [
        ("crate_update", "1", ["one", "newest"])
    ]


def test_a_stale_object_whose_collection_alone_has_changed_is_not_read(depot: Depot) -> None:
    with depot.session() as session:
        item = session.get_one(Item, 20)
        crate = leave_stale_and_expire(session)
        item.crate = crate
        with depot.statements() as statements:
            session.flush()
        session.commit()
    assert [one for one in statements if one.startswith("SELECT crates.id, crates.id")] == []
    assert depot.troubles() == {}
    assert [(kind, key) for kind, key, _ in told(depot)] == [
        ("crate_update", "1"), ("item_update", "20")
    ]


def test_a_stale_object_that_cannot_be_read_afterwards_costs_no_other_row(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("hush")

    with depot.session() as session:
        crate, item = session.get_one(Crate, 1), session.get_one(Item, 20)
        rename_past_objects(session)
        crate.name, item.title = "newest", "moved"
        monkeypatch.setattr("shuffify.audit.capture.rows_by_key", fail)
        session.commit()
    assert depot.troubles() == {"degraded.read": 1}
    rows = {(kind, key): changes for kind, key, changes in told(depot)}
    assert set(rows) == {("crate_update", "1"), ("item_update", "20")}
    assert rows["crate_update", "1"]["name"] == ["one", "[unknown]"]


def by_flush(session: Session) -> None:
    session.get_one(Crate, 1).name = "undone"
    session.flush()


def by_statement(session: Session) -> None:
    session.execute(update(Crate).where(Crate.id == 1).values(name="undone"))


def by_flush_in_a_savepoint(session: Session) -> None:
    with session.begin_nested():
        by_flush(session)


def by_flush_in_a_savepoint_of_the_connection(session: Session) -> None:
    with session.connection().begin_nested():
        by_flush(session)


@pytest.mark.parametrize("alter", [
    by_flush, by_statement, by_flush_in_a_savepoint, by_flush_in_a_savepoint_of_the_connection,
])
@pytest.mark.parametrize("name, expected", [("newest", [["one", "newest"]]), ("one", [])])
def test_what_a_savepoint_of_the_connections_own_undoes_is_not_believed(
    depot: Depot, alter: Any, name: str, expected: Any
) -> None:
    """The Session is not told of its end, and expires nothing."""
    with depot.session() as session:
        crate = session.get_one(Crate, 1)
        savepoint = session.connection().begin_nested()
        alter(session)
        savepoint.rollback()
        assert crate.name == "undone"
        crate.name = name
        session.commit()
    assert [changes["name"] for _, _, changes in told(depot)] == expected
    assert depot.troubles() == {}
