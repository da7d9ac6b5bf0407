"""What a statement does is done once: reading beforehand is no second time (A2, A8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import (
    Sequence, event, func, insert, literal, literal_column, select, text, update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from tests.audit.depot import Cell, Crate, Depot, told, on_postgresql

FIRST = 2001


class Ticks:
    """A function of the database that gives another number each time, from `FIRST` on."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot
        self.is_sequence = depot.engine.dialect.name == "postgresql"
        self._numbers = count(FIRST)
        self.last = FIRST - 1

    def tick(self) -> int:
        self.last = next(self._numbers)
        return self.last

    def number(self) -> int:
        """Return how often it was asked."""
        if not self.is_sequence:
            return self.last - FIRST + 1
        with self.depot.engine.connect() as connection:
            row = connection.execute(text("SELECT last_value, is_called FROM ticks")).one()
        return row.last_value - FIRST + 1 if row.is_called else 0


@pytest.fixture
def ticks(depot: Depot) -> Iterator[Ticks]:
    """Return a function that counts, which each connection knows."""
    ticks = Ticks(depot)
    if ticks.is_sequence:
        with depot.engine.begin() as connection:
            connection.execute(text(
                f"CREATE SEQUENCE ticks START {FIRST}; CREATE SCHEMA own; "
                "CREATE FUNCTION own.abs() RETURNS bigint LANGUAGE sql "
                "AS $$ SELECT nextval('ticks') $$"
            ))
        yield ticks
        with depot.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA own CASCADE; DROP SEQUENCE ticks"))
        return

    def teach(connection: Any, *_: Any) -> None:
        connection.create_function("tick", 0, ticks.tick)

    event.listen(depot.engine, "checkout", teach)
    yield ticks
    event.remove(depot.engine, "checkout", teach)


class Tick(FunctionElement[int]):
    """The application's own spelling."""

    inherit_cache = True
    name = "abs"


@compiles(Tick, "sqlite")
def tick_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return "tick()"


@compiles(Tick, "postgresql")
def tick_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return "nextval('ticks')"


def called(ticks: Ticks) -> Any:
    return Sequence("ticks").next_value() if ticks.is_sequence else func.tick()


def spelt(ticks: Ticks) -> Any:
    return literal_column("nextval('ticks')" if ticks.is_sequence else "tick()")


def compiled(ticks: Ticks) -> Any:
    return Tick()


def below(ticks: Ticks) -> Any:
    return select(func.abs(called(ticks))).scalar_subquery()


def in_a_cte(ticks: Ticks) -> Any:
    return select(select(called(ticks).label("it")).cte("one").c.it).scalar_subquery()


def in_a_schema(ticks: Ticks) -> Any:
    return func.own.abs() if ticks.is_sequence else called(ticks)


@pytest.mark.parametrize("made", [called, spelt, compiled, below, in_a_cte, in_a_schema])
@pytest.mark.parametrize("column", ["id", "number"])
def test_what_a_select_does_is_done_once(
    depot: Depot, ticks: Ticks, made: Any, column: str
) -> None:
    rows = depot.done(insert(Crate).from_select([column, "name"],
                                                select(made(ticks), literal("new"))))
    assert ticks.number() == 1
    with depot.unwatched() as session:
        assert session.scalars(select(getattr(Crate, column)).where(Crate.name == "new")).all() \
            == [FIRST]
    assert rows == [("crate_create", None, {})]
    # Python's sqlite3 does not count what begins with WITH.
    counts = made is not in_a_cte or ticks.is_sequence
    assert depot.last().metadata_json["bulk"] == {"count": 1 if counts else None}
    assert depot.troubles() == {}


@pytest.mark.parametrize("made", [called, spelt])
def test_what_an_update_gives_its_key_is_worked_out_once(
    depot: Depot, ticks: Ticks, made: Any
) -> None:
    rows = depot.done(update(Cell).where(Cell.column == "a").values(row=made(ticks)))
    assert ticks.number() == 1
    assert rows == [("cell_update", None, {"row": ["[unknown]", "[unknown]"]})]
    assert depot.last().metadata_json["bulk"] == {"count": 1, "criteria": 'cells."column" = ?'}


@on_postgresql
@pytest.mark.parametrize("made", [called, spelt])
def test_a_where_that_counts_is_not_read_first(depot: Depot, ticks: Ticks, made: Any) -> None:
    rows = depot.done(update(Crate).where(Crate.id == 1, made(ticks) > 0).values(name="new"))
    assert ticks.number() == 1
    assert rows == [("crate_update", None, {"name": ["[unknown]", "new"]})]


def test_the_callers_result_counts_what_it_counts_unwatched(depot: Depot) -> None:
    statement = insert(Crate).from_select(["name"], select(func.upper(Crate.name)))
    counts = []
    for sessions in (depot.unwatched, depot.session):
        with sessions() as session:
            counts.append(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    assert counts[0] == counts[1]


def test_a_select_without_rows_leaves_nothing(depot: Depot, ticks: Ticks) -> None:
    none = select(called(ticks), Crate.name).where(Crate.id > 99)
    assert depot.done(insert(Crate).from_select(["number", "name"], none)) == []


@pytest.mark.parametrize("selected", [
    select(Crate.id + 100, func.upper(Crate.name), literal_column("7").label("n")),
    select(func.abs(Crate.id) + 100, Crate.name, func.coalesce(Crate.number, 1)),
    select(func.row_number().over(order_by=Crate.id) + 100, Crate.name, Crate.number),
])
def test_what_only_gives_values_is_read_first(depot: Depot, selected: Any) -> None:
    rows = depot.done(insert(Crate).from_select(["id", "name", "number"], selected))
    assert [(kind, key) for kind, key, _ in rows] == [
        ("crate_create", key) for key in ("101", "102", "103")
    ]


@pytest.mark.parametrize("returning", [False, True])
def test_rows_under_other_keys_than_were_read_are_told_together(
    depot: Depot, ticks: Ticks, returning: bool
) -> None:
    """Nobody sees what a view does."""
    made = "nextval('ticks')" if ticks.is_sequence else "tick()"
    temporary = "" if ticks.is_sequence else "TEMPORARY "
    fresh = select(literal_column("made"), literal("a")).select_from(text("fresh"))
    both = select(fresh.union_all(select(literal(7), literal("b"))).subquery())
    with depot.session() as session:
        session.execute(text(f"CREATE {temporary}VIEW fresh AS SELECT {made} AS made"))
        for selected in (fresh, both):
            statement = insert(Cell).from_select(["row", "column"], selected)
            if returning:
                session.execute(statement.returning(Cell.row)).all()
            else:
                session.execute(statement)
        session.execute(text("DROP VIEW fresh"))
        session.commit()
    assert told(depot) == [("cell_create", None, {}), ("cell_create", "7:b", {}),
                           ("cell_create", None, {})]
    assert [row.metadata_json.get("bulk") for row in depot.rows()] == [{"count": 1}, None,
                                                                       {"count": 1}]
