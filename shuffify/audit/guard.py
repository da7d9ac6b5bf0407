"""No `Exception` of the engine's own reaches the caller (rule A2)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from .errors import is_lost, traced

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
                self.counters.add(stage)
                log.error("auditing failed in %s: %s", listener.__name__, traced(error))
                return None

        return guard  # type: ignore[return-value]

    return decorate
