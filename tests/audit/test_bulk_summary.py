"""More rows than the limit, or rows that cannot be read, are told of together (A8)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, event, func, insert, select, text, update
from sqlalchemy.orm import ORMExecuteState, Session

from shuffify.audit import AuditTrail, bind
from tests.audit.depot import ActivityLog, Cell, Crate, Depot, Item, Vehicle, on_postgresql


def sha(*keys: int) -> str:
    """Return the digest of ids, a line each."""
    return hashlib.sha256("\n".join(map(str, keys)).encode()).hexdigest()


def test_at_the_limit_rows_are_told_one_by_one_and_above_it_together(depot: Depot) -> None:
    depot.trail.bulk_limit = 3
    assert len(depot.done(update(Crate).values(number=1))) == 3

    depot.trail.bulk_limit = 2
    depot.done(update(Crate).where(Crate.name != "hush", Crate.id.in_([1, 2, 3]))
               .values(number=Crate.number + 1, name="new", token="shout", seen=1))

    row = depot.last()
    assert (row.activity_type, row.entity_type, row.entity_id) == ("crate_update", "crate", None)
    assert row.description == "Updated crate in bulk: 3 rows (name, number, token)"
    assert row.metadata_json == {
        "bulk": {"count": 3, "criteria": "crates.name != ? AND crates.id IN (?)",
                 "keys": sha(1, 2, 3)},
        "changes": {"name": ["[unknown]", "new"], "number": ["[unknown]", "[unknown]"],
                    "token": ["[unknown]", "[secret]"]},
    }
    assert depot.troubles() == {}


@pytest.mark.parametrize("do, kind, count, keys", [
    (lambda s: s.execute(delete(Item)), "item_delete", 6, sha(10, 20, 21, 30, 31, 32)),
    (lambda s: s.execute(delete(Item).returning(Item.id)).first(), "item_delete", 6,
     sha(10, 20, 21, 30, 31, 32)),
    (lambda s: s.execute(update(Item), [{"id": key, "title": "x"} for key in (20, 10, 21)]),
     "item_update", 3, sha(10, 20, 21)),
    (lambda s: s.execute(insert(Item), [
        {"id": key, "crate_id": 1, "title": "x"} for key in (55, 54, 53)
     ]), "item_create", 3, sha(53, 54, 55)),
    (lambda s: s.execute(insert(Item), [{"crate_id": 1, "title": "x"}] * 3), "item_create", 3,
     None),
], ids=["delete", "RETURNING", "by key", "insert", "insert, no keys"])
def test_the_keys_are_digested_in_their_order(depot: Depot, do: Any, kind: str, count: int,
                                              keys: str | None) -> None:
    depot.trail.bulk_limit = 2
    depot.done(do)

    (row,) = depot.rows()
    told = {"count": count} if keys is None else {"count": count, "keys": keys}
    assert (row.activity_type, row.metadata_json["bulk"]) == (kind, told)


def test_rows_are_counted_once_however_often_a_join_finds_them(depot: Depot) -> None:
    emptied = update(Crate).where(Crate.id == Item.crate_id).values(number=9)

    def do(session: Session) -> None:
        session.execute(emptied, execution_options={"synchronize_session": False})

    depot.trail.bulk_limit = 3  # The join has six rows.
    assert sorted(key for _, key, _ in depot.done(do)) == ["1", "2", "3"]

    emptied = emptied.values(number=8)
    depot.trail.bulk_limit = 2
    depot.done(do)
    bulk = depot.last().metadata_json["bulk"]
    assert (bulk["count"], bulk["keys"]) == (3, sha(1, 2, 3))
    assert depot.troubles() == {}


def test_what_the_database_takes_along_is_counted_together(depot: Depot) -> None:
    depot.trail.bulk_limit = 1
    depot.done(delete(Crate).where(Crate.id > 1))

    (row,) = depot.rows()
    assert (row.metadata_json["bulk"]["count"], row.metadata_json["cascaded"]) == (2, {"item": 5})


@pytest.mark.parametrize("statement", [update(Crate).values(number=1), delete(Crate)],
                         ids=["update", "delete"])
def test_no_more_rows_are_counted_than_the_statement_matched(depot: Depot, statement: Any
                                                             ) -> None:
    """A listener that comes after ours narrows the statement, and not what we read before it."""
    @event.listens_for(depot.Session, "do_orm_execute")
    def narrow(state: ORMExecuteState) -> None:
        if state.is_update or state.is_delete:
            state.statement = state.statement.where(Crate.id == 2)

    depot.trail.bulk_limit = 1
    try:
        depot.done(statement)
    finally:
        event.remove(depot.Session, "do_orm_execute", narrow)

    told = depot.last().metadata_json
    assert told["bulk"] == {"count": 1} and "cascaded" not in told


def test_rows_of_another_schema_are_told_together(depot: Depot) -> None:
    is_sqlite = depot.engine.dialect.name == "sqlite"
    with depot.engine.begin() as connection:
        for statement in () if is_sqlite else (
            "CREATE SCHEMA tenant", "CREATE TABLE tenant.cells AS SELECT * FROM cells",
        ):
            connection.execute(text(statement))
    elsewhere = {None: "main" if is_sqlite else "tenant"}
    depot.done(lambda session: session.execute(
        update(Cell).values(text="z"), execution_options={"schema_translate_map": elsewhere},
    ))

    (row,) = depot.rows()
    assert (row.entity_id, row.metadata_json["bulk"]["count"]) == (None, 2)
    if not is_sqlite:
        with depot.engine.begin() as connection:
            assert connection.scalar(text("SELECT max(text) FROM cells")) == "y"
            connection.execute(text("DROP SCHEMA tenant CASCADE"))


def test_criteria_hold_no_value_however_they_were_given(depot: Depot) -> None:
    depot.trail.bulk_limit = 1
    depot.done(lambda s: s.execute(
        update(Crate).where(
            Crate.token == "hush", Crate.token == bindparam("one"), text("token = 'hush'"),
            text("number < 12345"), Crate.token.in_(["hush", "hidden"]),
            func.coalesce(Crate.token, "hush") != "hidden",
        ).values(number=2), {"one": "hush"},
    ))

    told = str(depot.last().metadata_json)
    assert "hush" not in told and "hidden" not in told and "12345" not in told
    assert "crates.token = ? AND crates.token = ? AND token = ? AND number < ?" in told


SPELLINGS = {
    "sqlite": ["0x5EC2E7", '"hush"'],
    "postgresql": ["$$hush$$", "$a$it's a hush$a$", r"E'it\'s hush'", "U&'hush'",
                   "'' /* a /* b */ hush */"],
}


@pytest.mark.parametrize(("shared_depot", "value"), [
    (kind, value) for kind, own in SPELLINGS.items()
    for value in [*own, "'it''s hush'", "'' /* hush */", "'' -- hush\n"]
], indirect=["shared_depot"])
def test_criteria_hold_no_value_however_a_text_spells_it(depot: Depot, value: str) -> None:
    depot.trail.bulk_limit = 1
    words = text(f'("crates".token = {value} OR number > -1)')
    depot.done(lambda s: s.execute(update(Crate).where(words).values(number=2)))
    criteria = depot.last().metadata_json["bulk"]["criteria"]
    assert criteria == '("crates".token = ? OR number > -?)'


@on_postgresql
@pytest.mark.audit_bypass("what else the statement writes is no change of its own")
def test_a_where_that_writes_is_not_tried_out_beforehand(depot: Depot) -> None:
    gone = delete(Cell).where(Cell.column == "a").returning(Cell.row).cte("gone")
    depot.done(lambda s: s.execute(
        update(Vehicle).where(Vehicle.id.in_(select(gone.c.row))).values(name="new"),
        execution_options={"synchronize_session": False},
    ))

    (row,) = depot.rows()
    assert row.description == "Updated vehicle in bulk: 1 row (name)"
    with depot.unwatched() as session:
        assert session.get(Cell, (1, "a")) is None and session.get_one(Vehicle, 1).name == "new"


def test_a_policys_sentence_is_not_asked_about_many(depot: Depot) -> None:
    depot.trail.bulk_limit = 1
    with bind(user_id=7, reason="spring"):
        depot.done(delete(Item).where(Item.id > 10))
    assert depot.last().metadata_json["reason"] == "spring"
    assert depot.last().playlist_id is None


def test_savepoints_undo_summaries_too(depot: Depot) -> None:
    depot.trail.bulk_limit = 1

    def do(session: Session) -> None:
        with session.begin_nested() as savepoint:
            session.execute(delete(Item))
            savepoint.rollback()

    assert depot.done(do) == []


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="bulk_limit=0: give 1 row or more"):
        AuditTrail(log=ActivityLog).bulk_limit = 0
