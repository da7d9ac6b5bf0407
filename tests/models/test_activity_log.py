"""The shape of the trail's table, which tools outside of this code base rely on."""

from datetime import UTC, datetime

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import delete, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, User

INDEXES = {
    "ix_activity_log_user_id": ["user_id"],
    "ix_activity_log_activity_type": ["activity_type"],
    "ix_activity_log_created_at": ["created_at"],
    "ix_activity_user_created": ["user_id", "created_at"],
    "ix_activity_type_created": ["activity_type", "created_at"],
    "ix_activity_log_entity_type_entity_id": ["entity_type", "entity_id"],
}
COLUMNS = [
    "id", "user_id", "activity_type", "description", "playlist_id", "playlist_name",
    "metadata_json", "created_at", "event_id", "entity_type", "entity_id", "source", "request_id",
]
KEYS = [
    "id", "user_id", "activity_type", "description", "playlist_id", "playlist_name",
    "metadata", "created_at", "event_id", "entity_type", "entity_id", "source", "request_id",
]


def make_row(user: User, **values: object) -> ActivityLog:
    return ActivityLog(
        **{"user_id": user.id, "activity_type": "shuffle", "description": "Shuffled", **values}
    )


def test_the_columns_and_indexes_are_the_given_ones(db: SQLAlchemy) -> None:
    inspector = inspect(db.engine)
    assert [column["name"] for column in inspector.get_columns("activity_log")] == COLUMNS
    indexes = {
        index["name"]: index["column_names"]
        for index in inspector.get_indexes("activity_log")
        if not index.get("duplicates_constraint")
    }
    assert indexes == INDEXES
    unique = inspector.get_unique_constraints("activity_log")
    assert [constraint["column_names"] for constraint in unique] == [["event_id"]]


def test_only_the_subject_of_a_row_may_be_unknown(db: SQLAlchemy) -> None:
    table = ActivityLog.__table__
    assert {column.name for column in table.columns if not column.nullable} == {
        "id", "user_id", "activity_type", "description", "created_at", "event_id",
    }


def test_a_row_serialises_with_its_metadata_and_an_offset(outside: Session, user: User) -> None:
    moment = datetime(2026, 11, 23, 14, 2, 3, 45, tzinfo=UTC)
    row = make_row(user, metadata_json={"seed": 7}, created_at=moment, playlist_name="Überlänge")
    outside.add(row)
    outside.commit()
    facts = row.to_dict()
    assert list(facts) == KEYS
    assert facts["metadata"] == {"seed": 7}
    assert facts["created_at"] == "2026-11-23T14:02:03.000045+00:00"
    assert facts["playlist_name"] == "Überlänge"
    assert len(facts["event_id"]) == 36


def test_repr_names_class_id_type_and_user(outside: Session, user: User) -> None:
    row = make_row(user)
    outside.add(row)
    outside.flush()
    assert repr(row) == f"<ActivityLog {row.id} shuffle user={user.id}>"


def test_no_metadata_is_null_in_the_database_not_json_null(outside: Session, user: User) -> None:
    outside.add(make_row(user, metadata_json=None))
    outside.flush()
    missing = select(ActivityLog.id).where(ActivityLog.metadata_json.is_(None))
    assert len(outside.scalars(missing).all()) == 1


def test_two_rows_of_one_event_are_refused(outside: Session, user: User) -> None:
    outside.add_all([make_row(user, event_id="e"), make_row(user, event_id="e")])
    with pytest.raises(IntegrityError):
        outside.flush()


def test_a_user_counts_and_filters_their_activities(outside: Session, user: User) -> None:
    outside.add_all([make_row(user), make_row(user, activity_type="login")])
    outside.commit()
    mira = outside.get_one(User, user.id)
    assert mira.activities.count() == 2
    assert [row.activity_type for row in mira.activities.filter_by(activity_type="login")] == [
        "login"
    ]


@pytest.mark.report(58, 61)
def test_a_user_with_a_trail_cannot_be_deleted(outside: Session, user: User) -> None:
    outside.add(make_row(user))
    outside.commit()
    outside.delete(outside.get_one(User, user.id))
    with pytest.raises(IntegrityError):
        outside.flush()
    outside.rollback()
    with pytest.raises(IntegrityError):
        outside.execute(delete(User))
    outside.rollback()
    assert outside.scalars(select(ActivityLog.user_id)).one() == user.id
