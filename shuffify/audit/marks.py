"""Execution options by which statements say what the trail makes of them."""

from typing import Final

ALLOWED: Final = "audit"
"""Set by a caller, with the reason: `execution_options(audit="why")` keeps one statement out."""

CAPTURED: Final = "_audit_captured"
"""Set by the engine on a statement whose rows are recorded already."""
