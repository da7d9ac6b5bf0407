"""What is known of one ORM-enabled statement's rows, before it runs and after (rule A8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from .canonical import UNKNOWN
from .change import Change, Operation, Values
from .compare import Key, Moment, canonical
from .errors import is_lost
from .keys import Untold
from .paths import follow_paths
from .plan import Plan
from .reading import Row, as_stored, batches, begin_to_write, key_in, stored_rows
from .registry import Registry
from .savepoint import reading
from .states import is_expression
from .statements import Dml

Found: TypeAlias = dict[Plan, dict[Key, Row]]
"""Rows by their key, under the plan of their own class."""


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Return changes in the order of their keys: a table's rows lie in none.

    ORDER BY would, beside LIMIT, keep the database from the index that fits the WHERE.
    """
    changes = list(changes)
    try:
        return sorted(changes, key=attrgetter("key"))
    except TypeError:
        return changes  # Keys of a type that knows no order.


class Look:
    """What is known of one statement's rows, before it runs and after."""

    operation: Operation

    def __init__(self, dml: Dml, registry: Registry, session: Session, connection: Connection,
                 limit: int) -> None:
        self.dml = dml
        self.registry = registry
        self.session = session
        self.connection = connection
        self.limit = limit
        mapper = dml.mapper
        self.plan = registry.plan_of(mapper)
        kinds = [registry.plan_of(kind) for kind in mapper.self_and_descendants]
        self.plans = [plan for plan in kinds if plan is not None]
        self.discriminator: Any = None if mapper.concrete else mapper.polymorphic_on
        self.is_polymorphic = self.discriminator is not None and len(kinds) > 1
        self.is_joined = mapper.persist_selectable is not mapper.local_table
        self.key = tuple(
            mapper.get_property_by_column(column).key for column in mapper.primary_key
        )
        self.statement = dml.statement
        """What runs: the caller's own, but for an INSERT whose keys nobody would learn."""
        self.options: dict[str, Any] = {}
        """Execution options with which it runs."""
        self.answer: Any = None
        """What the caller gets then in place of a result that has our keys."""
        self.before: Found = {}
        self.seen = 0
        """Rows that were found beforehand, those of unaudited classes included."""
        self.summary: dict[str, Any] | None = None
        """Set where the rows are told together: their count and digest, as far as known; empty
        where they cannot be read."""
        self.failures: list[tuple[str, Plan, None, Exception]] = []

    def look(self) -> None:
        """Read what the statement is about to destroy; a failure leaves a summary to be told."""
        if self.dml.is_elsewhere(self.connection) or not self.dml.can_be_read_first():
            self.summary = {}
        elif not self.attempt(self._look_first):
            self.before, self.summary = {}, {}

    def heard(self, result: Any) -> None:
        """Take from the caller's result what only we have asked for."""

    def changes(self, result: Any, moment: Moment) -> list[Change]:
        """Return what the statement did to each of its rows, or to all of them together."""
        raise NotImplementedError

    def _look_first(self) -> None:
        if self.reads_first:
            begin_to_write(self.connection, self.dml.mapper.local_table)
        self._look()

    @property
    def reads_first(self) -> bool:
        """Tell whether anything has to be read before the statement runs."""
        return True

    def _look(self) -> None:
        raise NotImplementedError

    def attempt(self, read: Callable[[], object]) -> bool:
        """Read what the caller must not be harmed by; tell whether it went well."""
        try:
            read()
        except Exception as error:
            if is_lost(error):
                raise
            self.failures.append(("read", self.plans[0], None, error))
            return False
        return True

    # -- reading ---------------------------------------------------------------------------------

    def rows(self, keys: Iterable[Key], lock: bool = False) -> Found:
        """Return rows by key, as stored, each under the plan of its own class."""
        found: Found = {}
        for plan, some in self._kinds(list(keys)).items():
            if plan is not None:
                found[plan] = stored_rows(self.connection, plan, some, lock)
        return found

    def as_stored(self, key: Iterable[Any]) -> Key:
        """Return a key that the caller gave as the database gives it back."""
        return as_stored(self.dml.mapper.primary_key, tuple(key))

    def _kinds(self, keys: list[Key]) -> dict[Plan | None, list[Key]]:
        """Sort keys by the class that each row's discriminator names."""
        mapper = self.dml.mapper
        if not keys or not self.is_polymorphic:
            return {self.plan: keys}
        kinds: dict[Plan | None, list[Key]] = {}
        with reading(self.connection):
            for some in batches(keys):
                statement = (
                    select(*mapper.primary_key, self.discriminator)
                    .select_from(mapper.persist_selectable)
                    .where(key_in(mapper.primary_key, some))
                )
                for *key, kind in self.connection.execute(statement):
                    plan = self.registry.plan_of(mapper.polymorphic_map.get(kind, mapper))
                    kinds.setdefault(plan, []).append(tuple(key))
        return kinds

    def with_paths(self, changes: list[Change], rows: Found) -> list[Change]:
        """Add what dotted paths lead to, where a policy has any."""
        for plan in {change.plan for change in changes if change.plan.paths}:
            targets = [
                (rows[plan].get(change.key, change.values), change)
                for change in changes if change.plan is plan
            ]
            self.attempt(partial(self._follow, plan, targets))
        return changes

    def _follow(self, plan: Plan, targets: list[tuple[Row, Change]]) -> None:
        for change, values in follow_paths(plan, targets, self.session, self.connection):
            change.values.update(values)

    # -- many at once ----------------------------------------------------------------------------

    def matched(self, result: Any) -> int | None:
        """Return how many rows the statement matched, where that can be asked without harm.

        The driver counts RETURNING rows as they are fetched: asking would fix the answer.
        """
        rowcount = None if self.dml.returns_rows else getattr(result, "rowcount", None)
        return None if rowcount is None or rowcount < 0 else rowcount

    def summarised(self, count: int | None, moment: Moment,
                   cascaded: Mapping[str, int] | None = None) -> list[Change]:
        """Tell of rows together: how many, which criteria, which columns.

        Of more rows than the statement matched, nothing is told that was found beforehand.
        """
        found = dict(self.summary or {})
        if count is not None and count < found.get("count", count):
            found, cascaded = {}, None
        told = {"count": count, "criteria": self.dml.criteria(), **found}
        if told["count"] == 0:
            return []
        plan = self.plan or self.plans[0]
        new: Values = {}
        if self.operation == "update":
            given = self.dml.assigned()
            for name in sorted(self.dml.touched() & plan.counted_set):
                known = name in given and not is_expression(given[name])
                new[name] = canonical(plan, given, (name,))[name] if known else UNKNOWN
        return [Change(plan, (Untold(),), self.operation, {}, *moment,
                       dict.fromkeys(new, UNKNOWN), new, cascaded=cascaded,
                       summary={name: value for name, value in told.items()
                                if value is not None or name == "count"})]

    def rest(self, result: Any, moment: Moment, missing: int = 0) -> list[Change]:
        """Tell of rows that matched and were not found beforehand, or ``missing`` afterwards."""
        count = self.matched(result)
        missing += 0 if count is None else max(count - self.seen, 0)
        return self.summarised(missing, moment) if missing else []
