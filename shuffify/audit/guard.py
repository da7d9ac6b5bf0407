"""No `Exception` of the engine's own reaches the caller (rule A2)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

from .counters import Counters
from .errors import describe_error, is_lost, traced

log = logging.getLogger("shuffify.audit")

Listener = TypeVar("Listener", bound=Callable[..., Any])


def guarded(stage: str) -> Callable[[Listener], Listener]:
    """Keep a listener's failure from the caller; it is counted and logged."""

    def decorate(listener: Listener) -> Listener:
        @wraps(listener)
        def guard(self: Any, *args: Any) -> Any:
            try:
                return listener(self, *args)
            except Exception as error:
                if is_lost(error):
                    raise
                report(self.counters, stage, listener.__name__, error)
                return None

        return guard  # type: ignore[return-value]

    return decorate


def report(counters: Counters, stage: str, where: str, error: Exception) -> None:
    """Count and log a failure; raises no `Exception`, for nobody is left to catch it."""
    with suppress(Exception):
        counters.add(stage)
    with suppress(Exception):
        log.error("auditing failed in %s: %s", where, traced(error))


def asked(whom: object, otherwise: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function of the application's types gives, or ``otherwise`` where it fails.

    A type may serve one database alone, and no value of the row's is lost by that: such a failure
    is logged for who looks for it, and counts as none.
    """
    try:
        return function(*arguments)
    except Exception as error:
        log.debug("%s cannot be asked: %s", type(whom).__name__, describe_error(error))
        return otherwise
