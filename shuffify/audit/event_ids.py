"""The identities of events: ascending in time, so that an index on them grows at its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

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
