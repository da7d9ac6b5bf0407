"""The identities of events: ascending in time, so that an index on them grows at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .change import Change

_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_event_ids(number: int, at: datetime, random: bytes) -> list[str]:
    """Return UUIDs of version 7, ascending; ``random`` holds 8 bytes for each."""
    milliseconds = (at - _EPOCH) // _MILLISECOND & 0xFFFFFFFFFFFF
    head = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7"
    ids = []
    text_ = random.hex()
    for index in range(number):
        tail = text_[index * 16: index * 16 + 16]
        ids.append(f"{head}{index & 0xFFF:03x}-{_VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}")
    return ids


def heirs(changes: Sequence[Change], ids: Sequence[str]) -> dict[str, str]:
    """Map events by which objects gave up keys to those, before them, by which others took these.

    Changes are netted: of two objects that exchange their keys, the first to be told of takes the
    key that the second seems to have still.
    """
    found: dict[str, str] = {}
    taken: dict[Any, str] = {}
    for change, event_id in zip(changes, ids, strict=True):
        former = change.former_key and taken.get((change.plan.root, change.former_key))
        if former:
            found[event_id] = former
        if change.former_key is not None or change.operation == "create":
            taken[change.plan.root, change.key] = event_id
    return found
