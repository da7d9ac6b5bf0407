"""Bulk UPDATE and DELETE leave one row for each object, as a flush would (A8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session, aliased, defer, load_only, selectinload, with_loader_criteria

from shuffify.audit import bind
from tests.audit.depot import Bike, Cell, Crate, Depot, Draft, Item, Truck, Vehicle, only

UPDATES: dict[str, Callable[[Session], Any]] = {
    "criteria": lambda s: s.execute(update(Crate).where(Crate.id < 3).values(name="new")),
    "no session to synchronise": lambda s: s.execute(
        update(Crate).where(Crate.id < 3).values(name="new"),
        execution_options={"synchronize_session": False},
    ),
    "fetched keys": lambda s: s.execute(
        update(Crate).where(Crate.id < 3).values({Crate.name: "new"}),
        execution_options={"synchronize_session": "fetch"},
    ),
    "Query.update": lambda s: s.query(Crate).filter(Crate.id < 3).update({"name": "new"}),
    "ordered values": lambda s: s.execute(
        update(Crate).where(Crate.id < 3).ordered_values((Crate.name, "new"))
    ),
    "bound parameters": lambda s: s.execute(
        update(Crate).where(Crate.id < bindparam("most")).values(name=bindparam("to")),
        {"most": 3, "to": "new"},
    ),
    "values as parameters": lambda s: s.execute(
        update(Crate).where(Crate.id < 3), {"name": "new"}
    ),
    "by key": lambda s: s.execute(
        update(Crate), [{"id": 1, "name": "new"}, {"id": 2, "name": "new"}]
    ),
    "many sets by criteria": lambda s: s.connection() and s.execute(
        update(Crate).where(Crate.name == bindparam("old")).values(name=bindparam("to")),
        [{"old": "one", "to": "new"}, {"old": "two", "to": "new"}],
        execution_options={"dml_strategy": "orm", "synchronize_session": False},
    ),
    "many sets in a tuple": lambda s: s.execute(
        update(Crate).where(Crate.name == bindparam("old")).values(name=bindparam("to")),
        ({"old": "one", "to": "new"}, {"old": "two", "to": "new"}),
        execution_options={"synchronize_session": False},
    ),
    "RETURNING": lambda s: s.scalars(
        update(Crate).where(Crate.id < 3).values(name="new").returning(Crate)
    ).all(),
    "RETURNING, half read": lambda s: s.execute(
        update(Crate).where(Crate.id < 3).values(name="new").returning(Crate.id)
    ).first(),
    "a subquery": lambda s: s.execute(update(Crate).where(
        Crate.id.in_(select(Item.crate_id).where(Item.crate_id < 3))
    ).values(name="new")),
    "a common table expression": lambda s: s.execute(update(Crate).where(
        Crate.id.in_(select(select(Crate.id).where(Crate.id < 3).cte("few").c.id))
    ).values(name="new")),
    "another table": lambda s: s.execute(
        update(Crate).where(Crate.id == Item.crate_id, Item.crate_id < 3).values(name="new"),
        execution_options={"synchronize_session": False},
    ),
    "loader criteria": lambda s: s.execute(
        update(Crate).values(name="new").options(with_loader_criteria(Crate, Crate.id < 3))
    ),
    "loader options": lambda s: s.scalars(
        update(Crate).where(Crate.id < 3).values(name="new").returning(Crate)
        .options(selectinload(Crate.items), load_only(Crate.name))
    ).all(),
}


@pytest.mark.parametrize("name", UPDATES)
def test_each_updated_object_leaves_a_row_with_before_and_after(depot: Depot, name: str) -> None:
    rows = depot.done(UPDATES[name])

    assert [row[0] for row in rows] == ["crate_update", "crate_update"]
    assert only(rows, "name") == [("1", ["one", "new"]), ("2", ["two", "new"])]
    assert all(changes.keys() == {"name"} for _, _, changes in rows)
    assert depot.last().description == "Updated crate 'new' (name)"
    assert (depot.last().user_id, depot.troubles()) == (7, {})


@pytest.mark.parametrize("do", [
    lambda s: s.execute(update(Crate).values(name="new")),
    lambda s: s.execute(update(Crate), [{"id": key, "name": "new"} for key in (3, 1, 2)]),
    lambda s: s.execute(delete(Crate)),
], ids=["by criteria", "by key", "delete"])
def test_objects_are_told_in_the_order_of_their_keys(depot: Depot, do: Any) -> None:
    """A table's rows lie in no order: one that was changed may have gone to the end."""
    with depot.unwatched() as session:
        session.execute(update(Crate).where(Crate.id == 1).values(number=9))
        session.commit()

    assert [key for _, key, _ in depot.done(do)] == ["1", "2", "3"]


