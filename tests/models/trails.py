"""What tests of policies share: the trail, step by step, and what its rows say."""

from datetime import datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from shuffify.models.db import ActivityLog

NOON = datetime(2026, 11, 23, 14, 2, 3)


class Trail:
    """The rows that each step added."""

    def __init__(self, db: SQLAlchemy) -> None:
        self.db = db
        self.seen = 0

    def commit(self, *rows: Any) -> list[ActivityLog]:
        """Commit, with new rows given, and return what the trail gained."""
        self.db.session.add_all(rows)
        self.db.session.commit()
        new = select(ActivityLog).where(ActivityLog.id > self.seen).order_by(ActivityLog.id)
        found = list(self.db.session.scalars(new))
        self.seen = max((row.id for row in found), default=self.seen)
        self.db.session.commit()
        return found

    def one(self, *rows: Any) -> ActivityLog:
        """Commit and return the one row that the trail gained."""
        found = self.commit(*rows)
        assert len(found) == 1, found
        assert found[0].source == "test"
        return found[0]


def facts(row: ActivityLog) -> dict[str, Any]:
    """Return the metadata without the changes."""
    return {key: value for key, value in (row.metadata_json or {}).items() if key != "changes"}


def changes(row: ActivityLog) -> dict[str, Any]:
    return dict((row.metadata_json or {})["changes"])
