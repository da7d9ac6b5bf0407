"""What tests of the activity log share: who acts, work that waits, and the rows."""

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.enums import ActivityType
from shuffify.models.db import ActivityLog, User, WorkshopSession

SHUFFLE = ActivityType.SHUFFLE


@pytest.fixture
def mira(db: SQLAlchemy, user: User) -> int:
    return user.id


def stored(outside: Session) -> list[ActivityLog]:
    outside.rollback()
    outside.expire_all()
    return list(outside.scalars(select(ActivityLog).order_by(ActivityLog.id)))


def draft(mira: int) -> WorkshopSession:
    return WorkshopSession(
        user_id=mira, playlist_id="p" * 22, playlist_name="P", session_name="N", track_uris=[]
    )
