"""Execution options by which statements say what the trail makes of them."""

from typing import Final

OWN: Final[set[str]] = set()
"""Texts that the engine itself sends in every transaction: the detector need not read them."""

ALLOWED: Final = "audit"
"""Set by a caller, with the reason: `execution_options(audit="why")` keeps one statement out."""

CAPTURED: Final = "_audit_captured"
"""Set by the engine on a statement whose rows are recorded already."""