def test_expressions_are_read_after_and_what_did_not_change_is_left_out(depot: Depot) -> None:
    rows = depot.done(update(Crate).values(
        number=Crate.number + Crate.id, name=func.lower(Crate.name), token="new"
    ))

    assert only(rows, "number") == [("1", [0, 1]), ("2", [0, 2]), ("3", [0, 3])]
    assert [changes["token"] for _, _, changes in rows] == [["[secret]", "[secret]"]] * 3
    assert all(changes.keys() == {"number", "token"} for _, _, changes in rows)


@pytest.mark.parametrize("statement", [
    update(Crate).values(seen=5),
    update(Crate).values(name=Crate.name),
    update(Crate).where(Crate.id > 99).values(name="new"),
    delete(Crate).where(Crate.id > 99),
    update(Draft).values(name="new"),
    delete(Draft),
], ids=["ignored", "no-op", "no row", "nothing to delete", "unaudited", "unaudited delete"])
def test_what_changes_nothing_that_counts_leaves_nothing(depot: Depot, statement: Any) -> None:
    assert depot.done(statement) == []


@pytest.mark.parametrize("statement", [
    select(Crate), update(Draft).values(name="new"), delete(Draft), update(Crate).values(seen=5),
    update(Crate).values(name="new").execution_options(audit="tried elsewhere"),
], ids=["select", "unaudited update", "unaudited delete", "ignored", "kept out"])
def test_no_statement_is_added_where_nothing_is_told(depot: Depot, statement: Any) -> None:
    with depot.statements() as seen, depot.session() as session:
        session.execute(statement)
        session.commit()

    verb = statement.__visit_name__.upper()
    assert [text.split()[0] for text in seen if text != "BEGIN"] == [verb]
    assert depot.rows() == []


@pytest.mark.report(52)
def test_one_guarded_read_stands_before_an_update_and_one_after_it(depot: Depot) -> None:
    with depot.statements() as seen, depot.session() as session:
        session.execute(update(Crate).values(name="new"))
        verbs = [text.split()[0] for text in seen]

    if depot.engine.dialect.name == "sqlite":
        # SQLite's lock is taken by a DELETE of nothing; its reads need no guard.
        assert verbs == ["BEGIN", "DELETE", "SELECT", "UPDATE", "SELECT"]
    else:
        guarded = ["SAVEPOINT", "SELECT", "RELEASE"]
        assert verbs == [*guarded, "UPDATE", *guarded]


def test_deleted_objects_are_named_and_what_the_database_takes_along_is_counted(depot: Depot
                                                                                ) -> None:
    with bind(user_id=None, kind="system"):
        rows = depot.done(delete(Crate).where(Crate.id > 1))

    assert [(kind, key) for kind, key, _ in rows] == [("crate_delete", "2"), ("crate_delete", "3")]
    assert rows[0][2] == {"code": ["c2", None], "name": ["two", None], "number": [0, None],
                          "level": [4, None], "token": ["[secret]", None]}
    assert [row.metadata_json["cascaded"] for row in depot.rows()] == [{"item": 2}, {"item": 3}]
    assert (depot.last().description, depot.last().user_id) == ("Deleted crate 'three'", 8)


def test_objects_deleted_with_loader_options_are_named(depot: Depot) -> None:
    rows = depot.done(lambda s: s.scalars(
        delete(Item).where(Item.id == 10).returning(Item).options(defer(Item.title))
    ).all())
    assert [(kind, key) for kind, key, _ in rows] == [("item_delete", "10")]
    assert depot.troubles() == {}


def test_an_object_is_one_whatever_form_its_key_was_given_in(depot: Depot) -> None:
    def do(session: Session) -> None:
        session.execute(update(Crate), [{"id": "3", "number": 1}, {"id": 2.0, "number": 1}])
        session.get_one(Crate, 3).number = 2
        session.get_one(Crate, 2).number = 2

    assert sorted(depot.done(do)) == [("crate_update", "2", {"number": [0, 2]}),
                                      ("crate_update", "3", {"number": [0, 2]})]


def test_objects_deleted_by_many_sets_are_named(depot: Depot) -> None:
    rows = depot.done(lambda s: s.execute(
        delete(Item).where(Item.id == bindparam("which")), ({"which": 10}, {"which": 31}),
        execution_options={"synchronize_session": False},
    ))
    assert [(kind, key) for kind, key, _ in rows] == [("item_delete", "10"), ("item_delete", "31")]


