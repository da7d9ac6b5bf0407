"""Suspension: for a block, changes pass unrecorded, and a row says who let them pass, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Final

from .context import AuditContext

SUSPENDED: Final = "audit_suspended"
"""The type of the row that a suspension leaves."""


class Suspension:
    """One block; a new object each time, so that two blocks with one reason are two."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Passed:
    """What passed in one transaction during one suspension: who came first, and how many."""

    __slots__ = ("context", "at", "number")

    def __init__(self, context: AuditContext, at: datetime, number: int) -> None:
        self.context = context
        self.at = at
        self.number = number


_suspension: ContextVar[Suspension | None] = ContextVar("shuffify_audit_suspension", default=None)


def suspension() -> Suspension | None:
    """Return the suspension in force, or None."""
    return _suspension.get()


@contextmanager
def suspended(reason: str) -> Iterator[None]:
    """Record nothing that is flushed in a block; each transaction leaves one row instead.

    The row, ``audit_suspended``, says who, why, and how many changes passed; it stands if and
    only if they were committed, and where none passed, there is none. Flush before the block
    ends what is to pass. An object of which the transaction has recorded a change already stays
    recorded, or its row would tell of what is no more. Raises ValueError without a reason.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"suspended({reason!r}): say why; the reason is what the trail keeps.")
    token = _suspension.set(Suspension(reason.strip()))
    try:
        yield
    finally:
        _suspension.reset(token)
