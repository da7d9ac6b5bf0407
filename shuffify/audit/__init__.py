"""An audit trail that keeps itself: what SQLAlchemy flushes becomes rows of one log table.

Standard library and SQLAlchemy only; see README.md beside this file.
"""

from .anchor import Anchor, add_anchor, anchor_of, read_anchors
from .change import Change
from .check import describe, drift
from .context import Actor, AuditContext, bind, current
from .counters import Meter
from .errors import (
    AnchorError,
    AuditError,
    HistoryError,
    PolicyError,
    RevertError,
    SealKeyError,
    WatchError,
)
from .export import cloud_event, csv_cells, ecs, spelt_out
from .event import Event
from .permanence import permanent, protect
from .policy import Audited, NotAudited, choosing
from .recall import NotKept
from .reconcile import Finding, Reconciliation
from .retention import Pruned
from .sealer import Sealing
from .suspension import suspended
from .registry import OWN_TYPES
from .tolerance import Unreadable, tolerant
from .trail import AuditTrail
from .verification import Tampering, Verified

__all__ = [
    "Actor",
    "Anchor",
    "AnchorError",
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
    "Pruned",
    "Reconciliation",
    "RevertError",
    "SealKeyError",
    "Sealing",
    "Tampering",
    "Unreadable",
    "Verified",
    "WatchError",
    "add_anchor",
    "anchor_of",
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
    "read_anchors",
    "spelt_out",
    "suspended",
    "tolerant",
]
