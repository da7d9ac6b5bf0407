"""Bulk UPDATE and DELETE: their rows, read before and after the statement (rule A8).

No flush event sees an ORM-enabled statement. Its rows are found by its own WHERE with its own
parameters, locked as it would lock them, and read again by key once it has run. WHERE is evaluated
twice: rows that a volatile function in it chose only the second time are told of together, as are
those of more rows than the limit. The caller's statement and its result are left as they are.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any, Final

from sqlalchemy import literal, select, type_coerce
from sqlalchemy.orm import LoaderCriteriaOption

from .cascades import cascade_counts
from .change import Change, Values
from .compare import Key, Moment, altered, altered_unseen, deleted
from .keys import KeyDigest
from .look import Found, Look, in_order
from .paths import follow_paths
from .plan import Plan
from .reading import Row, stored_rows
from .savepoint import reading

KEYS_AT_ONCE: Final = 1000
"""Keys in memory while those of more rows than the limit are digested."""


class _Matching(Look):
    """A statement with a WHERE."""

    def _look(self) -> None:
        if self.dml.is_bulk:
            self._look_by_key()
        elif not self._look_by_criteria():
            self.before = {}
            self.summary = self._digest()

    def _look_by_key(self) -> None:
        keys = list(dict.fromkeys(
            self.as_stored(parameters[name] for name in self.key) for parameters in self.dml.sets
        ))
        if len(keys) > self.limit:
            self.summary = {"count": len(keys), "keys": KeyDigest(sorted(keys)).hexdigest()}
            return
        self.before = self.rows(keys, lock=True)
        self.seen = len(keys)

    def _look_by_criteria(self) -> bool:
        """Read the rows that match; tell whether they are few enough."""
        plan, whole = self.plan, self._has_whole_rows()
        columns = [getattr(self.dml.entity, name) for name in plan.columns] \
            if whole and plan is not None else []
        width = len(self.key)
        keys: dict[Key, tuple[Any, ...]] = {}
        statement = self._selection(*columns)
        if len(statement.get_final_froms()) == 1:
            statement = statement.limit(self.limit + 1)
        else:
            # A join finds a row as often as its criteria do.
            statement = statement.execution_options(yield_per=self.limit + 1)
        with reading(self.connection):
            for parameters in self.dml.sets:
                with self.connection.execute(statement, parameters) as found:
                    for row in found:
                        keys[tuple(row[:width])] = tuple(row[width:])
                        if len(keys) > self.limit:
                            return False
        self.seen = len(keys)
        if whole and plan is not None:
            names = tuple(plan.columns)
            self.before = {plan: {
                key: dict(zip(names, values[: len(names)], strict=True))
                for key, values in keys.items()
            }}
        else:
            self.before = self.rows(keys)
        self._note(keys)
        return True

    def _has_whole_rows(self) -> bool:
        return not self.is_polymorphic and not self.is_joined

    def _note(self, keys: dict[Key, tuple[Any, ...]]) -> None:
        """Take note of what was selected beside the rows."""

    def _selection(self, *columns: Any) -> Any:
        """Return the SELECT of the rows that the statement is about to touch, locked."""
        dml = self.dml
        if self.is_joined:
            # The statement touches its own table alone, and joins nothing that it does not name.
            start = dml.mapper.local_table
            key = [
                next(column for column in dml.mapper.attrs[name].columns
                     if column.table is start)
                for name in self.key
            ]
        else:
            start, key = dml.entity, [getattr(dml.entity, name) for name in self.key]
        statement = select(*key, *columns, *self._beside()).select_from(start)
        # Criteria narrow what is touched; what else RETURNING objects load is not ours to read.
        statement = statement.options(*(
            one for one in dml.statement._with_options if isinstance(one, LoaderCriteriaOption)
        ))
        if dml.statement.whereclause is not None:
            statement = statement.where(dml.statement.whereclause)
        return statement.with_for_update(of=start, key_share=self.operation == "update")

    def _beside(self) -> list[Any]:
        return []

    def _digest(self) -> dict[str, Any]:
        """Count the rows and digest their ids, in the order of their keys, few at a time."""
        digest, width = KeyDigest(), len(self.key)
        before = None
        with reading(self.connection):
            selection = self._selection()
            columns = list(selection.selected_columns)[:width]
            selection = selection.order_by(*columns).execution_options(yield_per=KEYS_AT_ONCE)
            for parameters in self.dml.sets:
                with self.connection.execute(selection, parameters) as found:
                    for some in found.partitions():
                        keys = list(dict.fromkeys(tuple(row[:width]) for row in some))
                        keys = keys[1:] if keys[0] == before else keys
                        digest.add(keys)
                        before = keys[-1] if keys else before
                        self._pass(keys)
        return {"count": digest.count, "keys": digest.hexdigest()}

    def _pass(self, keys: list[Key]) -> None:
        """Take note of some rows that are told together."""


class Update(_Matching):
    """A bulk UPDATE, by criteria or by the parameters' keys."""

    operation = "update"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.moved: dict[Key, Key] = {}
        """By key before: the key after, where the statement sets one."""

    def _beside(self) -> list[Any]:
        """Work out the new keys while the old ones still tell the rows apart."""
        given, first = self.dml.expressions(), self.dml.sets[0]
        if not self.dml.touched() & set(self.key):
            return []
        columns = []
        for name, column in zip(self.key, self.dml.mapper.primary_key, strict=True):
            value = given.get(name, literal(first[name]) if name in first else column)
            columns.append(type_coerce(value, column.type).label(f"audit_new_{name}"))
        return columns

    def _note(self, keys: dict[Key, tuple[Any, ...]]) -> None:
        if self.dml.touched() & set(self.key):
            width = len(self.key)
            self.moved = {key: beside[-width:] for key, beside in keys.items()}

    def changes(self, result: Any, moment: Moment) -> list[Change]:
        if self.summary is not None:
            return self.summarised(self.matched(result), moment)
        after: Found = {}

        def read() -> None:
            for plan, rows in self.before.items():
                keys = [self.moved.get(key, key) for key in rows]
                after[plan] = stored_rows(self.connection, plan, keys)

        is_read = self.attempt(read)
        touched = self.dml.touched()
        changes: list[Change | None] = []
        missing = 0
        for plan, rows in self.before.items():
            for former, before in rows.items():
                key = self.moved.get(former, former)
                now = after.get(plan, {}).get(key)
                if now is not None:
                    changes.append(altered(plan, key, before, now, moment, former))
                elif not is_read:
                    changes.append(altered_unseen(plan, key, before, touched, moment))
                else:
                    missing += 1  # Its key is another by what nobody could work out beforehand.
        found = in_order(change for change in changes if change is not None)
        return self.with_paths(found, after) + self.rest(result, moment, missing)


