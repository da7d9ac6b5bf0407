"""What all tables share: time, text, serialisation, constraints."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shuffify.enums import RunTrigger
from shuffify.errors import FieldTooLongError
from shuffify.models import base
from shuffify.models.db import (
    JobExecution,
    LoginHistory,
    PlaylistSnapshot,
    Schedule,
    SchedulerState,
    UpstreamSource,
    User,
    UserSettings,
    WorkshopSession,
)

NOON = datetime(2026, 6, 1, 12, 0, 0, 123456)


def make_schedule(user: User, **values: Any) -> Schedule:
    facts = {
        "user_id": user.id, "job_type": "shuffle",
        "target_playlist_id": "p", "target_playlist_name": "P",
    }
    return Schedule(**{**facts, **values})


def make_snapshot(user: User, **values: Any) -> PlaylistSnapshot:
    facts = {
        "user_id": user.id, "playlist_id": "p", "playlist_name": "P",
        "track_uris": ["spotify:track:1", None], "track_count": 2,
    }
    return PlaylistSnapshot(**{**facts, **values})


def make_source(user: User, **values: Any) -> UpstreamSource:
    facts = {
        "user_id": user.id, "target_playlist_id": "p", "target_playlist_name": "P",
        "source_playlist_id": "s", "source_name": "S", "source_type": "own",
    }
    return UpstreamSource(**{**facts, **values})


def make_login(user: User, **values: Any) -> LoginHistory:
    facts = {
        "user_id": user.id, "session_id": "digest", "expires_at": NOON,
        "login_type": "oauth_initial",
    }
    return LoginHistory(**{**facts, **values})


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_moments_are_utc_whatever_the_zone_of_the_connection(
    outside: Session, user: User, zone: str
) -> None:
    if outside.get_bind().dialect.name == "postgresql":
        outside.execute(text(f"SET TIME ZONE '{zone}'"))
    outside.add(SchedulerState(leader="a", heartbeat_at=NOON, started_at=NOON))
    outside.flush()
    outside.expire_all()
    state = outside.scalars(select(SchedulerState).where(SchedulerState.started_at == NOON)).one()
    assert state.started_at == NOON
    assert state.started_at.tzinfo is None


def test_an_aware_moment_is_naive_utc_from_the_moment_it_is_set() -> None:
    tokyo = timezone(timedelta(hours=9))
    state = SchedulerState(heartbeat_at=datetime(2026, 6, 1, 21, 0, tzinfo=tokyo))
    assert state.heartbeat_at == datetime(2026, 6, 1, 12, 0)
    assert base.iso_utc(state.heartbeat_at) == "2026-06-01T12:00:00+00:00"


def test_an_aware_moment_can_be_compared_with(outside: Session, user: User) -> None:
    outside.add(SchedulerState(leader="a", heartbeat_at=NOON, started_at=NOON))
    outside.flush()
    late = select(SchedulerState).where(SchedulerState.heartbeat_at > NOON.replace(tzinfo=UTC))
    assert outside.scalars(late).all() == []


def test_text_longer_than_its_column_is_refused_by_name() -> None:
    with pytest.raises(FieldTooLongError, match="session_name has 256 characters, at most 255"):
        WorkshopSession(session_name="x" * 256)
    assert WorkshopSession(session_name="x" * 255).session_name == "x" * 255


def test_every_limited_text_is_checked_before_the_database_sees_it() -> None:
    for mapper in UserSettings.registry.mappers:
        for column in mapper.columns:
            length = getattr(column.type, "length", None)
            if length is not None and mapper.class_.__module__.startswith("shuffify."):
                with pytest.raises(FieldTooLongError, match=f"^{column.key} "):
                    mapper.class_(**{column.key: "x" * (length + 1)})


def test_an_enum_member_is_stored_as_its_text() -> None:
    run = JobExecution(trigger=RunTrigger.MANUAL)
    assert type(run.trigger) is str


@pytest.mark.parametrize(
    ("text_in", "limit", "text_out"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("ae\u0301x", 2, "a"),
        ("ab\U0001f469\u200d\U0001f680", 4, "ab"),
        ("ab\u2764\ufe0f", 3, "ab"),
        ("\u0301\u0301\u0301", 2, "\u0301\u0301"),
    ],
)
def test_text_is_cut_between_characters(text_in: str, limit: int, text_out: str) -> None:
    assert base.cut_text(text_in, limit) == text_out


def test_secrets_never_leave_through_to_dict(outside: Session, user: User) -> None:
    account = outside.get_one(User, user.id)
    account.encrypted_refresh_token = "cipher"
    assert "cipher" not in str(account.to_dict())
    assert "digest" not in str(make_login(user).to_dict())


def test_to_dict_leaves_out_what_it_is_told_to(outside: Session, user: User) -> None:
    snapshot = make_snapshot(user)
    outside.add(snapshot)
    outside.flush()
    facts = snapshot.to_dict(without={"track_uris"})
    assert "track_uris" not in facts
    assert facts["created_at"].endswith("+00:00")
    assert snapshot.to_dict()["track_uris"] == ["spotify:track:1", None]


def test_repr_of_an_expired_row_asks_the_database_nothing(outside: Session, user: User) -> None:
    account = outside.get_one(User, user.id)
    outside.expire_all()
    outside.close()
    assert repr(account) == f"<User {user.id}>"
    assert repr(User(spotify_id="nobody yet")) == "<User None>"


@pytest.mark.parametrize(
    ("make", "values"),
    [
        (make_schedule, {"job_type": "drip"}),
        (make_schedule, {"schedule_type": "yearly"}),
        (make_schedule, {"last_status": "lost"}),
        (make_snapshot, {"track_count": -1}),
        (make_snapshot, {"snapshot_type": "auto"}),
        (make_snapshot, {"write_state": "half"}),
        (make_source, {"source_type": "stolen"}),
        (make_login, {"login_type": "password"}),
        (make_login, {"ended_by": "boredom"}),
    ],
)
def test_values_outside_the_vocabulary_are_refused(
    outside: Session, user: User, make: Any, values: dict[str, Any]
) -> None:
    outside.add(make(user, **values))
    with pytest.raises(IntegrityError):
        outside.flush()


@pytest.mark.parametrize(
    "values", [{"theme": "pink"}, {"max_snapshots_per_playlist": 51},
               {"max_snapshots_per_playlist": 0}],
)
def test_settings_outside_their_range_are_refused(
    outside: Session, user: User, values: dict[str, Any]
) -> None:
    settings = outside.scalars(select(UserSettings)).one()
    for name, value in values.items():
        setattr(settings, name, value)
    with pytest.raises(IntegrityError):
        outside.flush()


@pytest.mark.parametrize("make", [make_source, make_login])
def test_the_same_row_twice_is_refused(outside: Session, user: User, make: Any) -> None:
    outside.add_all([make(user), make(user)])
    with pytest.raises(IntegrityError):
        outside.flush()


def test_a_due_time_is_claimed_once_and_manual_runs_never_collide(
    outside: Session, user: User
) -> None:
    schedule = make_schedule(user)
    outside.add_all([JobExecution(schedule=schedule, trigger="manual") for _ in range(2)])
    outside.flush()
    due = {"schedule": schedule, "trigger": "scheduler", "due_at": NOON}
    outside.add_all([JobExecution(**due), JobExecution(**due)])
    with pytest.raises(IntegrityError):
        outside.flush()


def test_deleting_a_user_takes_what_is_theirs(outside: Session, user: User) -> None:
    schedule = make_schedule(user)
    outside.add_all(
        [make_snapshot(user), make_source(user), make_login(user),
         JobExecution(schedule=schedule, trigger="manual")]
    )
    outside.commit()
    outside.execute(text("DELETE FROM users"))
    for model in (UserSettings, LoginHistory, Schedule, JobExecution, PlaylistSnapshot,
                  UpstreamSource):
        assert outside.scalars(select(model)).all() == []


def test_deleting_a_snapshot_leaves_what_was_restored_from_it(
    outside: Session, user: User
) -> None:
    source = make_snapshot(user)
    outside.add(source)
    outside.flush()
    copy = make_snapshot(user, restores_id=source.id, snapshot_type="auto_pre_restore")
    outside.add(copy)
    outside.commit()
    outside.execute(text("DELETE FROM playlist_snapshots WHERE restores_id IS NULL"))
    outside.expire_all()
    assert copy.restores_id is None


def test_a_deleted_row_never_gives_its_id_to_the_next(outside: Session, user: User) -> None:
    first = make_snapshot(user)
    outside.add(first)
    outside.flush()
    old_id = first.id
    outside.delete(first)
    outside.flush()
    second = make_snapshot(user)
    outside.add(second)
    outside.flush()
    assert second.id > old_id


def test_every_foreign_key_is_backed_by_an_index(db: SQLAlchemy) -> None:
    inspector = inspect(db.engine)
    for table in inspector.get_table_names():
        if table == "activity_log_door":
            continue  # Its one row is only ever looked at while it is there.
        leading = {
            columns[0]
            for columns in (
                *(index["column_names"] for index in inspector.get_indexes(table)),
                *(unique["column_names"] for unique in inspector.get_unique_constraints(table)),
            )
        }
        for key in inspector.get_foreign_keys(table):
            assert key["constrained_columns"][0] in leading, (table, key["name"])


def test_every_constraint_has_a_name_that_both_databases_keep(db: SQLAlchemy) -> None:
    for table in db.metadata.tables.values():
        for constraint in (*table.constraints, *table.indexes):
            assert constraint.name, table.name
            assert len(str(constraint.name)) <= 63
