"""What the engine refuses, loudly, before anything is recorded.

    AuditError
    ├── PolicyError      a declaration that cannot work: says which model, and the remedy
    ├── WatchError       a target or base that cannot be watched
    ├── HistoryError     something that the log cannot be asked
    │   └── RevertError  an event that cannot be taken back as it stands: names the columns
    ├── SealKeyError     seals were made with a key that was not given
    └── AnchorError      a file of anchors that is none

Nothing here is ever raised by a flush or a commit: rule A2. Errors that auditing swallows are
described without what they may quote: a policy, a column type or a driver has seen secrets.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError


class AuditError(Exception):
    """Base of the engine's own errors."""


class PolicyError(AuditError):
    """A model's ``__audit__`` contradicts its columns or another model."""

    def __init__(self, model: str, problem: str, remedy: str) -> None:
        super().__init__(f"{model}.__audit__: {problem}. {remedy}.")
        self.model = model
        self.problem = problem
        self.remedy = remedy

    def anew(self) -> PolicyError:
        """Return the same without a traceback, whose frames would keep what is in them alive."""
        return PolicyError(self.model, self.problem, self.remedy)


class WatchError(AuditError):
    """`AuditTrail.watch` was given something that is no session factory or no model base."""


class HistoryError(AuditError):
    """What was asked for is no audited object, or the log has no columns to tell of it."""


class RevertError(HistoryError):
    """Reverting an event needs what the trail does not hold, or would lose later changes."""

    def __init__(self, event_id: Any, problem: str, remedy: str, columns: Iterable[str] = ()
                 ) -> None:
        self.columns = tuple(columns)
        named = f": {', '.join(self.columns)}" if self.columns else ""
        super().__init__(f"Event {event_id} was not reverted. {problem}{named}. {remedy}.")


class SealKeyError(AuditError):
    """A seal cannot be checked: it was made with a key that was not given."""

    def __init__(self, key_id: str, given: tuple[str, ...]) -> None:
        there = f"the given keys are {', '.join(given)}" if given else "no key was given"
        super().__init__(f"The trail was sealed with the key {key_id}; {there}.")
        self.key_id = key_id
        self.given = given
        self.saw: Any = None
        """What the verification saw nevertheless, a `Verified`."""


class AnchorError(AuditError):
    """A file of anchors holds something else."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"{path}, line {line} is no anchor: name the file that verify wrote.")


def describe_error(error: BaseException) -> str:
    """Return an error's class and, where the database or SQLAlchemy says it, the first line."""
    if isinstance(error, StatementError) and error.orig is not None:
        cause: BaseException = error.orig
        is_quotable = isinstance(error, DBAPIError)
    else:
        cause, is_quotable = error, isinstance(error, (SQLAlchemyError, OSError))
    lines = str(cause).strip().splitlines() if is_quotable else []
    return f"{type(cause).__name__}: {lines[0] if lines else ''}".rstrip(": ")


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection is gone: no fault of auditing's, and the caller's to learn.

    The caller's next statement would fail for it; ours has come first and speaks in its place.
    """
    return isinstance(error, DBAPIError) and error.connection_invalidated


def traced(error: BaseException) -> str:
    """Return an error's description and its traceback, without the text of any exception."""
    return f"{describe_error(error)}\n{''.join(traceback.format_tb(error.__traceback__))}"
