"""What the trail counts of itself."""

from __future__ import annotations

import threading
from typing import Final

STAGES: Final = ("actor", "capture", "encode", "savepoint", "insert", "release", "commit")
"""Where a row can be lost: no user to name, or a step of the write."""


class Counters:
    """Counts by name; any thread may add."""

    def __init__(self) -> None:
        names = ("rows", "retried", "unknown_actor", "bypasses", "bypasses.allowed",
                 *(f"losses.{stage}" for stage in STAGES))
        self._numbers = dict.fromkeys(names, 0)
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Add to one count, beginning at 0."""
        with self._lock:
            self._numbers[name] = self._numbers.get(name, 0) + number

    def as_dict(self) -> dict[str, int]:
        """Return a copy of all counts."""
        with self._lock:
            return dict(self._numbers)
