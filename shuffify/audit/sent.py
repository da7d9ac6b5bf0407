"""Rows as a flush's statements had them, where a hook may set attributes afterwards.

The unit of work writes no more of an object whose statement it has sent, and takes for saved
whatever stands in it at the flush's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.orm import LoaderCallableStatus, Session

from .change import Values
from .plan import Plan
from .reading import Row
from .states import State, is_left_alone

UNSAID: Final = LoaderCallableStatus.NO_VALUE
"""Stands for the value of a column that an object's statement did not name."""


class Sent:
    """What the statements of one flush had of each object."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[State, tuple[Row, frozenset[str]]] = {}

    def note(self, states: Iterable[State], table: Any) -> None:
        """Note what is about to be sent to a table."""
        for state in states:
            if table is None or table in state.mapper.tables:
                self._rows[state] = dict(state.dict), frozenset(state.committed_state)

    def __contains__(self, state: State) -> bool:
        return state in self._rows

    def late(self, plan: Plan, state: State) -> Values:
        """Return what the row has in the columns whose attributes were set too late."""
        if state not in self:
            return {}
        row, _ = self._rows[state]
        values, now = state.committed_state, state.dict
        late = {name: values[name] for name in self.unwritten(plan, state)}
        for name in values.keys() & plan.all - plan.second - late.keys():
            if row.get(name) is not now.get(name):
                late[name] = row.get(name, UNSAID)
        return late

    def unwritten(self, plan: Plan, state: State, known: Row | None = None) -> frozenset[str]:
        """Return the columns whose attributes were first set when the statement had been sent.

        Without one, those that nobody had loaded: ``known`` has what was read when it was due.
        """
        values = state.committed_state
        if state not in self:
            return frozenset(name for name, before in values.items()
                             if before is UNSAID and known is None)
        _, set_in_time = self._rows[state]
        # A `post_update` is a statement of its own, which no event tells.
        return plan.all & values.keys() - set_in_time - plan.second

    def in_question(self, plan: Plan, state: State) -> Values:
        """Return the old values of an altered object that no statement was seen for.

        Most likely there was none; but a listener may have executed it in our place.
        """
        if state in self:
            return {}
        return {name: before for name, before in state.committed_state.items()
                if name in plan.counted_set - plan.second
                and not is_left_alone(state, name, before, state.dict.get(name))}

    def is_open(self, plan: Plan, state: State) -> bool:
        """Tell whether only the database knows what one of those columns has."""
        return any(value is UNSAID for value in self.late(plan, state).values())


def may_be_altered(session: Session, mappers: Iterable[Any]) -> bool:
    """Tell whether anybody else hears of a flush, and may set attributes in its midst."""
    if len(session.dispatch.after_flush) > 1:
        return True
    return any(
        heard.after_insert or heard.after_update or heard.after_delete
        or max(map(len, (heard.before_insert, heard.before_update, heard.before_delete))) > 1
        for heard in (mapper.dispatch for mapper in mappers)
    )
