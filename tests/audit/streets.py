"""Streets and seats, whose keys pass from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import Engine, String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import bind
from tests.audit.stage import Stage, log_of, staged

HOUR = timedelta(hours=1)


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Street(Base):
    __tablename__ = "streets"
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(20))


class Seat(Base):
    __tablename__ = "seats"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


@pytest.fixture(params=["at one time", "one after another"])
def clock(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Let time pass when it is called, or never."""
    with freeze_time("2026-05-01 10:00:00") as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield lambda: frozen.tick(HOUR) if request.param == "one after another" else None


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


def operations(stage: Stage, of: Any, session: Session | None = None) -> list[str]:
    return [one.operation for one in stage.trail.history(of, session=session)]


def told(stage: Stage, of: Any) -> list[Any]:
    """Return what an object's history says of its name, and under which keys."""
    return [(one.key[0], one.after.get("name", ...)) for one in stage.trail.history(of)]
