"""A bulk UPDATE may name what it sets in any way (A8)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import (
    BinaryExpression, ColumnElement, column, literal, select, tuple_, type_coerce, update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles

from shuffify.audit.canonical import digest
from tests.audit.depot import Cell, Crate, Depot, only


MARKS: Final = {"a": 1, "b": {}}
PARTS: dict[str, Any] = {
    "an element": (Cell.scores[1], 77, {"scores": [[1, 2], [77, 2]]}),
    "a slice": (Cell.scores[1:2], [3, 4], {"scores": [[1, 2], [3, 4]]}),
    "in JSON": (type_coerce(Cell.marks, postgresql.JSONB())["a"], 7, {"marks": {"a": 7, "b": {}}}),
    "deep in JSON": (type_coerce(Cell.marks, postgresql.JSONB())["b"]["c"], 7,
                     {"marks": {"a": 1, "b": {"c": 7}}}),
    "columns at once": (
        tuple_(Cell.user_id, Cell.text), select(literal(8), literal("z")).scalar_subquery(),
        {"text": ["x", "z"]},
    ),
    "a mere name": (column("text"), "z", {"text": ["x", "z"]}),
}


@pytest.mark.parametrize("synchronize", [False, "fetch"])
@pytest.mark.parametrize("shared_depot, name", [
    *(("postgresql", name) for name in PARTS),
    # SQLite sets whole columns.
    *(("sqlite", name) for name in PARTS if not isinstance(PARTS[name][0], BinaryExpression)),
], indirect=["shared_depot"])
def test_what_is_set_is_told_whatever_names_it(depot: Depot, name: str, synchronize: Any) -> None:
    key, value, expected = PARTS[name]
    with depot.unwatched.begin() as session:
        session.execute(update(Cell).values(scores=[1, 2], marks=MARKS))
    if "marks" in expected:
        expected = {"marks": [digest(MARKS), digest(expected["marks"])]}

    rows = depot.done(lambda s: s.execute(
        update(Cell).where(Cell.column == "a").values({key: value}),
        execution_options={"synchronize_session": synchronize},
    ))
    assert rows == [("cell_update", "1:a", expected)]


class Word(ColumnElement[str]):
    """Names a column in the application's own way."""

    inherit_cache = True


@compiles(Word)
def word(element: Any, compiler: Any, **options: Any) -> str:
    return "name"


def test_a_key_of_unknown_meaning_may_set_anything(depot: Depot) -> None:
    rows = depot.done(update(Crate).where(Crate.id == 1).values({Crate.seen: 5, Word(): "new"}))
    assert only(rows, "name") == [("1", ["one", "new"])]


def test_what_nobody_finds_again_is_told_together(depot: Depot) -> None:
    """The statement may give a row another key in a way that it does not tell."""
    values = select(literal(5), literal("z")).scalar_subquery()
    both = tuple_(Cell.row, Cell.text)
    depot.done(update(Cell).where(Cell.column == "a").values({both: values}))

    row = depot.last()
    assert (row.activity_type, row.entity_id) == ("cell_update", None)
    assert row.metadata_json["changes"] == {
        "row": ["[unknown]", "[unknown]"], "text": ["[unknown]", "[unknown]"],
    }
    assert row.metadata_json["bulk"] == {"count": 1, "criteria": 'cells."column" = ?'}
