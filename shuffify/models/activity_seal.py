"""The seals of the trail: what it held, in digests that prove each other."""

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import NotAudited, permanent
from shuffify.extensions import Model
from shuffify.models.base import NEVER_REUSE_IDS


class ActivitySeal(Model):
    """A run of rows of `activity_log`, sealed; kept when the rows are pruned."""

    __tablename__ = "activity_seals"
    __table_args__ = (
        # Of two sealers at once, one is refused: the chain never forks.
        UniqueConstraint("first_id"),
        UniqueConstraint("previous"),
        NEVER_REUSE_IDS,
    )
    __audit__ = NotAudited("it proves the trail and is made from it")

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int]
    last_id: Mapped[int]
    row_count: Mapped[int]
    trace: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str | None] = mapped_column(String(64))
    key_id: Mapped[str | None] = mapped_column(String(20))
    sealed_at: Mapped[datetime]


permanent(ActivitySeal, door=False)
