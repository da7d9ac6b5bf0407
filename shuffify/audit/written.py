"""What a flush wrote, sorted by model into created, updated and deleted.

Why `flush_context.states` and not `session.new`, `.dirty` and `.deleted`: a delete-orphan child
stands in `dirty` or nowhere, its children nowhere at all, and no-op objects stand in `dirty`
too. The flush's own list has every state that it saved or deleted. It is not documented and is
the same in SQLAlchemy 2.0 and 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Final

from .notes import Flags, Notes, PlanOf
from .plan import Plan
from .states import State

DELETED: Final = (True, False)
"""What a flush says of a state whose row it deletes: a delete, and not listed only."""


SWITCHED: Final = (True, True)
"""What it says of a state whose delete became an update, because a new object took its key."""


def written(states: Flags, plan_of: PlanOf) -> dict[Plan, list[list[State]]]:
    """Sort what a flush wrote by model into created, updated and deleted."""
    by_plan: dict[Plan, list[list[State]]] = {}
    mapper = plan = lists = None
    for state, (is_delete, list_only) in states.items():
        if list_only:
            continue
        if state.mapper is not mapper:
            mapper = state.mapper
            plan = plan_of(mapper)
            if plan is None:
                continue
            lists = by_plan.setdefault(plan, [[], [], []])
        elif plan is None:
            continue
        assert lists is not None
        lists[2 if is_delete else 0 if state.key is None else 1].append(state)
    return by_plan


def in_order(by_plan: Mapping[Plan, list[list[State]]], notes: Notes
             ) -> Iterator[tuple[Plan, list[State]]]:
    """Yield what a flush deleted, in the order of its deletes; what was missing is left out.

    What it deletes is a set, and where objects of one table refer to each other, or classes share
    one, only the events tell in which order.
    """
    gone = [(plan, state) for plan, lists in by_plan.items() for state in lists[2]
            if state not in notes.missing]
    if len(gone) > 1:
        order = {state: number for number, state in enumerate(notes.heard)}
        gone.sort(key=lambda one: order.get(one[1], len(order)))
    for plan, some in groupby(gone, itemgetter(0)):
        yield plan, [state for _, state in some]
