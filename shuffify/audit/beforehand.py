"""What a flush's statements make impossible to learn afterwards, learnt before them.

Old values that nobody loaded, names of what is about to be deleted, rows that the database will
cascade to: read before the statement that destroys them, at most once per class and flush.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection
from sqlalchemy.orm import LoaderCallableStatus, Session

from .cascades import Edges, cascade_counts
from .change import Values
from .notes import Notes, PlanOf
from .paths import follow_paths
from .plan import Plan
from .reading import Row, rows_by_key
from .states import IMMUTABLE, State, is_frozen


def look_before_update(plan: Plan, state: State, notes: Notes, connection: Connection) -> None:
    """Read the old values that the unit of work does not know, once per class and flush."""
    committed = state.committed_state
    if committed:
        notes.befores[state] = committed.copy()
    notes.note_expressions(plan, state)
    if state in notes.seen:
        return
    notes.seen.add(state)
    if state not in notes.known and _must_ask(plan, state, notes):
        mates = [
            other for other, (is_delete, list_only) in notes.states.items()
            if not (is_delete or list_only) and other.key is not None
            and other.mapper is state.mapper and other not in notes.seen
            and _must_ask(plan, other, notes)
        ]
        notes.seen.update(mates)
        _read(plan, [state, *mates], notes, connection)
        if notes.doubted:
            # As if the database worked out all of their values: it is asked once more after.
            notes.computed.update(
                (one, dict(notes.known[one])) for one in (state, *mates)
                if one in notes.known and _is_doubted(plan, one, notes)
            )


def look_before_delete(
    plan: Plan, state: State, notes: Notes, connection: Connection, edges: Edges,
    session: Session,
) -> None:
    """Read what is about to go: unloaded columns, names over relationships, cascaded rows."""
    if state in notes.seen:
        return
    going = [
        other for other, (is_delete, list_only) in notes.states.items()
        if is_delete and not list_only and other.key is not None and other.mapper is state.mapper
        and other not in notes.seen
    ]
    notes.seen.update(going)
    _read(plan, [other for other in going if _must_ask_all(plan, other, notes)], notes, connection)
    # Now, for a hook may expire what is deleted.
    notes.known.update((other, row_before(plan, other, notes)) for other in going)

    def follow() -> None:
        targets = [(notes.known[other], other) for other in going]
        notes.paths.update(follow_paths(plan, targets, session, connection))

    def count() -> None:
        counts = cascade_counts(connection, edges, [other.key[1] for other in going if other.key])
        for other in going:
            found = counts.get(other.key[1]) if other.key else None
            if found:
                notes.cascaded[other] = found

    if plan.paths:
        notes.attempt(plan, follow)
    if edges:
        notes.attempt(plan, count)


def look_before_switch(plan: Plan, state: State, notes: Notes, connection: Connection,
                       plan_of: PlanOf) -> None:
    """Read rows that new objects are about to take over: deleted ones of their keys are there.

    The unit of work makes one UPDATE of the two, which no event announces.
    """
    gone = _replaced(plan, state, notes)
    gone_plan = None if gone is None else plan_of(gone.mapper)
    if gone is None or gone_plan is None:
        return
    mates = [
        _replaced(plan, other, notes) for other, (is_delete, list_only) in notes.states.items()
        if not (is_delete or list_only) and other.key is None and other.mapper is state.mapper
    ]
    going = [one for one in mates if one is not None and one.mapper is gone.mapper]
    _read(gone_plan, [one for one in going if _must_ask_all(gone_plan, one, notes)], notes,
          connection)
    notes.known.update((one, row_before(gone_plan, one, notes)) for one in going)


def _replaced(plan: Plan, state: State, notes: Notes) -> State | None:
    """Return whose row a new object takes over, unless it is known."""
    gone = notes.going.get((plan.root, plan.key_of(state.dict)))
    return None if gone in notes.known else gone


def _must_ask(plan: Plan, state: State, notes: Notes) -> bool:
    committed = state.committed_state
    if not committed:
        return False
    if notes.doubted and not plan.counted_set.isdisjoint(committed) and _is_doubted(
        plan, state, notes
    ):
        return True
    for name, columns in plan.post_updates:
        # Their columns are set after this UPDATE, whose events are the only ones.
        if name in committed and not state.dict.keys() >= columns:
            return True
    changed = False
    for name, before in committed.items():
        if name in plan.counted_set:
            if before.__class__ not in IMMUTABLE and (
                before.__class__ is LoaderCallableStatus or not is_frozen(before)
            ):
                return True
            changed = True
    return changed and not state.dict.keys() >= plan.cells


def _must_ask_all(plan: Plan, state: State, notes: Notes) -> bool:
    if state.was_deleted or not state.dict.keys() >= plan.all:
        return True
    if notes.doubted and _is_doubted(plan, state, notes):
        return True
    for name, before in state.committed_state.items():
        if name in plan.all and before.__class__ not in IMMUTABLE:
            return True
    return False


def _is_doubted(plan: Plan, state: State, notes: Notes) -> bool:
    if state.key is None:
        return False
    key = state.key[1] if plan.key_form is None else plan.key_form(state.key[1])
    return (plan.root, key) in notes.doubted or (plan.root, ()) in notes.doubted


def _read(plan: Plan, states: list[State], notes: Notes, connection: Connection) -> None:
    def read() -> None:
        rows = rows_by_key(connection, plan, [state.key[1] for state in states if state.key])
        for state in states:
            row = rows.get(state.key[1]) if state.key else None
            if row is not None:
                notes.known[state] = row
            elif state.was_deleted:
                notes.missing.add(state)

    if states:
        notes.attempt(plan, read)


def lost_befores(plan: Plan, state: State, kept: Values) -> Values:
    """Return old values that an object had before its UPDATE and has no more: it was reloaded."""
    return {name: before for name, before in kept.items()
            if name not in state.committed_state and name in plan.counted_set}


def row_before(plan: Plan, state: State, notes: Notes) -> Row:
    """Return a row as the database had it before this flush."""
    known = notes.known.get(state)
    row = dict(state.dict) if known is None else {**state.dict, **known}
    for name, before in state.committed_state.items():
        if name in plan.all and before.__class__ is not LoaderCallableStatus and (
            known is None or name not in known
        ):
            row[name] = before
    return row
