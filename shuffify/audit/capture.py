"""From SQLAlchemy's unit of work to Changes: what a flush really wrote, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import LoaderCallableStatus, Session

from .associations import WaysOf, differences_of, key_of
from .beforehand import lost_befores, row_before
from .canonical import UNKNOWN
from .change import Change, Values, switched
from .context import AuditContext
from .errors import is_lost
from .links import NO_LINKS, Links
from .notes import Flags, Notes, PlanOf
from .paths import follow_paths
from .plan import Plan
from .ranks import rank_of
from .reading import Row, rows_by_key
from .states import IMMUTABLE, State, by_key, is_frozen, is_left_alone
from .written import DELETED, SWITCHED, in_order, written


class Capture:
    """Turns the notes and states of one finished flush into Changes, in a stable order."""

    def __init__(self, notes: Notes, session: Session, connection: Callable[[Plan], Connection],
                 context: AuditContext, at: datetime) -> None:
        self.notes = notes
        self.session = session
        self.connection = connection
        self.context = context
        self.at = at
        self.computed: dict[State, Row] = {}
        self.going: Mapping[Any, State] = {}
        self.links: Mapping[State, Links] = {}
        self.failures = notes.failures
        """What went wrong, for the trail to count and log: (stage, model, object, error)."""

    def changes(self, states: Flags, plan_of: PlanOf, ways_of: WaysOf, is_last: bool = True
                ) -> Iterator[Change]:
        """Yield creates and updates, parents first, then links, then deletes, as they were made.

        What a deleted object lost is told with its delete: alone, it might seem put back first.
        Other links are told when the flush is at its end.
        """
        by_plan = written(states, plan_of)
        plans = list(by_plan)
        if len(plans) > 1:
            plans.sort(key=rank_of)
        for plan in plans:
            created, updated, _ = by_plan[plan]
            if created:
                yield from self._created(plan, created)
            if updated:
                yield from self._updated(plan, updated)
        deletes = list(in_order(by_plan, self.notes))
        if is_last or deletes:
            self.links = differences_of(self.notes, plan_of, ways_of, self._states)
        for owner, links in self.links.items():
            if is_last and self.notes.states.get(owner) != DELETED:
                yield from self._linked(plan_of(owner.mapper), owner, links)
        for plan, deleted in deletes:
            yield from self._each(plan, deleted, self._deleted)

    def _created(self, plan: Plan, states: list[State]) -> Iterator[Change]:
        states.sort(key=attrgetter("insert_order"))
        self.going = self.notes.going
        self._fetch(plan, states)
        changes = self._each(plan, states, self._creation)
        yield from self._with_paths(plan, changes, states) if plan.paths else changes

    def _creation(self, plan: Plan, state: State) -> Change | None:
        row = state.dict
        values: Values = {}
        get = row.get
        for name, natives, canon in plan.items:
            value = get(name)
            values[name] = value if value.__class__ in natives else canon(value)
        key = tuple([get(name) for name in plan.primary_key])
        fetched = self.notes.known.get(state) if self.notes.known else None
        if fetched is not None:
            for name in state.expired_attributes & plan.all:
                values[name] = plan.canonical(name, fetched.get(name))
        made = Change(plan, key, "create", values, self.context, self.at)
        gone = self.going.get((plan.root, key)) if self.going else None
        if gone is None or self.notes.states[gone] != SWITCHED:
            return made
        # Of a row that is missing nothing was made: the unit of work inserts none in its place.
        return None if gone in self.notes.missing else self._switch(plan, gone, made, state)

    def _updated(self, plan: Plan, states: list[State]) -> Iterator[Change]:
        if len(states) > 1:
            states.sort(key=by_key)
        befores, computed = self.notes.befores, self.notes.computed
        for state in states:
            kept = befores.get(state)
            if kept and not kept.keys() <= state.committed_state.keys():
                lost = lost_befores(plan, state, kept)
                if lost:
                    computed[state] = {**lost, **computed.get(state, {})}
        if computed:
            self._compute(plan, [state for state in states if state in computed])
        changes = self._each(plan, states, self._update)
        yield from self._with_paths(plan, changes, states) if plan.paths else changes

    def _fetch(self, plan: Plan, states: list[State]) -> None:
        """Read what the database itself filled in for new rows, and nobody has asked for yet."""
        untold = [
            state for state in states
            if state.expired_attributes and not plan.all.isdisjoint(state.expired_attributes)
        ]
        if not untold:
            return
        rows = self._rows(plan, [plan.key_of(state.dict) for state in untold])
        for state in untold:
            self.notes.known[state] = rows.get(plan.key_of(state.dict), {})

    def _compute(self, plan: Plan, states: list[State]) -> None:
        """Read what SQL expressions came to, and what a hook has expired: nobody else knows."""
        keys = {state: key_of(state) for state in states}
        rows = self._rows(plan, list(keys.values()))
        self.computed.update((state, rows.get(key, {})) for state, key in keys.items())

    def _states(self, plan: Plan, states: list[State]) -> dict[State, Row]:
        rows = self._rows(plan, [key_of(state) for state in states])
        return {state: rows[key_of(state)] for state in states if key_of(state) in rows}

    def _linked(self, plan: Plan | None, owner: State, links: Links) -> Iterator[Change]:
        """Tell of an owner's collections; the ledger nets it with what else befell the owner."""
        if plan is None:
            return  # A class below the one that is audited may say that it is not.
        row: Row = {**self.notes.known.get(owner, {}), **owner.dict}
        if not row.keys() >= plan.cells:
            row = {**self._states(plan, [owner]).get(owner, {}), **row}
        values = self._cells(plan, row, {})
        change = Change(plan, key_of(owner), "update", values, self.context, self.at, links=links)
        yield from self._with_paths(plan, [change], [owner]) if plan.paths else (change,)

    def _rows(self, plan: Plan, keys: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row]:
        if not keys:
            return {}
        try:
            return rows_by_key(self.connection(plan), plan, keys)
        except Exception as error:
            if is_lost(error):
                raise
            self.failures.append(("read", plan, None, error))
            return {}

    def _update(self, plan: Plan, state: State) -> Change | None:
        notes, row = self.notes, state.dict
        known = notes.known.get(state) if notes.known else None
        befores: Any = state.committed_state
        computed = notes.computed.get(state) if notes.computed else None
        if computed:
            result = self.computed.get(state, {})
            row = {**result, **row, **{name: result.get(name, UNKNOWN) for name in computed}}
            befores = {**befores, **computed}
        elif not befores:
            return None
        old: Values = {}
        new: Values = {}
        for name, before in befores.items():
            if name not in plan.counted_set:
                continue
            natives, canon = plan.canon[name]
            after = row.get(name)
            if before.__class__ not in IMMUTABLE and is_left_alone(state, name, before, after):
                continue
            if after.__class__ not in natives:
                after = canon(after)
            if before.__class__ not in IMMUTABLE:
                if known is not None:
                    before = known.get(name)
                elif before.__class__ is LoaderCallableStatus or not is_frozen(before):
                    before = UNKNOWN
            if before is not UNKNOWN and before.__class__ not in natives:
                before = canon(before)
            if before != after:
                old[name], new[name] = before, after
        if not old:
            return None
        values = self._cells(plan, row if known is None else {**known, **row}, new)
        assert state.key is not None
        key = former = state.key[1]
        if not old.keys().isdisjoint(plan.primary_key) and not any(
            new.get(name) is UNKNOWN for name in plan.primary_key
        ):
            key = plan.key_of(row)
        return Change(plan, key, "update", values, self.context, self.at, old, new,
                      None if key == former else former)

    @staticmethod
    def _cells(plan: Plan, row: Row, new: Values) -> Values:
        values: Values = {}
        for name in plan.cells:
            value = row.get(name)
            natives, canon = plan.canon[name]
            values[name] = value if value.__class__ in natives else canon(value)
        values.update(new)
        return values

    def _deleted(self, plan: Plan, state: State) -> Change:
        assert state.key is not None
        row = self._row_before(plan, state)
        values: Values = {}
        for name, natives, canon in plan.items:
            value = row.get(name)
            values[name] = value if value.__class__ in natives else canon(value)
        values.update(self.notes.paths.get(state, ()))
        return Change(plan, state.key[1], "delete", values, self.context, self.at,
                      cascaded=self.notes.cascaded.get(state),
                      links=self.links.get(state, NO_LINKS))

    def _row_before(self, plan: Plan, state: State) -> Row:
        return self.notes.known.get(state) or row_before(plan, state, self.notes)

    def _switch(self, plan: Plan, gone: State, made: Change, state: State
                ) -> Change | None:
        """Net a delete and a re-creation that the unit of work made one UPDATE.

        It leaves alone what nobody said of the new object, not even by a default.
        """
        before = self._deleted(plan, gone)
        unread = plan.all - self._row_before(plan, gone).keys()
        before.values.update((name, UNKNOWN) for name in unread if name in gone.manager)
        for name in plan.all - state.dict.keys() - state.expired_attributes:
            made.values[name] = before.values.get(name)
        return switched(before, made)

    def _with_paths(self, plan: Plan, changes: Iterable[Change], states: list[State]
                    ) -> list[Change]:
        ready = list(changes)
        known = self.notes.known
        rows = {
            plan.key_of(state.dict): {**known.get(state, {}), **state.dict} for state in states
        }
        try:
            targets = [(rows.get(change.key, change.values), change) for change in ready]
            for change, values in follow_paths(plan, targets, self.session, self.connection(plan)):
                change.values.update(values)
        except Exception as error:
            if is_lost(error):
                raise
            self.failures.append(("paths", plan, None, error))
        return ready

    def _each(self, plan: Plan, states: list[State], make: Callable[[Plan, State], Change | None]
              ) -> Iterator[Change]:
        for state in states:
            try:
                change = make(plan, state)
            except Exception as error:
                self.failures.append(("capture", plan, state, error))
                change = self._least(plan, state, make)
            if change is not None:
                yield change

    def _least(self, plan: Plan, state: State, make: Any) -> Change:
        """Say that something happened to an object of which no more can be told."""
        operation: Any = {"_creation": "create", "_update": "update"}.get(make.__name__, "delete")
        key = plan.key_of(state.dict) if state.key is None else state.key[1]
        touched = [name for name in state.committed_state if name in plan.counted_set]
        unknown = dict.fromkeys(touched, UNKNOWN) if operation == "update" else {}
        return Change(plan, key, operation, dict(zip(plan.primary_key, key, strict=True)),
                      self.context, self.at, unknown, unknown,
                      links=self.links.get(state, NO_LINKS) if operation == "delete" else NO_LINKS)
