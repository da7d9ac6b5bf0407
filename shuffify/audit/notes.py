"""Notes of one flush: what was learnt of its objects, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from .change import Values
from .errors import is_lost
from .ledger import Identity, Scene
from .plan import Plan
from .reading import Row
from .states import IMMUTABLE, State, is_expression

Flags = dict[State, tuple[bool, bool]]
"""What a flush does to each object: whether it deletes it, and whether it only lists it."""
PlanOf = Callable[[Any], "Plan | None"]


class Notes:
    """Notes of one flush, taken before its statements: what can no longer be learnt afterwards."""

    __slots__ = ("flush_context", "doubted", "states", "known", "befores", "computed", "paths",
                 "cascaded", "missing", "seen", "failures", "heard", "sent", "aside",
                 "scene", "_taken", "_told", "_going")

    def __init__(self, flush_context: Any, doubted: Set[Identity] = frozenset()) -> None:
        self.flush_context = flush_context
        self.doubted = doubted
        """Objects that may hold what was undone, or what a statement left stale: the database is
        asked for all of their values."""
        self.states: Flags = flush_context.states
        self.known: dict[State, Row] = {}
        """Rows as they were read; of what is deleted, all that was known of it."""
        self.befores: dict[State, Values] = {}
        """What each updated object told of its old values: a hook that reloads it loses them."""
        self.computed: dict[State, Values] = {}
        self.paths: dict[State, Values] = {}
        self.cascaded: dict[State, dict[str, int]] = {}
        self.missing: set[State] = set()
        """Objects to be deleted that an earlier flush had deleted: no row of theirs is there."""
        self.seen: set[State] = set()
        """States that were looked at; no row is asked for twice, nor after its statement."""
        self.failures: list[tuple[str, Plan, State | None, Exception]] = []
        """Reads that failed, for the trail to count and log: (stage, model, object, error)."""
        self.heard: list[State] = []
        """What the flush has announced, in its order: a batch's events, then its statements."""
        self.sent = 0
        """How many of these are written."""
        self.aside = False
        """Whether a hook is sending an allowed statement by key, which is none of the flush's."""
        self.scene: Scene | None = None
        """That of the first announcement: what a hook binds or opens is none of the flush's."""
        self._taken = 0
        self._told: set[State] = set()
        self._going: dict[Any, State] | None = None

    @property
    def is_under_way(self) -> bool:
        """Tell whether the flush goes on; one that failed leaves its notes behind."""
        own = getattr(self.flush_context, "transaction", None)
        return own is not None and bool(own.is_active)

    @property
    def going(self) -> dict[Any, State]:
        """Return what is to be deleted by class and key; only once the flush has sorted it out."""
        if self._going is None:
            self._going = {
                state.key[:2]: state for state, (is_delete, _) in self.states.items()
                if is_delete and state.key is not None
            }
        return self._going

    def sends(self, table: Any, plan_of: PlanOf) -> None:
        """Note that what was announced is being written, if a mapper's statement is of its table.

        A hook may send one of another class by key, before what it is called for is written.
        """
        announced = self.heard[self.sent:]
        if table is None or any(table in state.mapper.tables for state in announced):
            self.sent = len(self.heard)
            mapper, is_ours_alone = None, True
            for state in announced:
                if state.mapper is not mapper:
                    mapper = state.mapper
                    is_ours_alone = len(mapper.dispatch.before_update) == 1
                if not is_ours_alone and state.key is not None:
                    # What hooks have set that came after our own.
                    self.note_expressions(plan_of(mapper), state)

    def note_expressions(self, plan: Plan | None, state: State) -> None:
        """Note the old values in place of which an UPDATE sets what only the database knows."""
        if plan is None:
            return
        counted, row = plan.counted_set, state.dict
        for name, before in state.committed_state.items():
            if name in counted:
                value = row.get(name)
                if value.__class__ not in IMMUTABLE and is_expression(value):
                    self.computed.setdefault(state, {}).setdefault(name, before)

    def take_written(self, plan_of: PlanOf) -> Flags:
        """Hand out what is written and was not yet handed out, each with what is done to it.

        Whose columns a second UPDATE sets, of which no event tells, waits for the flush's end.
        """
        found = {}
        for state in self.heard[self._taken:self.sent]:
            plan, flags = plan_of(state.mapper), self.states[state]
            if plan is not None and (flags[0] or not plan.post_updates):
                found[state] = flags
        self._taken = self.sent
        self._told.update(found)
        return found

    def take_rest(self) -> Flags:
        """Hand out all that was not yet handed out; the flush has come to its end."""
        if not self._told:
            return self.states
        return {state: flags for state, flags in self.states.items() if state not in self._told}

    def are_of(self, transaction: Any) -> bool:
        """Tell whether a transaction is the one that this flush has opened inside the others."""
        return getattr(self.flush_context, "transaction", None) is transaction

    def attempt(self, plan: Plan, read: Callable[[], None]) -> None:
        """Read what it costs no row to go without."""
        try:
            read()
        except Exception as error:
            if is_lost(error):
                raise
            self.failures.append(("read", plan, None, error))
