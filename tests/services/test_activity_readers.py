"""What readers of an account's activity are answered."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.services import ActivityLogService
from tests.services.activity import SHUFFLE, draft, mira, stored

__all__ = ["mira"]


def test_readers_answer_newest_first_with_the_id_breaking_ties(mira: int) -> None:
    rows = [ActivityLogService.log(mira, kind, kind) for kind in ("login", SHUFFLE, "logout")]
    ids = [row.id for row in rows if row is not None]

    assert [row.id for row in ActivityLogService.get_recent(mira)] == ids[::-1]
    assert [row.id for row in ActivityLogService.get_recent(mira, limit=1)] == ids[-1:]
    recent = ActivityLogService.get_recent(mira, activity_type=SHUFFLE)
    assert [row.activity_type for row in recent] == ["shuffle"]
    assert ActivityLogService.get_activity_summary(mira) == {"login": 1, "shuffle": 1, "logout": 1}
    assert ActivityLogService.get_recent(99_999) == []
    assert ActivityLogService.get_activity_summary(99_999) == {}


def test_since_may_be_naive_or_aware(mira: int) -> None:
    row = ActivityLogService.log(mira, "login", "in")
    assert row is not None
    at, east = row.created_at, timezone(timedelta(hours=5))
    aware = at.replace(tzinfo=timezone.utc).astimezone(east)

    assert [r.id for r in ActivityLogService.get_activity_since(mira, at)] == [row.id]
    assert [r.id for r in ActivityLogService.get_activity_since(mira, aware)] == [row.id]
    later = aware + timedelta(microseconds=1)
    assert ActivityLogService.get_activity_since(mira, later) == []


def test_a_reader_sees_joined_rows_and_flushes_nothing(db: SQLAlchemy, mira: int) -> None:
    pending = draft(mira)
    db.session.add(pending)
    ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'")

    assert [row.activity_type for row in ActivityLogService.get_recent(mira)] == ["shuffle"]
    assert pending in db.session.new


def test_an_outage_is_no_silence_and_leaves_the_callers_work(
    db: SQLAlchemy, mira: int, outside: Session, caplog: pytest.LogCaptureFixture
) -> None:
    db.session.add(draft(mira))
    db.session.flush()

    def refuse(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if "FROM activity_log" in statement:
            raise OperationalError(statement, {}, Exception("gone"))

    event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        assert ActivityLogService.get_recent(mira) == []
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)
    db.session.commit()

    assert "the activity log could not be read" in caplog.text
    assert len(stored(outside)) == 1
