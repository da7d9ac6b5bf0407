"""Execution options by which statements say what the trail makes of them."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

OWN: Final[set[str]] = set()
"""Texts that the engine itself sends in every transaction: the detector need not read them."""

ALLOWED: Final = "audit"
"""Set by a caller, with the reason: `execution_options(audit="why")` keeps one statement out."""

allowing: Final[ContextVar[str | None]] = ContextVar("shuffify_audit_allowing", default=None)
"""That reason, while a mapper sends a statement whose options SQLAlchemy does not hand on."""

CAPTURED: Final = "_audit_captured"
"""Set by the engine on a statement whose rows are recorded already."""


def reason_in(options: Mapping[str, Any]) -> str | None:
    """Return why a statement may pass; without a reason it may not, whatever the option is."""
    reason = options.get(ALLOWED)
    return reason if isinstance(reason, str) and reason.strip() else None
