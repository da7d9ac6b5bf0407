"""Planned faults: which calls they hit, and what those calls get instead of an answer."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Kind = Literal[
    "rate_limit", "error_before", "error_after", "timeout", "truncated", "empty", "not_json",
    "token_expired", "token_revoked", "invalid_grant", "spurious_401", "not_registered",
    "lagging_read", "slow", "partial", "disconnect"]

DETAILS: dict[str, dict[str, Any]] = {
    "rate_limit": {"retry_after": 1},
    "error_before": {"status": 500, "body": "json"},
    "error_after": {"status": 502, "body": "json"},
    "timeout": {"seconds": 30.0, "applied": False},
    "not_json": {"status": 502},
    "slow": {"seconds": 0.2},
    "partial": {"applied": 0},
    "disconnect": {"applied": False},
}
"""What each kind can be told, with its defaults. `body` is json, html or empty."""


class FaultError(ValueError):
    """A planned fault is not one that the sandbox knows."""


@dataclass
class Fault:
    """One planned fault: it fires from the `position`-th match on, `count` times."""

    kind: Kind
    path: str = "*"
    method: str = "*"
    count: int | None = 1
    """None: every time."""
    position: int = 1
    details: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise FaultError(f"kind {self.kind!r} is none of {', '.join(get_args(Kind))}")
        known = DETAILS.get(self.kind, {})
        if unknown := self.details.keys() - known.keys():
            raise FaultError(f"{self.kind} does not take {', '.join(sorted(unknown))}")
        if not isinstance(self.position, int) or self.position < 1:
            raise FaultError("position counts from 1")
        if self.count is not None and (not isinstance(self.count, int) or self.count < 1):
            raise FaultError("count is 1 or more, or null for always")
        self.details = {**known, **self.details}

    def notices(self, method: str, path: str) -> bool:
        """Count a matching call; tell whether the fault is ready to hit it."""
        if self.method not in ("*", method) or not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.seen >= self.position

    @property
    def is_spent(self) -> bool:
        return self.count is not None and self.hits >= self.count


class FaultPlan:
    """The faults in the order of their planning. The caller holds the state's lock."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that this call meets.

        All that match count the call; of those that are ready the first planned hits, the
        others wait for their next match.
        """
        ready = [fault for fault in self._faults if fault.notices(method, path)]
        if not ready:
            return None
        ready[0].hits += 1
        self._faults = [fault for fault in self._faults if not fault.is_spent]
        return ready[0]

    def pending(self) -> list[Fault]:
        return list(self._faults)

    def clear(self) -> None:
        self._faults.clear()
