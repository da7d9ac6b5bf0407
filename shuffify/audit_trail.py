"""The app's trail; `create_app` gives it a spool and lets it watch."""

from shuffify.audit import AuditTrail
from shuffify.models.db import ActivityLog, ActivitySeal

trail = AuditTrail(log=ActivityLog, seals=ActivitySeal)