@pytest.mark.parametrize("do", [
    lambda s: s.execute(delete(Item).where(Item.id == 10)),
    lambda s: s.query(Item).filter_by(id=10).delete(),
    lambda s: s.execute(delete(Item).where(Item.id == 10).returning(Item.title)).all(),
], ids=["delete", "Query.delete", "RETURNING"])
def test_a_deleted_child_takes_its_parents_name_along(depot: Depot, do: Any) -> None:
    with bind(user_id=None, kind="system"):
        depot.done(do)

    row = depot.last()
    assert (row.user_id, row.playlist_id, row.playlist_name) == (8, "1", "one")


def test_a_row_that_a_trigger_keeps_is_not_told_as_deleted(depot: Depot) -> None:
    make, drop = KEEP[depot.engine.dialect.name]
    with depot.engine.begin() as connection:
        connection.exec_driver_sql(make)
    try:
        rows = depot.done(delete(Item).where(Item.crate_id == 2))
    finally:
        with depot.engine.begin() as connection:
            connection.exec_driver_sql(drop)

    assert [(kind, key) for kind, key, _ in rows] == [("item_delete", "21")]


KEEP = {
    "sqlite": (
        "CREATE TRIGGER keep BEFORE DELETE ON items WHEN old.id = 20 "
        "BEGIN SELECT RAISE(IGNORE); END",
        "DROP TRIGGER keep",
    ),
    "postgresql": (
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF old.id = 20 THEN RETURN NULL; END IF; RETURN old; END'; "
        "CREATE TRIGGER keep BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION keep()",
        "DROP TRIGGER keep ON items; DROP FUNCTION keep()",
    ),
}


def test_changed_keys_are_followed_even_where_they_take_each_others_place(depot: Depot) -> None:
    rows = depot.done(
        delete(Item), update(Crate).values(id=4 - Crate.id + 100),
        update(Crate).where(Crate.id == 101).values(id=5),
    )

    moved = [row for row in rows if row[0] == "crate_update"]
    assert only(moved, "id") == [("102", [2, 102]), ("103", [1, 103]), ("5", [3, 5])]


def test_keys_of_two_columns_may_change_by_half(depot: Depot) -> None:
    rows = depot.done(update(Cell).where(Cell.column == "a").values(row=Cell.row + 5, text="z"))

    assert rows == [("cell_update", "6:a", {"row": [1, 6], "text": ["x", "z"]})]


@pytest.mark.parametrize("statement, expected", [
    (update(Vehicle).values(name="new"), {
        ("vehicle_update", "1"): ["cart", "new"], ("bike_update", "2"): ["bike", "new"],
        ("truck_update", "3"): ["truck", "new"],
    }),
    (update(Bike).values(name="new"), {("bike_update", "2"): ["bike", "new"]}),
    (update(Truck).values(load=6), {("truck_update", "3"): [5, 6]}),
    (update(Vehicle), {("bike_update", "2"): ["bike", "new"]}),
    (update(Truck), {("truck_update", "3"): ["truck", "new"]}),
], ids=["base", "one table", "own table", "by key", "own table by key"])
def test_heirs_are_told_as_what_they_are(depot: Depot, statement: Any, expected: Any) -> None:
    ((_, key), _), *_ = expected.items()

    def do(session: Session) -> None:
        by_key = None if statement._values else [{"id": int(key), "name": "new"}]
        session.execute(statement, by_key)

    rows = depot.done(do)
    assert {(kind, key): pair for kind, key, changes in rows for pair in changes.values()} \
        == expected


@pytest.mark.parametrize("before, after", [({"a": True}, {"a": 1}), ([0], [False])])
def test_what_python_calls_equal_in_json_is_a_change(
    depot: Depot, before: Any, after: Any
) -> None:
    depot.done(update(Cell).where(Cell.column == "a").values(marks=before))
    again = update(Cell).where(Cell.column == "a").values(marks=after)

    assert [key for _, key, _ in depot.done(again)] == ["1:a", "1:a"]
    assert len(depot.done(again)) == 2


@pytest.mark.parametrize("synchronize", [False, "auto", "fetch"])
@pytest.mark.parametrize("of_the_alias", [False, True])
def test_an_alias_is_its_class(depot: Depot, of_the_alias: bool, synchronize: Any) -> None:
    other = aliased(Crate)
    named: Any = other.name if of_the_alias else "name"
    rows = depot.done(lambda s: s.execute(
        update(other).where(other.id == 1).values({named: "new"}),
        execution_options={"synchronize_session": synchronize},
    ))
    assert rows == [("crate_update", "1", {"name": ["one", "new"]})]


def test_an_alias_of_which_nothing_that_counts_is_set_leaves_nothing(depot: Depot) -> None:
    other = aliased(Crate)
    with depot.statements() as seen, depot.session() as session:
        session.execute(update(other).values({other.seen: 5}))
        session.commit()
    assert [text.split()[0] for text in seen if text != "BEGIN"] == ["UPDATE"]