class Delete(_Matching):
    """A bulk DELETE: named while its rows stand, told if they are gone."""

    operation = "delete"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.paths: dict[tuple[Any, Key], Values] = {}
        self.cascaded: dict[tuple[Any, Key], dict[str, int]] = {}
        self.cascaded_together: Counter[str] = Counter()

    def _look(self) -> None:
        super()._look()
        for plan, rows in self.before.items():
            if plan.paths:
                self.attempt(partial(self._follow_beforehand, plan, rows))
            if rows:
                self.attempt(partial(self._count, plan, list(rows)))

    def _follow_beforehand(self, plan: Plan, rows: dict[Key, Row]) -> None:
        targets = [(row, (plan, key)) for key, row in rows.items()]
        self.paths.update(follow_paths(plan, targets, self.session, self.connection))

    def _pass(self, keys: list[Key]) -> None:
        edges = self.registry.edges_of(self.plan or self.plans[0], in_bulk=True)

        def count() -> None:
            for found in cascade_counts(self.connection, edges, keys).values():
                self.cascaded_together.update(found)

        if edges and keys:
            self.attempt(count)

    def _count(self, plan: Plan, keys: list[Key]) -> None:
        edges = self.registry.edges_of(plan, in_bulk=True)
        counts = cascade_counts(self.connection, edges, keys) if edges else {}
        self.cascaded.update(((plan, key), found) for key, found in counts.items())

    def changes(self, result: Any, moment: Moment) -> list[Change]:
        if self.summary is not None:
            return self.summarised(self.matched(result), moment, self.cascaded_together)
        left: Found = {}

        def read() -> None:
            for plan, rows in self.before.items():
                left[plan] = stored_rows(self.connection, plan, rows)

        if self.matched(result) != self.seen:
            self.attempt(read)
        found = in_order(
            deleted(plan, key, row, moment, self.paths.get((plan, key), {}),
                    self.cascaded.get((plan, key)))
            for plan, rows in self.before.items() for key, row in rows.items()
            if key not in left.get(plan, {})
        )
        return found + self.rest(result, moment)
