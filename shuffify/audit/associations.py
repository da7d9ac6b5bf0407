"""Many-to-many: what a flush wrote between two models, as changes of the object that owns it.

The unit of work writes an association table from the histories of both collections, of whichever
are loaded, each pair once. We read the same histories. Which collection was changed in Python, and
what was loaded, is chance, so it does not decide whose change it is: a pair belongs to the side
whose relationship was declared first, of those whose model is audited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy.orm import Mapper, PassiveFlag, RelationshipProperty

from .change import label_in
from .columns import columns_of
from .compare import canonical
from .keys import entity_id_of
from .links import Difference
from .notes import Notes, PlanOf
from .plan import Plan
from .policy import declared
from .reading import Row
from .secrecy import is_secret
from .states import State

Relationship: TypeAlias = RelationshipProperty[Any]
Reader: TypeAlias = Callable[[Plan, list[State]], dict[State, Row]]


class Way(NamedTuple):
    """A collection over an association table, and the one under whose name it is told."""

    here: Relationship
    told: Relationship


WaysOf: TypeAlias = Callable[[Mapper[Any]], tuple[Way, ...]]


def ways_from(mapper: Mapper[Any], plan_of: PlanOf) -> tuple[Way, ...]:
    """Find a mapper's collections over association tables that leave a trace."""
    ways = []
    for here in mapper.relationships:
        if here.secondary is None or here.viewonly:
            continue
        sides = [side for side in (here, *here._reverse_property) if _is_told(side, plan_of)]
        if sides:
            ways.append(Way(here, min(sides, key=_order)))
    return tuple(ways)


def _is_told(side: Relationship, plan_of: PlanOf) -> bool:
    plan = plan_of(side.parent)
    return plan is not None and not side.viewonly and side.key not in plan.policy.ignore


def _order(side: Relationship) -> int:
    return int(side._creation_order)


def differences_of(notes: Notes, plan_of: PlanOf, ways_of: WaysOf, read: Reader
                   ) -> dict[State, dict[str, Difference]]:
    """Return what a flush changed in collections, by the object that owns them."""
    pairs: dict[tuple[State, str, State], bool] = {}
    for owner, name, linked, came in _pairs(notes, ways_of):
        pairs[owner, name, linked] = came
    if not pairs:
        return {}
    labels = _labels({linked for _, _, linked in pairs}, notes, plan_of, read)
    found: dict[State, dict[str, Difference]] = {}
    for (owner, name, linked), came in pairs.items():
        differences = found.setdefault(owner, {})
        difference = differences.setdefault(name, Difference({}, {}))
        side: Any = difference.added if came else difference.removed
        side[key_of(linked)] = labels[linked]
    return found


def _pairs(notes: Notes, ways_of: WaysOf) -> Iterator[tuple[State, str, State, bool]]:
    context = notes.flush_context
    mapper: Any = None
    ways: tuple[Any, ...] = ()
    for state, (is_delete, list_only) in list(notes.states.items()):
        if list_only:
            continue
        if state.mapper is not mapper:
            mapper = state.mapper
            ways = ways_of(mapper)
        for here, told in ways:
            added, unchanged, deleted = context.get_attribute_history(
                state, here.key, PassiveFlag.PASSIVE_NO_INITIALIZE
            )
            gone = (*unchanged, *deleted) if is_delete else deleted
            for other, came in (*((one, False) for one in gone),
                                *((one, True) for one in added if not is_delete)):
                if other is None or not (other.persistent or other.pending):
                    # Never saved, or deleted by an earlier flush, which told of its links: the
                    # unit of work writes nothing.
                    continue
                owner, linked = (state, other) if told is here else (other, state)
                yield owner, told.key, linked, came


def key_of(state: State) -> tuple[Any, ...]:
    """Return an object's key as it stands after the flush."""
    names = [state.mapper.get_property_by_column(one).key for one in state.mapper.primary_key]
    known = dict(zip(names, state.key[1], strict=True)) if state.key is not None else {}
    return tuple([state.dict.get(name, known.get(name)) for name in names])


def _key_in_words(state: State) -> str:
    key = ":".join(map(str, key_of(state)))
    mapper = state.mapper
    policy = declared(mapper.class_)
    columns = columns_of(mapper)
    names = [mapper.get_property_by_column(one).key for one in mapper.primary_key]
    if any(is_secret(policy, name, columns[name]) for name in names):
        return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    return key


def _labels(states: set[State], notes: Notes, plan_of: PlanOf, read: Reader) -> dict[State, str]:
    """Name the linked objects as their own policies do; unaudited ones by their keys alone."""
    labels: dict[State, str] = {}
    by_plan: dict[Plan, list[State]] = {}
    for state in states:
        labels[state] = f"#{_key_in_words(state)}"
        plan = plan_of(state.mapper)
        if plan is not None:
            by_plan.setdefault(plan, []).append(state)
    for plan, some in by_plan.items():
        columns = [name for name in plan.label if name in plan.columns]
        rows = {state: {**state.dict, **notes.known.get(state, {})} for state in some}
        unknown = [state for state, row in rows.items() if not row.keys() >= set(columns)]
        for state, row in (read(plan, unknown) if unknown else {}).items():
            rows[state].update(row)
        for state, row in rows.items():
            named = label_in(plan, canonical(plan, row, columns))
            labels[state] = named or f"#{entity_id_of(plan, key_of(state))}"
    return labels
