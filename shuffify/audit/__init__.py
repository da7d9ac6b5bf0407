"""An audit trail that keeps itself: what SQLAlchemy flushes becomes rows of one log table.

Standard library and SQLAlchemy only; see README.md beside this file.
"""

from .change import Change
from .check import describe, drift
from .context import Actor, AuditContext, bind, current
from .counters import Meter
from .errors import AuditError, HistoryError, PolicyError, RevertError, WatchError
from .export import cloud_event, csv_cells, ecs
from .history import Event
from .permanence import permanent, protect
from .policy import Audited, NotAudited, choosing
from .recall import NotKept
from .reconcile import Finding, Reconciliation
from .suspension import suspended
from .registry import OWN_TYPES
from .trail import AuditTrail

__all__ = [
    "Actor",
    "AuditContext",
    "AuditError",
    "AuditTrail",
    "Audited",
    "Change",
    "Event",
    "Finding",
    "HistoryError",
    "Meter",
    "NotAudited",
    "NotKept",
    "OWN_TYPES",
    "PolicyError",
    "Reconciliation",
    "RevertError",
    "WatchError",
    "bind",
    "choosing",
    "cloud_event",
    "csv_cells",
    "current",
    "describe",
    "drift",
    "ecs",
    "permanent",
    "protect",
    "suspended",
]
