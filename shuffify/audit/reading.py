"""Core reads beside a flush: old values that nobody loaded, and rows the database will cascade to.

They never touch the identity map, never autoflush, and each stands in a savepoint of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper
from sqlalchemy.schema import Column, ForeignKeyConstraint, Table

from .plan import Plan
from .savepoint import guarded

KEYS_A_SELECT: Final = 500
"""Few enough for every database's limit on bound parameters."""

Row = dict[str, Any]


def rows_by_key(
    connection: Connection, plan: Plan, keys: Iterable[tuple[Any, ...]]
) -> dict[tuple[Any, ...], Row]:
    """Return whole rows as they stand now, by primary key, under the attributes' names."""
    names = tuple(plan.columns)
    columns = tuple(plan.columns.values())
    primary_key = plan.mapper.primary_key
    found: dict[tuple[Any, ...], Row] = {}
    with guarded(connection):
        for some in _batches(keys):
            statement = (
                select(*primary_key, *columns)
                .select_from(plan.mapper.persist_selectable)
                .where(_key_in(primary_key, some))
            )
            for row in connection.execute(statement):
                values = tuple(row)
                key = values[: len(primary_key)]
                found[key] = dict(zip(names, values[len(primary_key):], strict=True))
    return found


def column_by_key(
    connection: Connection, remote: ColumnElement[Any], wanted: ColumnElement[Any],
    keys: Iterable[Any],
) -> dict[Any, Any]:
    """Return one column of the rows to which foreign keys point."""
    found: dict[Any, Any] = {}
    with guarded(connection):
        for some in _batches(keys):
            statement = select(remote, wanted).where(remote.in_(some))
            found.update((row[0], row[1]) for row in connection.execute(statement))
    return found


def cascade_counts(
    connection: Connection, edges: Sequence[Edge], keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], dict[str, int]]:
    """Count, per deleted row, the rows that the database's own ON DELETE is about to touch."""
    counts: dict[tuple[Any, ...], dict[str, int]] = {}
    with guarded(connection):
        for edge in edges:
            for some in _batches(keys):
                for row in connection.execute(edge.statement(some)):
                    *key, number = row
                    counts.setdefault(tuple(key), {})[edge.name] = number
    return counts


class Edge:
    """A way by which ON DELETE reaches rows of an audited model from a deleted row."""

    def __init__(self, name: str, chain: tuple[ForeignKeyConstraint, ...]) -> None:
        self.name = name
        self.chain = chain

    def statement(self, keys: Sequence[tuple[Any, ...]]) -> Any:
        """Return the SELECT that counts the rows at the end of the chain, by the first key."""
        first = self.chain[0]
        by = _by_key(first)
        from_: Any = first.table
        for link in self.chain[1:]:
            from_ = from_.join(link.table, and_(
                *(element.parent == element.column for element in link.elements)
            ))
        return (
            select(*by, func.count()).select_from(from_).where(_key_in(by, keys)).group_by(*by)
        )


def edges_from(mapper: Mapper[Any], plans: Iterable[Plan]) -> list[Edge]:
    """Find what the database cascades to from this mapper's row and no ORM cascade handles.

    Stops at self-references: their depth is the data's, not the schema's.
    """
    by_table: dict[Table, list[Plan]] = {}
    for plan in plans:
        if isinstance(plan.mapper.local_table, Table):
            by_table.setdefault(plan.mapper.local_table, []).append(plan)
    handled = {
        relationship.mapper.local_table for relationship in mapper.relationships
        if relationship.cascade.delete and not relationship.passive_deletes
    }
    # The tables of one inheritance tree are one object: its parts are no children of it.
    own = {table for kin in mapper.base_mapper.self_and_descendants for table in kin.tables}
    return [
        edge
        for table in mapper.tables
        for edge in _walk(table, (), by_table, frozenset(handled | own))
    ]


def _walk(
    table: Any, chain: tuple[ForeignKeyConstraint, ...], by_table: dict[Table, list[Plan]],
    seen: frozenset[Any],
) -> Iterator[Edge]:
    for child, plans in by_table.items():
        for constraint in child.foreign_key_constraints:
            if constraint.referred_table is not table or child in seen:
                continue
            if not _refers_to_key(constraint):
                continue
            action = (constraint.ondelete or "").upper()
            longer = (*chain, constraint)
            if action == "CASCADE":
                yield from (Edge(plan.entity, longer) for plan in plans[:1] if plan.records_delete)
                yield from _walk(child, longer, by_table, seen | {child})
            elif action in ("SET NULL", "SET DEFAULT"):
                for column in constraint.columns:
                    if any(_counts(plan, column) for plan in plans):
                        yield Edge(f"{plans[0].entity}.{column.name}", longer)


def _by_key(constraint: ForeignKeyConstraint) -> tuple[Any, ...]:
    """Return the referring columns in the order of the referred table's primary key."""
    referring = {element.column: element.parent for element in constraint.elements}
    return tuple(referring[column] for column in constraint.referred_table.primary_key)


def _refers_to_key(constraint: ForeignKeyConstraint) -> bool:
    referred = {element.column for element in constraint.elements}
    return referred == set(constraint.referred_table.primary_key)


def _counts(plan: Plan, column: Column[Any]) -> bool:
    return plan.types["update"] is not None and any(
        plan.columns[name] is column for name in plan.counted
    )


def _key_in(columns: Sequence[ColumnElement[Any]], keys: Sequence[Any]) -> ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return or_(*(
        and_(*(column == part for column, part in zip(columns, key, strict=True))) for key in keys
    ))


def _batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(keys)
    while some := list(islice(remaining, KEYS_A_SELECT)):
        yield some
