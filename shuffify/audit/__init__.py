"""An audit trail that keeps itself: what SQLAlchemy flushes becomes rows of one log table.

Standard library and SQLAlchemy only; see README.md beside this file.
"""

from .context import Actor, AuditContext, bind, current
from .policy import Audited, NotAudited

__all__ = ["Actor", "AuditContext", "Audited", "NotAudited", "bind", "current"]
