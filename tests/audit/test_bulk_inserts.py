"""Bulk INSERT and upsert leave one row for each object, with its key where it is known (A8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, literal, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tests.audit.depot import (
    Cell, Crate, Depot, Draft, Item, Seat, Truck, Vehicle, on_sqlite, only,
)

PAIR = [{"name": "x", "number": 1}, {"name": "y", "number": 2}]

INSERTS: dict[str, Callable[[Session], Any]] = {
    "many sets": lambda s: s.execute(plain_insert(Crate), PAIR),
    "many sets in a tuple": lambda s: s.execute(plain_insert(Crate), tuple(PAIR)),
    "many sets, RETURNING": lambda s: s.scalars(plain_insert(Crate).returning(Crate), PAIR).all(),
    "RETURNING no key": lambda s: s.scalars(
        plain_insert(Crate).returning(Crate.name), PAIR
    ).first(),
    "values": lambda s: [s.execute(plain_insert(Crate).values(**one)) for one in PAIR],
    "one set": lambda s: [s.execute(plain_insert(Crate), one) for one in PAIR],
    "many values": lambda s: s.execute(plain_insert(Crate).values(PAIR)),
    "many values, half read": lambda s: s.scalars(
        plain_insert(Crate).values(PAIR).returning(Crate)
    ).first(),
    "from a statement": lambda s: s.scalars(select(Crate).from_statement(
        plain_insert(Crate).values(PAIR).returning(Crate)
    )).all(),
    "from a select": lambda s: s.execute(plain_insert(Crate).from_select(
        ["name", "number"], select(
            select(literal("x"), literal(1)).union_all(select(literal("y"), literal(2))).subquery()
        ),
    )),
}


@pytest.mark.parametrize("name", INSERTS)
def test_each_new_object_is_told_with_the_key_that_the_database_gave(depot: Depot, name: str
                                                                     ) -> None:
    rows = depot.done(INSERTS[name])

    with depot.unwatched() as session:
        keys = session.scalars(select(Crate.id).where(Crate.id > 3).order_by(Crate.id)).all()
    assert [(kind, key) for kind, key, _ in rows] == [("crate_create", str(key)) for key in keys]
    assert [changes for _, _, changes in rows] == [
        {"name": [None, one["name"]], "number": [None, one["number"]], "level": [None, 4]}
        for one in PAIR
    ]
    assert depot.troubles() == {}


def test_keys_that_the_caller_gave_are_told(depot: Depot) -> None:
    rows = depot.done(lambda s: s.execute(plain_insert(Cell), [
        {"row": 2, "column": "a", "text": "x"}, {"row": 2, "column": "b", "text": None},
    ]))
    assert rows == [("cell_create", "2:a", {"text": [None, "x"]}), ("cell_create", "2:b", {})]


def test_a_key_given_as_text_is_told_as_the_database_has_it(depot: Depot) -> None:
    def do(session: Session) -> None:
        session.execute(plain_insert(Crate), [{"id": "60", "name": "x"}])
        session.get_one(Crate, 60).name = "y"

    ((kind, key, changes),) = depot.done(do)
    assert (kind, key, changes["name"]) == ("crate_create", "60", [None, "y"])


def test_heirs_with_tables_of_their_own_are_one_object(depot: Depot) -> None:
    rows = depot.done(lambda s: s.execute(
        plain_insert(Truck), [{"name": "a", "load": 1}, {"name": "b", "load": 2}]
    ))
    assert [kind for kind, _, _ in rows] == ["truck_create"] * 2
    assert [pair for _, pair in only(rows, "load")] == [[None, 1], [None, 2]]
    with depot.unwatched() as session:
        assert {key for _, key, _ in rows} == {
            str(key) for key in session.scalars(select(Vehicle.id).where(Vehicle.id > 3))
        }


def test_values_that_nobody_can_tell_apart_name_no_object(depot: Depot) -> None:
    """Another row has come after ours, so the key generated last is not ours."""
    make, drop = BESIDE[depot.engine.dialect.name]
    with depot.engine.begin() as connection:
        for statement in make:
            connection.exec_driver_sql(statement)
    try:
        rows = depot.done(plain_insert(Item).values(
            [{"crate_id": 1, "title": "a"}, {"crate_id": 1, "title": func.lower("B")}]
        ))
    finally:
        with depot.engine.begin() as connection:
            for statement in drop:
                connection.exec_driver_sql(statement)

    assert [(kind, key) for kind, key, _ in rows] == [("item_create", None)] * 2
    assert [changes["title"] for _, _, changes in rows] == [[None, "a"], [None, "[unknown]"]]
    assert depot.last().description == "Created item '[unknown]'"


BESIDE = {
    "sqlite": (["CREATE TRIGGER beside BEFORE INSERT ON items WHEN new.title = 'b' BEGIN "
                "INSERT INTO items (id, crate_id, title) VALUES (900, 1, 'gap'); END"],
               ["DROP TRIGGER beside"]),
    "postgresql": (["CREATE SEQUENCE other START 5000",
                    "CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS "
                    "'BEGIN PERFORM nextval(''other''); RETURN new; END'",
                    "CREATE TRIGGER beside BEFORE INSERT ON items FOR EACH ROW "
                    "EXECUTE FUNCTION beside()"],
                   ["DROP TRIGGER beside ON items", "DROP FUNCTION beside()",
                    "DROP SEQUENCE other"]),
}


def _insert(depot: Depot) -> Any:
    return {"sqlite": sqlite, "postgresql": postgresql}[depot.engine.dialect.name].insert


@pytest.mark.parametrize("form", ["values", "many sets", "RETURNING"])
def test_an_upsert_tells_what_came_and_what_was_there(depot: Depot, form: str) -> None:
    insert = _insert(depot)
    sets = [{"code": "c1", "name": "uno"}, {"code": "c2", "name": "two"},
            {"code": "c9", "name": "neuf"}]
    statement = insert(Crate)
    statement = statement.on_conflict_do_update(
        index_elements=["code"], set_={"name": statement.excluded.name}
    )

    def do(session: Session) -> None:
        if form == "values":
            session.execute(statement.values(sets))
        elif form == "many sets":
            session.execute(statement, sets)
        else:
            assert len(session.scalars(statement.returning(Crate), sets).all()) == 3

    rows = depot.done(do)
    assert sorted((kind, changes["name"]) for kind, _, changes in rows) == [
        ("crate_create", [None, "neuf"]), ("crate_update", ["one", "uno"]),
    ]
    assert depot.troubles() == {}


def test_an_upsert_that_does_nothing_tells_nothing(depot: Depot) -> None:
    insert = _insert(depot)
    rows = depot.done(
        lambda s: s.execute(insert(Crate).on_conflict_do_nothing(),
                            [{"id": 1, "name": "x"}, {"id": 9, "name": "y"}]),
        insert(Cell).values(row=1, column="a", text="new").on_conflict_do_nothing(),
    )
    assert [(kind, key) for kind, key, _ in rows] == [("crate_create", "9")]


UNTOLD_KEYS: dict[str, Callable[[Depot], Any]] = {
    "do nothing": lambda depot: _insert(depot)(Crate).on_conflict_do_nothing(),
    "do update": lambda depot: _insert(depot)(Crate).on_conflict_do_update(
        index_elements=["code"], set_={"number": 0}
    ),
    "or ignore": lambda depot: plain_insert(Crate).prefix_with("OR IGNORE", dialect="sqlite"),
}


@pytest.mark.parametrize(("shared_depot", "name"), [
    (kind, name) for kind in ("sqlite", "postgresql") for name in UNTOLD_KEYS
    if kind == "sqlite" or name != "or ignore"
], indirect=["shared_depot"])
def test_what_was_inserted_elsewhere_is_not_taken_for_an_upserts_new_row(
    depot: Depot, name: str
) -> None:
    """SQLite goes on telling the last key, of whatever table, where no row comes."""
    statement = UNTOLD_KEYS[name](depot)

    def do(session: Session) -> None:
        session.add(Draft(id=2, name="gives its key"))
        session.flush()
        session.execute(statement.values(code="c1", number=0))

    assert depot.done(do) == []
    (row,) = depot.done(statement.values(number=5), plain_insert(Draft).values(id=3, name="x"))
    assert (row[0], row[2]["number"]) == ("crate_create", [None, 5])
    assert row[1] is not None and depot.troubles() == {}


@on_sqlite
def test_an_ignored_row_is_nothing_and_a_replaced_one_is_an_update(depot: Depot) -> None:
    ignore, replace = (plain_insert(Crate).prefix_with(f"OR {word}")
                       for word in ("IGNORE", "REPLACE"))
    same = {"code": "c1", "user_id": 8, "token": "hush", "number": 0}
    rows = depot.done(
        lambda s: s.execute(ignore, [{"id": 1, "name": "x"}, {"id": 8, "name": "y"}]),
        lambda s: s.execute(replace, [{"id": 1, "name": "uno", **same}]),
    )
    assert [(kind, key) for kind, key, _ in rows] == [("crate_create", "8"), ("crate_update", "1")]
    assert rows[1][2] == {"name": ["one", "uno"]}


@on_sqlite
def test_a_row_that_another_key_replaces_is_told_as_deleted(depot: Depot) -> None:
    replace = plain_insert(Crate).prefix_with("OR REPLACE")
    rows = depot.done(replace.values(id=70, code="c3", name="drei"))
    assert sorted((kind, key, changes["name"]) for kind, key, changes in rows) == [
        ("crate_create", "70", [None, "drei"]), ("crate_delete", "3", ["three", None]),
    ]


def test_rows_that_a_partial_index_leaves_out_are_not_told_as_new(depot: Depot) -> None:
    rows = depot.done(
        plain_insert(Seat).values(id=1, place="a", gone=True),
        plain_insert(Seat).values(id=2, place="b", gone=True),
    )
    assert [key for _, key, _ in rows] == ["1", "2"]
    rows = depot.done(lambda s: s.execute(
        plain_insert(Seat).values([{"place": "a"}, {"place": "b"}]).returning(Seat.id)
    ).all())[2:]
    assert [kind for kind, _, _ in rows] == ["seat_create"] * 2
    assert {key for _, key, _ in rows}.isdisjoint({"1", "2"})


def test_an_upsert_may_change_the_very_columns_that_it_conflicts_on(depot: Depot) -> None:
    insert = _insert(depot)
    rows = depot.done(insert(Crate).values(code="c1", name="x").on_conflict_do_update(
        index_elements=["code"], set_={"code": "c10"}
    ))
    assert rows == [("crate_update", "1", {"code": ["c1", "c10"]})]


def test_a_bulk_creation_and_a_flushed_change_are_one_creation(depot: Depot) -> None:
    def do(session: Session) -> None:
        first, second = session.scalars(plain_insert(Crate).returning(Crate), PAIR)
        first.name = "later"
        session.flush()
        session.delete(second)

    (row,) = depot.done(do)
    assert (row[0], row[2]["name"]) == ("crate_create", [None, "later"])


def test_unaudited_models_are_left_alone(depot: Depot) -> None:
    assert depot.done(lambda s: s.execute(plain_insert(Draft), [{"id": 5, "name": "x"}])) == []
