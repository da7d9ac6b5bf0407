"""Why the log need not tell of a change that it does not explain (A16)."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Final

from .change import Change
from .errors import describe_error
from .plan import Plan
from .registry import Registry
from .replay import Summaries

log = logging.getLogger("shuffify.audit")

SUMMARISED: Final = "changed by a statement that left one row for all"
CASCADED: Final = "the database's ON DELETE took it, which its parent's row counts"


class Excuses:
    """What may have changed the objects of one model without a row that names them."""

    def __init__(self, registry: Registry, plan: Plan, known: Summaries) -> None:
        self.plan = plan
        self.known = known
        self._summed_under = registry.summed_under(plan)
        self._counted_under = registry.counted_under(plan)

    def of_column(self, name: str, live: Any, since: datetime | None) -> str | None:
        """Return what may have changed a column since a row told of it, or None."""
        if self.known.summarised_since(self._summed_under, since):
            return SUMMARISED
        column = self.plan.columns[name]
        if live is not None and column.server_default is None:
            return None  # ON DELETE leaves null or the default.
        names = [f"{entity}.{column.name}" for entity in self._counted_under]
        return CASCADED if self.known.cascaded_since(names, since) else None

    def of_change(self, change: Change, since: datetime | None) -> str | None:
        """Return why no row need tell that an object came, or went, since a time, or None."""
        if self.known.summarised_since(self._summed_under, since):
            return SUMMARISED
        reason = self.of_policy(change)
        if reason is None and change.action == "delete" \
                and self.known.cascaded_since(self._counted_under, since):
            return CASCADED
        return reason

    def of_policy(self, change: Change) -> str | None:
        """Return that the policy does not record a change, or None where it does."""
        rule = self.plan.types[change.action]
        try:
            is_recorded = rule is not None and (isinstance(rule, str) or rule(change) is not None)
        except Exception as error:
            log.error("reconciling %s: the policy's types failed: %s", self.plan.entity,
                      describe_error(error))
            is_recorded = True  # In a flush the default would have taken its place.
        return None if is_recorded else f"policy does not record this {change.action}"
