"""An app before a running sandbox, with accounts whose schedules can run."""

from datetime import datetime
from typing import Any

from flask import Flask
import pytest
from sqlalchemy import Update, select, update
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
        self._session.rollback()
        self._session.add(schedule)
        self._session.flush()
        schedule_id = schedule.id
        self._session.commit()
        return schedule_id

    def set_due(self, schedule_id: int, next_run_at: datetime) -> None:
        self._write(
            update(Schedule).where(Schedule.id == schedule_id).values(next_run_at=next_run_at)
        )

    def disable(self, schedule_id: int) -> None:
        self._write(update(Schedule).where(Schedule.id == schedule_id).values(is_enabled=False))

    def set_zone(self, zone: str) -> None:
        self._write(
            update(UserSettings)
            .where(UserSettings.user_id == self._user_id)
            .values(timezone=zone)
        )

    def _write(self, statement: Update) -> None:
        # Not read first: SQLite refuses the write of a transaction that has read when the
        # scheduler's threads have written meanwhile.
        self._session.rollback()
        self._session.execute(statement)
        self._session.commit()

    def schedule(self, schedule_id: int) -> Schedule:
        self._session.rollback()
        return self._session.get_one(Schedule, schedule_id)

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
