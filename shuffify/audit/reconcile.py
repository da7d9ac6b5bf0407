"""The trail against the live tables: whose present state do the log's rows not explain? (A16)

Each object's rows are replayed to what it should be now, and that is compared with what it is,
digests included. Everything is read in one snapshot, in batches: memory does not grow with the
log. What policy does not record, what was summarised, cut, secret or pruned is counted as not
covered, with the reason; it is never called unexplained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Table, inspect, select
from sqlalchemy.engine import Connection, Engine

from .canonical import UNKNOWN
from .change import Change, Values
from .context import AuditContext
from .excuses import Excuses
from .keys import entity_id_of, parsed_key
from .plan import Plan
from .reading import KEYS_A_SELECT, key_in
from .registry import Registry
from .replay import NOT_TOLD, Story, Summaries, given_up, stories, summaries
from .tolerance import Unreadable, any_text, tolerant
from .unit import utcnow

Kind = Literal["altered", "appeared", "vanished"]

NO_CREATION = "its creation is not in the log"
NO_TABLE = "its table does not exist"
MIXED = "its subclasses cannot be told apart without a discriminator column"
PRUNED = "older rows were pruned"


@dataclass(frozen=True, slots=True)
class Finding:
    """An object whose present state the trail does not explain."""

    kind: Kind
    entity: str
    entity_id: str
    columns: tuple[str, ...]
    """For `altered`: what differs from the newest row that tells of it."""
    since: datetime | None
    """The newest row that explains the object; it happened later. Naive UTC; None: no row."""


@dataclass(slots=True)
class Reconciliation:
    """What a run has looked at so far; complete when its findings are exhausted."""

    objects: int = 0
    events: int = 0
    unexplained: int = 0
    """How many findings there were."""
    not_covered: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How many objects, by entity, column (empty: the whole object) and reason."""

    def leave_out(self, entity: str, reason: str, column: str = "") -> None:
        """Count one object, or one of its columns, of which nothing can be said."""
        self.not_covered[entity, column, reason] += 1


class Reconciler:
    """Compares one log with the tables of the models that a registry knows."""

    def __init__(self, registry: Registry, log: Table) -> None:
        self.registry = registry
        self.log = log
        self.result = Reconciliation()

    def run(self, engine: Engine) -> Iterator[Finding]:
        """Yield what is unexplained; `result` grows meanwhile. Reads one snapshot, writes nothing.

        Raises HistoryError for a log that lacks the columns; database errors pass through.
        """
        with _snapshot(engine) as connection, any_text(connection, "backslashreplace"):
            known = summaries(connection, self.log)
            for plan in self.registry.plans():
                for finding in _OfPlan(self, connection, plan, known).findings():
                    self.result.unexplained += 1
                    yield finding


def _snapshot(engine: Engine) -> Connection:
    # On SQLite a read transaction is a snapshot anyway.
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return engine.connect()


