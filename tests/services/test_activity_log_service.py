"""The explicit call: whatever happens around it, it neither raises nor touches another's work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import event, inspect, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.audit_trail import trail
from shuffify.models.db import User
from shuffify.services import ActivityLogService
from tests.services.activity import SHUFFLE, draft, mira, stored

__all__ = ["mira"]


@pytest.fixture
def spooled() -> Any:
    """Return a function that reads what the spool holds by now."""
    path = trail.spool.path
    assert path is not None
    before = len(trail.spool)

    def read() -> list[dict[str, Any]]:
        lines = Path(path).read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines[before:]]

    return read


# -- a transaction of its own ----------------------------------------------------------------


def test_alone_it_commits_and_returns_the_loaded_row(
    db: SQLAlchemy, mira: int, outside: Session
) -> None:
    with bind(source="web", request_id="r-7"):
        row = ActivityLogService.log(
            mira, SHUFFLE, "Shuffled 'P' using Basic", "p1", "P", {"seed": 7}
        )

    assert row is not None
    assert not inspect(row).expired_attributes
    assert not db.session().in_transaction()
    assert row.to_dict()["metadata"] == {"seed": 7}
    (found,) = stored(outside)
    assert (found.user_id, found.activity_type) == (mira, "shuffle")
    assert (found.playlist_id, found.playlist_name) == ("p1", "P")
    assert (found.source, found.request_id, found.metadata_json) == ("web", "r-7", {"seed": 7})


def test_after_reads_alone_it_still_commits(db: SQLAlchemy, mira: int, outside: Session) -> None:
    db.session.get(User, mira)

    assert ActivityLogService.log(mira, "login", "Logged in via Spotify OAuth") is not None
    db.session.rollback()

    assert len(stored(outside)) == 1


def test_no_metadata_stays_none(mira: int, outside: Session) -> None:
    ActivityLogService.log(mira, "logout", "Logged out")

    assert stored(outside)[0].metadata_json is None


def test_a_failing_commit_spools_the_row_once(
    db: SQLAlchemy, mira: int, outside: Session, spooled: Any
) -> None:
    def refuse(_: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    event.listen(db.session, "before_commit", refuse)
    try:
        assert ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'") is None
    finally:
        event.remove(db.session, "before_commit", refuse)

    assert stored(outside) == []
    (line,) = spooled()
    assert (line["activity_type"], line["stage"]) == ("shuffle", "commit")
    assert ActivityLogService.log(mira, SHUFFLE, "Shuffled again") is not None


def test_an_unknown_user_is_refused_and_spooled(
    mira: int, outside: Session, spooled: Any
) -> None:
    before = trail.counters()

    assert ActivityLogService.log(99_999, SHUFFLE, "Shuffled 'P'") is None

    assert stored(outside) == []
    assert [line["user_id"] for line in spooled()] == [99_999]
    assert trail.counters()["losses.commit"] == before["losses.commit"] + 1


def test_a_missing_table_is_no_concern_of_the_caller(
    db: SQLAlchemy, mira: int, spooled: Any
) -> None:
    db.session.execute(text("ALTER TABLE activity_log RENAME TO elsewhere"))
    db.session.commit()
    try:
        assert ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'") is None
        assert ActivityLogService.get_recent(mira) == []
        assert ActivityLogService.get_activity_summary(mira) == {}
    finally:
        db.session.rollback()
        db.session.execute(text("ALTER TABLE elsewhere RENAME TO activity_log"))
        db.session.commit()

    assert len(spooled()) == 1


# -- joining the caller's transaction ----------------------------------------------------------


@pytest.mark.report(27)
def test_pending_work_is_neither_flushed_nor_committed(
    db: SQLAlchemy, mira: int, outside: Session
) -> None:
    pending = draft(mira)
    db.session.add(pending)

    row = ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'")

    assert row is not None and not inspect(row).expired_attributes
    assert pending in db.session.new
    assert stored(outside) == []
    db.session.commit()
    kinds = [row.activity_type for row in stored(outside)]
    assert sorted(kinds) == ["shuffle", "workshop_session_save"]


def test_a_later_rollback_of_the_caller_takes_the_row_along(
    db: SQLAlchemy, mira: int, outside: Session, spooled: Any
) -> None:
    db.session.add(draft(mira))
    ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'")

    db.session.rollback()

    assert stored(outside) == []
    assert spooled() == []


@pytest.mark.parametrize("write", ["flush", "orm", "core", "text", "connection"])
@pytest.mark.audit_bypass("these APIs are the subject")
def test_work_by_whatever_api_is_joined(
    db: SQLAlchemy, mira: int, outside: Session, write: str
) -> None:
    changed = update(User).where(User.id == mira).values(display_name="M.")
    if write == "flush":
        db.session.add(draft(mira))
        db.session.flush()
    elif write == "orm":
        db.session.execute(changed)
    elif write == "core":
        db.session.execute(update(User.__table__).values(display_name="M."))
    elif write == "text":
        db.session.execute(text("UPDATE users SET display_name = 'M.'"))
    else:
        db.session.connection().execute(update(User.__table__).values(display_name="M."))

    assert ActivityLogService.log(mira, SHUFFLE, "Shuffled 'P'") is not None
    db.session.rollback()

    assert stored(outside) == []


def test_an_open_savepoint_and_a_block_that_the_caller_began_are_joined(
    db: SQLAlchemy, mira: int, outside: Session
) -> None:
    savepoint = db.session.begin_nested()
    ActivityLogService.log(mira, SHUFFLE, "in a savepoint")
    savepoint.rollback()
    db.session.commit()
    assert stored(outside) == []

    with db.session.begin():
        ActivityLogService.log(mira, SHUFFLE, "in a block")
        assert stored(outside) == []
    assert [row.description for row in stored(outside)] == ["in a block"]


def test_a_refused_row_leaves_the_callers_work_whole_and_is_spooled_after_its_commit(
    db: SQLAlchemy, mira: int, outside: Session, spooled: Any
) -> None:
    db.session.add(draft(mira))

    assert ActivityLogService.log(99_999, SHUFFLE, "Shuffled 'P'") is None
    assert spooled() == []
    db.session.commit()

    assert [row.activity_type for row in stored(outside)] == ["workshop_session_save"]
    assert [line["user_id"] for line in spooled()] == [99_999]


def test_a_refused_row_is_forgotten_when_the_caller_rolls_back(
    db: SQLAlchemy, mira: int, spooled: Any
) -> None:
    db.session.add(draft(mira))
    ActivityLogService.log(99_999, SHUFFLE, "Shuffled 'P'")

    db.session.rollback()

    assert spooled() == []
