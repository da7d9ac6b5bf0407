"""A trail with something to find, for the pages that tell auditors what to type."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from freezegun import freeze_time
import pytest
from sqlalchemy import delete

from shuffify.audit import bind, listeners, suspended
from shuffify.audit_trail import trail
from shuffify.enums import ActivityType
from shuffify.models.base import utcnow
from shuffify.models.db import (
    ActivityLog, JobExecution, Schedule, UpstreamSource, User, WorkshopSession, db,
)
from shuffify.services import ActivityLogService

CAUSE = "97ad8129-f095-4c91-9d19-fec1fd758883"
"""The request that the pages ask about; they ask for account, schedule and source 1 as well."""


@pytest.fixture
def found(app: Flask, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a trail with a bit of everything that an auditor may look for, a gap included.

    Tests that use it are `unshadowed`: PostgreSQL has seen what is missing in the gap.
    """
    # Yesterday's times, so that no hour and no day begins in between. No context stays pushed:
    # a command has an app of its own, as in a shell.
    night = (utcnow() - timedelta(days=1)).replace(hour=2, minute=15)
    with app.app_context():
        with freeze_time(night, tick=True):
            _long_ago(user.id)
        with freeze_time(night + timedelta(hours=7), tick=True):
            _in_requests(user.id)
            _past_requests(user.id)
            _in_part(user.id, monkeypatch)


def _long_ago(user_id: int) -> None:
    old = {"user_id": user_id, "activity_type": "logout", "description": "Logged out"}
    db.session.add_all(
        ActivityLog(**old, created_at=utcnow() - timedelta(days=500)) for _ in range(2)
    )
    db.session.commit()
    with bind(kind="cli", label="cli:ops", source="retention"):
        trail.custody.prune(db.engine, utcnow() - timedelta(days=400), reason="policy 7")
        trail.custody.erase(db.session(), user_id)
        db.session.commit()


def _in_requests(user_id: int) -> None:
    with bind(user_id=user_id, source="web", request_id=CAUSE):
        ActivityLogService.log(user_id, ActivityType.LOGIN, "Logged in via Spotify OAuth")
        schedule = Schedule(
            user_id=user_id, job_type="shuffle", target_playlist_id="p1",
            target_playlist_name="Mix", algorithm_name="BasicShuffle",
        )
        db.session.add(schedule)
        db.session.commit()
        _add_source(user_id, "p1", "Mix", "Fresh")
        schedule.is_enabled = False
        db.session.commit()
        with bind(on_behalf_of=2):
            schedule.schedule_value = "weekly"
            db.session.commit()
        for number in range(3):
            draft = WorkshopSession(user_id=user_id, playlist_id="p1", playlist_name="Mix",
                                    session_name=f"Draft {number}", track_uris=[])
            db.session.add(draft)
            db.session.commit()
            db.session.delete(draft)
            db.session.commit()
        schedule.algorithm_params = {"much": "x" * 9000}
        db.session.commit()


def _add_source(user_id: int, playlist_id: str, playlist_name: str, name: str) -> None:
    db.session.add(UpstreamSource(
        user_id=user_id, target_playlist_id=playlist_id, target_playlist_name=playlist_name,
        source_playlist_id=name, source_name=name, source_type="external",
    ))
    db.session.commit()


def _past_requests(user_id: int) -> None:
    schedule = db.session.get_one(Schedule, 1)
    with bind(kind="job", label="job:schedule:1", source="scheduler"):
        db.session.add(JobExecution(
            schedule=schedule, trigger="scheduler", status="failed", error_message="429"
        ))
        db.session.commit()
    with bind(user_id=user_id, source="cli"), suspended("import of the old lists"):
        schedule.schedule_value = "daily"
        db.session.commit()
    schedule.is_enabled = True
    db.session.commit()


def _in_part(user_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with bind(user_id=user_id, source="web"):
        for outcome in ("interrupted", "success"):
            ActivityLogService.log(user_id, ActivityType.SHUFFLE, f"Shuffle: {outcome}",
                                   metadata={"outcome": outcome})
        for name in ("Old", "Older"):
            _add_source(user_id, "p2", "Other", name)
        of_other = UpstreamSource.target_playlist_id == "p2"
        with monkeypatch.context() as patch:
            patch.setattr(trail, "bulk_limit", 1)
            db.session.execute(delete(UpstreamSource).where(of_other))
            db.session.commit()
        with monkeypatch.context() as patch:
            patch.setattr(listeners, "Capture", None)
            _add_source(user_id, "p2", "Other", "Unseen")
