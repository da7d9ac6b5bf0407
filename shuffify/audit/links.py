"""What many-to-many collections lost and gained, netted as sets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias


class Difference(NamedTuple):
    """One collection's links that went and that came: by the linked object's key, its label."""

    removed: Mapping[Any, str]
    added: Mapping[Any, str]


Links: TypeAlias = Mapping[str, Difference]
"""The differences of one object's collections, by the relationship's name."""

NO_LINKS: Final[Links] = {}


def net_links(first: Links, second: Links) -> Links:
    """Return what two changes of an object's collections come to, in this order."""
    if not second:
        return first
    if not first:
        return second
    net = {}
    for name in first.keys() | second.keys():
        one, two = first.get(name, _NOTHING), second.get(name, _NOTHING)
        both = Difference(
            {**_without(one.removed, two.added), **_without(two.removed, one.added)},
            {**_without(one.added, two.removed), **_without(two.added, one.removed)},
        )
        if both != _NOTHING:
            net[name] = both
    return dict(sorted(net.items()))


_NOTHING: Final = Difference({}, {})


def _without(these: Mapping[Any, str], others: Mapping[Any, str]) -> dict[Any, str]:
    return {key: label for key, label in these.items() if key not in others}


def told(difference: Difference, operation: str) -> list[Any] | None:
    """Return a collection's difference as the trail shows it: names removed, names added.

    A new object had none before and a deleted one has none after; None where nothing is left.
    """
    removed: Any = list(difference.removed.values())
    added: Any = list(difference.added.values())
    if operation == "create":
        removed = None
    elif operation == "delete":
        added = None
    return [removed, added] if removed or added else None
