"""Old rows and clients go through the one door, and the trail tells of it (A14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, String, Text, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import AuditError, AuditTrail, bind, permanent
from tests.audit.stage import LogColumns, Stage, UserColumns, staged

NOON = datetime(2026, 1, 1, 12)
CLIENT = {"remote_addr": "192.0.2.0", "user_agent": "Firefox"}


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


@permanent
class ActivityLog(LogColumns, Base):
    remote_addr: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(512))


Put = Callable[..., None]


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


@pytest.fixture
def put(stage: Stage) -> Put:
    """Return a function that writes rows: their days after New Year's, by user."""

    def write(days: list[int], user_id: int = 7, **columns: Any) -> None:
        with stage.engine.begin() as connection:
            connection.execute(ActivityLog.__table__.insert(), [
                {
                    "user_id": user_id, "activity_type": "logout", "description": "Logged out",
                    "created_at": NOON + timedelta(days=day),
                    "event_id": f"{user_id}-{day}-{number}", **columns,
                }
                for number, day in enumerate(days)
            ])

    return write


def ids(stage: Stage) -> list[int]:
    return [row.id for row in stage.rows()]


@pytest.mark.report(77)
def test_pruning_leaves_a_row_for_each_user_who_lost_some(stage: Stage, put: Put) -> None:
    put([0, 1, 2])
    put([2, 3], user_id=8)
    put([5])
    with bind(kind="cli", label="cli:ops", source="cli", request_id="r-1"):
        end = NOON + timedelta(days=3)
        pruned = stage.trail.custody.prune(stage.engine, end, reason="policy 4")

    assert (pruned.rows, pruned.users, pruned.first_id, pruned.last_id) == (4, 2, 1, 4)
    kept_8, kept_7, told_7, told_8 = stage.rows()
    assert (kept_8.id, kept_7.id) == (5, 6)
    assert (told_7.user_id, told_7.activity_type, told_7.source, told_7.request_id) == (
        7, "audit_prune", "cli", "r-1"
    )
    assert told_7.description == "Pruned 3 rows from before 2026-01-04T12:00:00+00:00"
    assert told_7.metadata_json == {
        "rows": 3, "first_id": 1, "last_id": 3, "up_to_id": 4, "rows_of_all_users": 4,
        "oldest": "2026-01-01T12:00:00+00:00", "newest": "2026-01-03T12:00:00+00:00",
        "before": "2026-01-04T12:00:00+00:00", "reason": "policy 4",
        "actor": {"kind": "cli", "id": None, "label": "cli:ops"},
    }
    assert (told_8.user_id, told_8.metadata_json["rows"]) == (8, 1)
    assert told_8.description == "Pruned 1 row from before 2026-01-04T12:00:00+00:00"
    assert stage.count("pruned") == 4


def test_a_row_that_came_late_waits_for_those_around_it(stage: Stage, put: Put) -> None:
    put([0, 4, 1, 5])
    pruned = stage.trail.custody.prune(stage.engine, NOON + timedelta(days=3))

    assert (pruned.rows, ids(stage)) == (1, [2, 3, 4, 5])


def test_nothing_old_leaves_nothing_new(stage: Stage, put: Put) -> None:
    assert stage.trail.custody.prune(stage.engine, NOON).rows == 0
    put([1, 2])
    assert stage.trail.custody.prune(stage.engine, NOON + timedelta(days=1)).rows == 0
    assert ids(stage) == [1, 2]


def test_everything_may_be_old_and_a_moment_may_be_aware(stage: Stage, put: Put) -> None:
    put([0, 1])
    east = timezone(timedelta(hours=5))
    end = (NOON + timedelta(days=1, hours=5)).replace(tzinfo=east)
    assert stage.trail.custody.prune(stage.engine, end).rows == 1
    assert stage.trail.custody.prune(stage.engine, datetime(2100, 1, 1), dry_run=True).rows == 2
    assert stage.trail.custody.prune(stage.engine, datetime(2100, 1, 1)).rows == 2
    assert stage.said() == ["audit_prune"]


