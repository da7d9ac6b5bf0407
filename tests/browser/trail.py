"""What the clicks of a test left in the activity log."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.cli.demo_world import Demo
from shuffify.models.db import ActivityLog, db


def sentences(world: Demo) -> list[str]:
    """Return the sentences in order, without those of logins."""
    return [row.description for row in rows(world)]


def rows(world: Demo) -> list[ActivityLog]:
    """Return the rows in order, detached, without those of logins."""
    with world.app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        query = select(ActivityLog).where(ActivityLog.activity_type != "login")
        return list(session.scalars(query.order_by(ActivityLog.id)))
