"""Parents before children: how deep a table stands below those that it refers to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import NoReferenceError
from sqlalchemy.schema import ForeignKey, Table

from .plan import Plan


def rank_of(plan: Plan) -> int:
    """Return how deep a model's table stands below others; worked out once."""
    if plan.rank is None:
        plan.rank = _rank(plan.mapper.local_table, {})
    return plan.rank


def _rank(table: Any, known: dict[Any, int]) -> int:
    """Return how deep a table stands below the tables that it refers to; cycles end the walk."""
    if not isinstance(table, Table):
        return 0
    if table not in known:
        known[table] = 0
        known[table] = 1 + max(
            (_rank(parent, known) for parent in map(_referred, table.foreign_keys)), default=-1
        )
    return known[table]


def _referred(reference: ForeignKey) -> Any:
    try:
        return reference.column.table
    except NoReferenceError:
        return None  # The flush does not need it either.