def test_pruning_that_cannot_be_told_of_deletes_nothing(stage: Stage, put: Put) -> None:
    put([0, 1])

    def refuse(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO activity_log "):
            raise OperationalError(statement, {}, Exception("disk full"))

    event.listen(stage.engine, "before_cursor_execute", refuse)
    with pytest.raises(OperationalError):
        stage.trail.custody.prune(stage.engine, NOON + timedelta(days=9))
    event.remove(stage.engine, "before_cursor_execute", refuse)

    assert ids(stage) == [1, 2]
    assert stage.count("pruned") == 0


def test_erasing_blanks_the_client_and_nothing_else(stage: Stage, put: Put) -> None:
    changes = {"n": [None, 1.5], "deep": {"client": "stays"}}
    put([0], **CLIENT, metadata_json={"client": CLIENT, "changes": changes})
    put([1], metadata_json={"client": CLIENT})
    put([2], **CLIENT)
    put([3], metadata_json={"changes": changes})
    put([0], user_id=8, **CLIENT, metadata_json={"client": CLIENT})
    before = [row._asdict() for row in stage.rows()]

    with bind(kind="cli", label="cli:ops"), stage.session() as session:
        assert stage.trail.custody.erase(session, 7) == 3
        session.commit()

    *after, told = [row._asdict() for row in stage.rows()]
    blank = {"remote_addr": None, "user_agent": None}
    assert after == [
        {**before[0], **blank, "metadata_json": {"changes": changes}},
        {**before[1], "metadata_json": {}},
        {**before[2], **blank},
        before[3],
        before[4],
    ]
    assert (told["activity_type"], told["user_id"]) == ("audit_erase", 7)
    assert told["description"] == "Erased account 7"
    assert told["metadata_json"] == {
        "blanked": 3, "actor": {"kind": "cli", "id": None, "label": "cli:ops"}
    }


def test_erasing_belongs_to_the_callers_transaction(stage: Stage, put: Put) -> None:
    put([0], **CLIENT)
    before = stage.rows()
    with stage.session() as session:
        stage.trail.custody.erase(session, 7)
        session.rollback()
    assert stage.rows() == before
    with stage.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM activity_log_door")) == 0


# -- logs of other shapes ----------------------------------------------------------------------


class Other(DeclarativeBase):
    """A base whose log is not permanent."""


class OtherUser(UserColumns, Other):
    pass


class OtherLog(LogColumns, Other):
    pass


def test_a_log_that_nothing_keeps_is_pruned_alike(engine: Engine) -> None:
    with staged(engine, Other, OtherLog) as stage:
        with engine.begin() as connection:
            connection.execute(OtherLog.__table__.insert(), {
                "user_id": 7, "activity_type": "x", "description": "x", "created_at": NOON,
                "event_id": "1", "metadata_json": {"client": CLIENT},
            })
        with stage.session() as session:
            assert stage.trail.custody.erase(session, 7) == 1
            session.commit()
        assert stage.trail.custody.prune(engine, NOON + timedelta(days=1)).rows == 1
        assert stage.said() == ["audit_erase", "audit_prune"]


class Pair(Other):
    """A log whose rows are told apart by two columns."""

    __tablename__ = "pairs"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    activity_type: Mapped[str] = mapped_column(String(50))
    metadata_json: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


def test_a_log_that_does_not_say_whose_its_rows_are_cannot_be_kept() -> None:
    class Bare(DeclarativeBase):
        pass

    class Log(Bare):
        __tablename__ = "log"
        id: Mapped[int] = mapped_column(primary_key=True)
        activity_type: Mapped[str] = mapped_column(String(50))

    trail, engine = AuditTrail(log=Log), create_engine("sqlite://")
    with pytest.raises(AuditError, match="log lacks user_id, created_at, metadata_json: "):
        trail.custody.prune(engine, NOON)
    with Session(engine) as session, pytest.raises(AuditError, match="log lacks user_id"):
        trail.custody.erase(session, 7)


def test_a_log_with_a_key_of_two_columns_is_watched_but_cannot_be_kept() -> None:
    trail = AuditTrail(log=Pair)
    with pytest.raises(AuditError, match="pairs needs a primary key of one column"):
        trail.custody.prune(create_engine("sqlite://"), NOON)
    with pytest.raises(AuditError, match="pairs needs a primary key of one column"):
        permanent(Pair)
