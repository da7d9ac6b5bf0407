"""A developer adds a model and says not a word about auditing."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from shuffify.audit import bind
from shuffify.extensions import Model
from shuffify.models.db import ActivityLog, User
from shuffify.models.db import db as database


@cache
def track_lock() -> Any:
    class TrackLock(Model):
        __tablename__ = "track_locks"

        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(255))
        position: Mapped[int]

    # Other tests compare all tables of this metadata with the database.
    database.metadata.remove(TrackLock.__table__)
    return TrackLock


def test_a_fresh_model_leaves_its_rows_by_itself(db: SQLAlchemy, user: User) -> None:
    model = track_lock()
    model.__table__.create(db.engine)
    with bind(user_id=user.id, source="test"):
        lock = model(name="Intro", position=1)
        db.session.add(lock)
        db.session.commit()
        lock.position = 2
        db.session.commit()
        db.session.delete(lock)
        db.session.commit()

    rows = db.session.scalars(select(ActivityLog).order_by(ActivityLog.id)).all()
    assert [(row.activity_type, row.description) for row in rows] == [
        ("track_lock_create", "Created track lock 'Intro'"),
        ("track_lock_update", "Updated track lock 'Intro' (position)"),
        ("track_lock_delete", "Deleted track lock 'Intro'"),
    ]
    assert [row.metadata_json for row in rows] == [
        {"changes": {"name": [None, "Intro"], "position": [None, 1]}},
        {"changes": {"position": [1, 2]}},
        {"changes": {"name": ["Intro", None], "position": [2, None]}},
    ]
    assert {(row.user_id, row.source, row.entity_type) for row in rows} == {
        (user.id, "test", "track_lock")
    }
