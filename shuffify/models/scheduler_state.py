"""Which process runs the schedules, and when it was last alive."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import NotAudited
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS


class SchedulerState(Model):
    """The one row that the leading scheduler keeps."""

    __tablename__ = "scheduler_state"
    __table_args__ = NEVER_REUSE_IDS
    __audit__ = NotAudited("a heartbeat is nobody's act")

    id: Mapped[int] = mapped_column(primary_key=True)
    leader: Mapped[str] = mapped_column(String(255))
    heartbeat_at: Mapped[datetime]
    started_at: Mapped[datetime]
