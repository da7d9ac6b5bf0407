"""From rows as a SELECT found them, before and after a statement, to Changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from .canonical import UNKNOWN
from .change import Change, Values
from .context import AuditContext
from .plan import Plan
from .reading import Row
from .states import IMMUTABLE

Key = tuple[Any, ...]

_JSON: Final = frozenset({dict, list})
"""Python calls ``{"a": 1}`` and ``{"a": True}`` equal, databases do not; their texts differ."""


class Moment(NamedTuple):
    """Who changed something, and when."""

    context: AuditContext
    at: datetime


def canonical(plan: Plan, row: Row, names: Iterable[str]) -> Values:
    """Return some of a row's values as the trail keeps them."""
    values = {}
    for name in names:
        value = row.get(name)
        natives, canon = plan.canon[name]
        values[name] = value if value.__class__ in natives else canon(value)
    return values


def created(plan: Plan, key: Key, row: Row, moment: Moment) -> Change:
    """Return the creation of a row."""
    return Change(plan, key, "create", canonical(plan, row, plan.columns), *moment)


def deleted(plan: Plan, key: Key, row: Row, moment: Moment, paths: Values,
            cascaded: dict[str, int] | None) -> Change:
    """Return the deletion of a row that was read before."""
    values = {**canonical(plan, row, plan.columns), **paths}
    return Change(plan, key, "delete", values, *moment, cascaded=cascaded)


def altered(plan: Plan, key: Key, before: Row, after: Row, moment: Moment,
            former: Key | None = None) -> Change | None:
    """Return what a statement changed of one row; None where nothing that counts did."""
    old: Values = {}
    new: Values = {}
    for name in plan.columns:
        if name not in plan.counted_set or _is_same(before.get(name), after.get(name)):
            continue
        one = canonical(plan, before, (name,))[name]
        two = canonical(plan, after, (name,))[name]
        if one != two:
            old[name], new[name] = one, two
    if not old:
        return None
    values = {**canonical(plan, after, plan.cells), **new}
    return Change(plan, key, "update", values, *moment, old, new,
                  None if former == key else former)


def altered_unseen(plan: Plan, key: Key, before: Row, touched: Iterable[str], moment: Moment
                   ) -> Change | None:
    """Return that a row was altered where the result could not be read."""
    names = [name for name in plan.columns if name in plan.counted_set and name in touched]
    if not names:
        return None
    new = dict.fromkeys(names, UNKNOWN)
    values = {**canonical(plan, before, plan.cells), **new}
    return Change(plan, key, "update", values, *moment, canonical(plan, before, names), new)


def _is_same(one: Any, two: Any) -> bool:
    """Tell values that need not be brought into canonical form to be equal."""
    if one is two:
        return True
    kind = one.__class__
    if kind is not two.__class__:
        return False
    return bool(one == two) if kind in IMMUTABLE else kind in _JSON and repr(one) == repr(two)
