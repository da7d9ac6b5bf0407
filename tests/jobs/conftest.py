"""An app before a running sandbox, with accounts whose schedules can run."""

from datetime import datetime
from typing import Any

from flask import Flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, JobExecution, Schedule, UserSettings
from shuffify.sandbox import Sandbox, library
from shuffify.services import TokenService, UserService
from tests.sandboxed import app_variables, running_sandbox, sandbox
from tests.services.conftest import grant_of

__all__ = ["app_variables", "running_sandbox", "sandbox"]

TWELVE = library.PLAYLISTS["twelve"]


@pytest.fixture
def mira(app: Flask, sandbox: Sandbox) -> int:
    """Return the id of an account with access to Spotify; no context stays pushed."""
    with app.app_context():
        user = UserService.upsert_from_spotify({"id": library.MIRA, "display_name": "Mira"})
        TokenService.store_grant(user.id, grant_of(sandbox, library.MIRA))
        return user.id


class Table:
    """The tables as they stand, and schedules put there behind the services' back."""

    def __init__(self, session: Session, user_id: int) -> None:
        self._session = session
        self._user_id = user_id

    def add(self, next_run_at: datetime, **columns: Any) -> int:
        """Store a schedule and return its id."""
        fields = {
            "job_type": "shuffle",
            "target_playlist_id": TWELVE,
            "target_playlist_name": library.PLAYLIST_NAMES["twelve"],
            "algorithm_name": "BasicShuffle",
            "anchor_at": next_run_at,
            **columns,
        }
        schedule = Schedule(user_id=self._user_id, next_run_at=next_run_at, **fields)
        self._session.add(schedule)
        self._session.commit()
        return schedule.id

    def set_due(self, schedule_id: int, next_run_at: datetime) -> None:
        self.schedule(schedule_id).next_run_at = next_run_at
        self._session.commit()

    def set_zone(self, zone: str) -> None:
        query = select(UserSettings).where(UserSettings.user_id == self._user_id)
        self._session.scalars(query).one().timezone = zone
        self._session.commit()

    def schedule(self, schedule_id: int) -> Schedule:
        self._session.rollback()
        return self._session.get_one(Schedule, schedule_id)

    def commit(self) -> None:
        self._session.commit()

    @property
    def runs(self) -> list[JobExecution]:
        self._session.rollback()
        return [*self._session.scalars(select(JobExecution).order_by(JobExecution.id))]

    @property
    def trail(self) -> list[ActivityLog]:
        self._session.rollback()
        return [*self._session.scalars(select(ActivityLog).order_by(ActivityLog.id))]


@pytest.fixture
def table(outside: Session, mira: int) -> Table:
    return Table(outside, mira)
