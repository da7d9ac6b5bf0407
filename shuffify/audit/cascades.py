"""Where the database's own ON DELETE leads: rows that go, or change, without any event.

They are counted before the row that they hang on goes, so that a failure leaves the transaction as
it was. A reference of a table to itself is followed to its end by a recursive query; rings of
several tables are followed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoReferenceError
from sqlalchemy.orm import Mapper
from sqlalchemy.schema import Column, ForeignKeyConstraint, Table

from .plan import Plan
from .reading import batches, key_in
from .savepoint import reading


def cascade_counts(
    connection: Connection, edges: Edges, keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], dict[str, int]]:
    """Count, per deleted row, the rows that the database's own ON DELETE is about to touch."""
    counts: dict[tuple[Any, ...], dict[str, int]] = {}
    with reading(connection):
        for table, reached in edges:
            for edge, some in product(reached, batches(keys)):
                for row in connection.execute(edge.statement(table, some)):
                    counts.setdefault(tuple(row[:-1]), {})[edge.name] = row[-1]
    return counts


class Edge:
    """A table whose rows ON DELETE reaches from a deleted row, by one or several ways."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.chains: list[tuple[ForeignKeyConstraint, ...]] = []
        self.is_own = False
        """It is a table of the deleted row itself: one that goes by its own is not counted."""

    def statement(self, start: Table, keys: Sequence[tuple[Any, ...]]) -> Any:
        """Return the SELECT that counts, by the deleted rows' keys, the rows that are reached."""
        if len(self.chains) == 1 and self._is_plain(self.chains[0]):
            link = self.chains[0][0]
            by = _by_key(link)
            counted = select(*by, func.count()).where(key_in(by, keys)).group_by(*by)
            return counted.where(~key_in(list(link.table.primary_key), keys)) if self.is_own \
                else counted
        first, *others = [_reach(start, keys, chain) for chain in self.chains]
        reached = (first.union(*others) if others else first.distinct()).subquery()
        width = len(start.primary_key)
        columns = list(reached.c)
        told: list[Any] = [*columns[:width], func.count()]
        counted = select(*told).group_by(*columns[:width])
        return counted.where(~key_in(columns[width:], keys)) if self.is_own else counted

    @staticmethod
    def _is_plain(chain: tuple[ForeignKeyConstraint, ...]) -> bool:
        first = chain[0]
        return len(chain) == 1 and _refers_to_key(first) and not any(
            _own_cascades(table) for table in (first.table, first.referred_table)
        )


def _reach(
    start: Table, keys: Sequence[tuple[Any, ...]], chain: tuple[ForeignKeyConstraint, ...]
) -> Any:
    """Select (key of the deleted row, key of the row at the chain's end), once or more often."""
    width = len(start.primary_key)
    here = start.alias()
    at = [here.c[column.key] for column in start.primary_key]
    pairs = _closure(start, select(*_pair(at, at)).where(key_in(at, keys)), width)
    for link in chain:
        if link.table is link.referred_table and _action(link) == "CASCADE":
            continue  # The closure has followed it.
        above, below = link.referred_table.alias(), link.table.alias()
        reached = pairs.subquery()
        roots, ends = list(reached.c)[:width], list(reached.c)[width:]
        joined = reached.join(above, and_(*(
            above.c[column.key] == end
            for column, end in zip(link.referred_table.primary_key, ends, strict=True)
        ))).join(below, and_(*(
            below.c[element.parent.key] == above.c[element.column.key]
            for element in link.elements
        )))
        key = [below.c[column.key] for column in link.table.primary_key]
        pairs = select(*_pair(roots, key)).select_from(joined)
        if _action(link) == "CASCADE":
            pairs = _closure(link.table, pairs, width)
    return pairs


def _pair(roots: Sequence[Any], ends: Sequence[Any]) -> list[Any]:
    return [
        column.label(f"{side}_{number}")
        for side, columns in (("root", roots), ("end", ends))
        for number, column in enumerate(columns)
    ]


