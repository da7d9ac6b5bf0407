"""What the trail counts of itself, and who else may hear of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Final, Protocol

from .errors import describe_error

log = logging.getLogger("shuffify.audit")

STAGES: Final = ("actor", "capture", "encode", "savepoint", "insert", "release", "commit",
                 "bind", "settle")
"""Where a row can be lost: no user to name, a step of the write, another bind's commit, or what
follows the end of a transaction."""


class Meter(Protocol):
    """What an application measures the trail with; called while it works, so be quick.

    Names are those of `AuditTrail.counters`, but that rows come by type: ``rows.login``. No value
    of a row is ever among them. What a meter raises is logged and goes no further.
    """

    def count(self, name: str, number: int) -> None:
        """Add to a count."""

    def observe(self, name: str, seconds: float) -> None:
        """Take note of how long something took: ``write``, one transaction's rows."""


class Counters:
    """Counts by name; any thread may add."""

    def __init__(self) -> None:
        self.meter: Meter | None = None
        names = ("rows", "retried", "unknown_actor", "bypasses", "bypasses.allowed",
                 *(f"losses.{stage}" for stage in STAGES))
        self._numbers = dict.fromkeys(names, 0)
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1) -> None:
        """Add to one count, beginning at 0."""
        with self._lock:
            self._numbers[name] = self._numbers.get(name, 0) + number
        self._tell(name, number)

    def add_rows(self, kinds: Mapping[str, int]) -> None:
        """Add durable rows, by type."""
        with self._lock:
            self._numbers["rows"] += sum(kinds.values())
        if self.meter is not None:
            for kind, number in kinds.items():
                self._tell(f"rows.{kind}", number)

    def took(self, name: str, seconds: float) -> None:
        """Tell the meter how long something took."""
        if self.meter is not None:
            try:
                self.meter.observe(name, seconds)
            except Exception as error:
                log.error("the audit meter failed: %s", describe_error(error))

    def _tell(self, name: str, number: int) -> None:
        if self.meter is not None:
            try:
                self.meter.count(name, number)
            except Exception as error:
                log.error("the audit meter failed: %s", describe_error(error))

    def as_dict(self) -> dict[str, int]:
        """Return a copy of all counts."""
        with self._lock:
            return dict(self._numbers)
