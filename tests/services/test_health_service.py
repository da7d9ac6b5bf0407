from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import SchedulerState
from shuffify.sandbox import Sandbox
from shuffify.schema import newest
from shuffify.services import HealthService


def migrated(outside: Session) -> None:
    """Mark the tables, which the fixtures make without migrations, as the newest ones."""
    outside.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))"))
    outside.execute(text("DELETE FROM alembic_version"))
    outside.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": newest()})
    outside.commit()


def test_everything_is_fine(db: SQLAlchemy, outside: Session, sandbox: Sandbox) -> None:
    migrated(outside)

    assert HealthService.checks() == {
        "database": "ok", "migrations": "ok", "token_keys": "ok", "scheduler": "off",
    }
    assert sandbox.requests() == []


def test_database_behind_its_migrations_is_told(db: SQLAlchemy, outside: Session) -> None:
    migrated(outside)
    outside.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    outside.commit()

    checks = HealthService.checks()
    assert (checks["database"], checks["migrations"]) == ("ok", "failed")


def test_scheduler_is_judged_by_its_heartbeat(
    make_app: Callable[..., Flask], outside: Session
) -> None:
    with make_app(SCHEDULER="embedded").app_context():
        assert HealthService.checks()["scheduler"] == "off"
        state = SchedulerState(leader="host:1", heartbeat_at=utcnow(), started_at=utcnow())
        outside.add(state)
        outside.commit()
        assert HealthService.checks()["scheduler"] == "ok"
        state.heartbeat_at = utcnow() - timedelta(minutes=2)
        outside.commit()
        assert HealthService.checks()["scheduler"] == "failed"


def test_database_that_is_gone_fails_without_an_exception(make_app: Callable[..., Flask]) -> None:
    app = make_app(DATABASE_URL="sqlite:////nonexistent/folder/app.sqlite")

    with app.app_context():
        checks = HealthService.checks()

    assert (checks["database"], checks["migrations"]) == ("failed", "failed")
    assert checks["token_keys"] == "ok"