def _closure(table: Table, pairs: Any, width: int) -> Any:
    """Follow a table's references to itself to their end; a ring ends where it began."""
    links = _own_cascades(table)
    if not links:
        return pairs
    tree = pairs.cte(recursive=True)
    roots, ends = list(tree.c)[:width], list(tree.c)[width:]
    child = table.alias()
    at = dict(zip(table.primary_key, ends, strict=True))
    keys = [child.c[column.key] for column in table.primary_key]
    below = select(*_pair(roots, keys)).select_from(
        tree.join(child, or_(*(
            and_(*(child.c[element.parent.key] == at[element.column] for element in link.elements))
            for link in links
        )))
    )
    return select(tree.union(below))


def _own_cascades(table: Table) -> list[ForeignKeyConstraint]:
    return [
        link for link in table.foreign_key_constraints
        if _refers_to(link, table) and _action(link) == "CASCADE"
        and _refers_to_key(link)
    ]


def _refers_to(constraint: ForeignKeyConstraint, table: Table) -> bool:
    try:
        return constraint.referred_table is table
    except NoReferenceError:
        return False  # Its table is not mapped yet, or never.


Edges: TypeAlias = list[tuple[Table, list[Edge]]]
"""By each of a mapper's tables: where ON DELETE leads from its row."""


def edges_from(mapper: Mapper[Any], plans: Iterable[Plan], in_bulk: bool = False) -> Edges:
    """Find what the database cascades to from this mapper's row and no ORM cascade handles.

    A bulk DELETE knows no ORM cascades: all is left to the database.
    """
    by_table: dict[Table, list[Plan]] = {}
    for plan in plans:
        if isinstance(plan.mapper.local_table, Table):
            by_table.setdefault(plan.mapper.local_table, []).append(plan)
    handled = {
        relationship.mapper.local_table for relationship in mapper.relationships
        if relationship.cascade.delete and not relationship.passive_deletes and not in_bulk
    }
    # The tables of one inheritance tree are one object: its parts are no children of it.
    own = {table for kin in mapper.base_mapper.self_and_descendants for table in kin.tables}
    found = []
    for table in mapper.tables:
        if not isinstance(table, Table):
            continue
        edges: dict[str, Edge] = {}
        ways = list(_walk(table, (), by_table, frozenset(handled | own)))
        ways += [
            (plan.entity, (link,)) for link in _own_cascades(table) if table not in handled
            for plan in by_table.get(table, ())[:1] if plan.records_delete
        ]
        ways += _own_references(table, own, by_table)
        for name, chain in ways:
            edge = edges.setdefault(name, Edge(name))
            edge.chains.append(chain)
            edge.is_own = chain[-1].table in own
        if edges:
            found.append((table, list(edges.values())))
    return found


def _walk(
    table: Table, chain: tuple[ForeignKeyConstraint, ...], by_table: dict[Table, list[Plan]],
    seen: frozenset[Any],
) -> Iterator[tuple[str, tuple[ForeignKeyConstraint, ...]]]:
    for child in table.metadata.tables.values():
        if child in seen or child is table:
            continue
        plans = by_table.get(child, [])
        for constraint in child.foreign_key_constraints:
            if not _refers_to(constraint, table) or not table.primary_key:
                continue
            longer = (*chain, constraint)
            if _action(constraint) == "CASCADE":
                yield from ((plan.entity, longer) for plan in plans[:1] if plan.records_delete)
                yield from _walk(child, longer, by_table, seen | {child})
            else:
                yield from ((name, longer) for name in _cleared(constraint, plans))


def _own_references(
    table: Table, own: Iterable[Any], by_table: dict[Table, list[Plan]]
) -> Iterator[tuple[str, tuple[ForeignKeyConstraint, ...]]]:
    """Find the references among the tables of one object's kind that ON DELETE clears."""
    for child in table.metadata.tables.values():
        if child in own and table.primary_key:
            plans = by_table.get(child, [])
            for link in child.foreign_key_constraints:
                if _refers_to(link, table):
                    yield from ((name, (link,)) for name in _cleared(link, plans))


def _cleared(constraint: ForeignKeyConstraint, plans: list[Plan]) -> list[str]:
    """Return the names of the columns that a constraint sets to null or to their default."""
    if _action(constraint) not in ("SET NULL", "SET DEFAULT"):
        return []
    return [
        f"{plans[0].entity}.{column.name}" for column in constraint.columns
        if any(_counts(plan, column) for plan in plans)
    ]


def _action(constraint: ForeignKeyConstraint) -> str:
    return (constraint.ondelete or "").upper()


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
