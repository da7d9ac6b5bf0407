"""The audited tables by name: what a statement may not write past the trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Table
from sqlalchemy.orm import Mapper

from .dml import Dml
from .plan import Plan
from .policy import NotAudited

CHANGES: Final[dict[str, frozenset[str]]] = {
    "insert": frozenset({"create"}),
    "copy": frozenset({"create"}),
    "update": frozenset({"update"}),
    "delete": frozenset({"delete"}),
    "truncate": frozenset({"delete"}),
    "upsert": frozenset({"create", "update"}),
    "replace": frozenset({"create", "update"}),
    "merge": frozenset({"create", "update", "delete"}),
}
"""What each verb may do to objects."""

_EVERYTHING: Final = CHANGES["merge"]


class Entry(NamedTuple):
    """One audited table."""

    name: str
    schema: str | None
    records: frozenset[str]
    """The operations that leave rows by the policies of its models."""
    is_association: bool
    """It is the table between two models: the unit of work writes it for its owner."""

    def is_bypassed_by(self, verb: str) -> bool:
        return not self.records.isdisjoint(CHANGES[verb])


class Tables:
    """All audited tables of one trail, found as statements spell them."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._named: dict[str, list[tuple[str | None, str, Entry | None]]] = {}
        found = _entries(plans)
        known = {one for table in found for one in table.metadata.tables.values()}
        for table in known:
            told = (table.schema, table.name, found.get(table))
            self._named.setdefault(table.name.casefold(), []).append(told)

    def find(self, schema: str | None, name: str, default: str | None, exact: bool = False
             ) -> Entry | None:
        """Return the audited table of this name; ``default`` is the schema of what names none."""
        here = self._named.get(name) or self._named.get(name.casefold())
        if here is None:
            return None
        if exact:
            here = [one for one in here if one[1] == name]
        wanted = default if schema is None else schema
        for owner, _, entry in here:
            if (default if owner is None else owner) == wanted:
                return entry
        # Without a schema, the search path may lead to any of them.
        return next((entry for *_, entry in here if entry), None) if schema is None else None

    def of(self, written: Dml, default: str | None) -> Entry | None:
        """Return the audited table that a text writes, or None."""
        schema = written.schema if written.exact or written.schema is None else (
            written.schema.lower()
        )
        return self.find(schema, written.table, default, written.exact)


def _entries(plans: Iterable[Plan]) -> dict[Table, Entry]:
    found: dict[Table, Entry] = {}
    plans = list(plans)
    for plan in plans:
        records = frozenset(name for name, rule in plan.types.items() if rule is not None)
        if plan.soft_delete is not None:
            records |= {"update"}  # It may be a deletion or a return.
        for table in plan.mapper.tables:
            if isinstance(table, Table):
                before = found.get(table)
                both = records if before is None else records | before.records
                found[table] = Entry(table.fullname, table.schema, both, False)
    for table in {one for plan in plans for one in _associations(plan.mapper)}:
        found[table] = Entry(table.fullname, table.schema, _EVERYTHING, True)
    return found


def _associations(mapper: Mapper[Any]) -> Iterator[Table]:
    kept_out = {
        table for other in mapper.registry.mappers for table in other.tables
        if isinstance(getattr(other.class_, "__audit__", None), NotAudited)
    }
    for relationship in mapper.relationships:
        secondary = relationship.secondary
        if isinstance(secondary, Table) and not relationship.viewonly and (
            secondary not in kept_out
        ):
            yield secondary