class _OfPlan:
    """One model's objects: first those that live, then those that only the log knows."""

    def __init__(self, whole: Reconciler, connection: Connection, plan: Plan,
                 known: Summaries) -> None:
        self.connection = connection
        self.log = whole.log
        self.result = whole.result
        self.plan = plan
        self.known = known
        self.excuses = Excuses(whole.registry, plan, known)
        self.kin = [one for one in whole.registry.plans()
                    if one.root is plan.root and one is not plan]
        self.alive: set[str] = set()
        """Ids that are digests: which objects they mean can only be learnt from these."""

    def findings(self) -> Iterator[Finding]:
        if not self._has_tables():
            self.result.leave_out(self.plan.entity, NO_TABLE)
            return
        if self._is_mixed():
            self.result.leave_out(self.plan.entity, MIXED)
            return
        yield from self._unexplained_living()
        # Beforehand: whether an id was given up may be told by the row of any other.
        moved = given_up(self.connection, self.log, self.plan)
        for id_, story in self._standing_in_the_log():
            left = moved.get(id_)
            if id_ not in self.alive and (left is None or left < story.place):
                yield from self._judge_gone(id_, story)

    # -- the living ------------------------------------------------------------------------

    def _unexplained_living(self) -> Iterator[Finding]:
        for rows in self._live():
            ids = {entity_id_of(self.plan, self.plan.key_of(row)): row for row in rows}
            self.result.objects += len(ids)
            if any(_is_digest(self.plan, id_, row) for id_, row in ids.items()):
                self.alive.update(ids)
            told = stories(self.connection, self.log, self.plan, list(ids))
            told = self._told_of_kin([id_ for id_ in ids if id_ not in told]) | told
            for id_, row in ids.items():
                yield from self._judge_living(id_, row, told.get(id_))

    def _told_of_kin(self, ids: list[str]) -> dict[str, Story]:
        """Return what is told of objects under a class that they no longer are of."""
        found: dict[str, Story] = {}
        for plan in self.kin if ids else ():
            told = stories(self.connection, self.log, plan, ids)
            found.update((id_, story) for id_, story in told.items() if story.exists)
        return found

    def _live(self) -> Iterator[list[Values]]:
        """Yield the table's rows in batches, by key; those of a subclass are its own plan's."""
        plan, keys = self.plan, self.plan.mapper.primary_key
        names = tuple(plan.columns)
        columns = [tolerant(column, name) for name, column in plan.columns.items()]
        statement = select(*columns).select_from(plan.mapper.persist_selectable)
        order = statement.order_by(*keys)
        with self.connection.execution_options(yield_per=KEYS_A_SELECT).execute(order) as found:
            for part in found.partitions():
                rows = [dict(zip(names, tuple(row), strict=True)) for row in part]
                yield [row for row in rows if self._is_of_this_class(row)]

    def _has_tables(self) -> bool:
        """Tell whether there is something to compare; a migration may still be due."""
        found = inspect(self.connection)
        return all(
            found.has_table(table.name, schema=table.schema) for table in self.plan.mapper.tables
            if isinstance(table, Table)
        )

    def _is_mixed(self) -> bool:
        """Tell whether the table's rows may be a subclass's, and none of them says so."""
        mapper = self.plan.mapper
        heirs = [heir for heir in mapper.self_and_descendants if not heir.concrete]
        return len(heirs) > 1 and not isinstance(mapper.polymorphic_on, Column)

    def _is_of_this_class(self, row: Values) -> bool:
        mapper = self.plan.mapper
        if not isinstance(mapper.polymorphic_on, Column):
            return True
        name = mapper.get_property_by_column(mapper.polymorphic_on).key
        return mapper.polymorphic_map.get(row[name], mapper.base_mapper) is mapper

    def _judge_living(self, id_: str, row: Values, story: Story | None) -> Iterator[Finding]:
        plan = self.plan
        live = {name: _canonical(plan, name, row[name]) for name in plan.columns}
        if story is None or not story.exists:
            change = self._implied("create", plan.key_of(row), live)
            reason = self.excuses.of_change(change, None if story is None else story.at)
            if reason is None and story is None and self.known.pruned:
                reason = PRUNED
            if reason is not None:
                self.result.leave_out(plan.entity, reason)
            else:
                yield self._finding("appeared", id_, (), story)
            return
        if not story.created:
            self.result.leave_out(plan.entity, PRUNED if self.known.pruned else NO_CREATION)
        differing: dict[str, Any] = {}
        for name in plan.counted:
            told = story.told(name)
            if told is NOT_TOLD:
                continue
            why = story.not_kept(name)
            if why is not None:
                self.result.leave_out(plan.entity, why, name)
            elif not story.agrees(name, live[name]):
                differing[name] = told
        if differing:
            yield from self._judge_altered(id_, row, live, differing, story)

    def _judge_altered(
        self, id_: str, row: Values, live: Values, differing: Values, story: Story
    ) -> Iterator[Finding]:
        reasons = {name: self.excuses.of_column(name, live[name], story.told_at(name))
                   for name in differing}
        old = {name: told for name, told in differing.items() if reasons[name] is None}
        new = {name: live[name] for name in old}
        change = self._implied("update", self.plan.key_of(row), live, old, new)
        reason = self.excuses.of_policy(change) if old else None
        for name in differing:
            why = reasons[name] or reason
            if why is not None:
                self.result.leave_out(self.plan.entity, why, name)
        if old and reason is None:
            yield self._finding("altered", id_, tuple(old), story)

    # -- the gone --------------------------------------------------------------------------

    def _standing_in_the_log(self) -> Iterator[tuple[str, Story]]:
        """Yield the ids that should exist by the log and that no live row bears."""
        for ids in self._ids():
            told = stories(self.connection, self.log, self.plan, ids)
            self.result.events += sum(story.events for story in told.values())
            standing = {id_: story for id_, story in told.items() if story.exists}
            alive = self._alive(standing)
            yield from ((id_, story) for id_, story in standing.items() if id_ not in alive)

    def _ids(self) -> Iterator[list[str]]:
        column = self.log.c.entity_id
        statement = (
            select(column).where(self.log.c.entity_type == self.plan.entity, column.is_not(None))
            .distinct().order_by(column).limit(KEYS_A_SELECT)
        )
        ids = list(self.connection.scalars(statement))
        while ids:
            yield ids
            ids = list(self.connection.scalars(statement.where(column > ids[-1])))

    def _alive(self, standing: dict[str, Story]) -> set[str]:
        columns = self.plan.mapper.primary_key
        keys = [key for id_ in standing if (key := parsed_key(self.plan, id_)) is not None]
        if not keys:
            return set()
        statement = (
            select(*columns).select_from(self.plan.mapper.persist_selectable)
            .where(key_in(columns, keys))
        )
        return {entity_id_of(self.plan, tuple(row)) for row in self.connection.execute(statement)}

    def _judge_gone(self, id_: str, story: Story) -> Iterator[Finding]:
        change = self._implied("delete", parsed_key(self.plan, id_) or (id_,), story.values())
        reason = self.excuses.of_change(change, story.at)
        if reason is None:
            yield self._finding("vanished", id_, (), story)
        else:
            self.result.leave_out(self.plan.entity, reason)

    # -- both ------------------------------------------------------------------------------

    def _implied(self, operation: Any, key: Any, values: Values, old: Values | None = None,
                 new: Values | None = None) -> Change:
        """Return the change that would have led here, as the policy would have seen it."""
        return Change(self.plan, key, operation, values, AuditContext(), utcnow(), old or {},
                      new or {})

    def _finding(self, kind: Kind, id_: str, columns: tuple[str, ...], story: Story | None
                 ) -> Finding:
        return Finding(kind, self.plan.entity, id_, columns, None if story is None else story.at)


def _canonical(plan: Plan, name: str, value: Any) -> Any:
    return UNKNOWN if isinstance(value, Unreadable) else plan.canonical(name, value)


def _is_digest(plan: Plan, id_: str, row: Values) -> bool:
    """Tell whether no key that the id tells would find the row: SQLite pads no CHAR."""
    return parsed_key(plan, id_) != tuple(row[name] for name in plan.primary_key)
