"""The factory: what making an app needs, and what it must not do."""

from collections.abc import Callable
import threading
from pathlib import Path

from flask import Flask
import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from shuffify import create_app
from shuffify.errors import ConfigurationError
from shuffify.models.db import ActivityLog, User, UserSettings, db
from tests import apps


def test_making_apps_opens_no_connection_and_starts_no_thread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    threads = threading.active_count()
    made = [create_app("testing") for _ in range(3)]
    assert threading.active_count() == threads
    assert not (tmp_path / "empty.sqlite").exists()
    assert len({app.config["SECRET_KEY"] for app in made}) == 1


def test_an_app_without_tables_answers(database_url: str, tmp_path: Path) -> None:
    app = apps.make_app(database_url, tmp_path, "testing", {})
    assert app.test_client().get("/livez").get_json() == {"status": "ok"}
    apps.close_app(app)


def test_tables_may_be_dropped_and_made_again_under_an_app(app: Flask) -> None:
    for _ in range(2):
        with app.app_context():
            db.drop_all()
            db.create_all()
            db.session.add(UserSettings(user=User(spotify_id="mira")))
            db.session.commit()
            assert inspect(db.engine).has_table("activity_log")


def test_many_apps_in_one_process_leave_one_row_a_change(
    make_app: Callable[..., Flask]
) -> None:
    made = [make_app() for _ in range(3)]
    with made[-1].app_context():
        settings = UserSettings(user=User(spotify_id="mira"))
        db.session.add(settings)
        db.session.commit()
        settings.theme = "dark"
        db.session.commit()
        assert db.session.query(ActivityLog).count() == 1


def test_a_request_leaves_no_transaction_behind(app: Flask) -> None:
    app.test_client().get("/")
    with app.app_context():
        assert db.engine.pool.checkedout() == 0


def test_postgresql_is_pinged_and_pooled(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    with app.app_context():
        if db.engine.dialect.name == "postgresql":
            assert db.engine.pool.size() == 5
            assert app.config["SQLALCHEMY_ENGINE_OPTIONS"]["pool_pre_ping"] is True
        else:
            with db.engine.connect() as connection:
                assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_errors_of_the_database_show_no_values(app: Flask) -> None:
    with app.app_context(), pytest.raises(DBAPIError) as caught:
        db.session.execute(text("SELECT :value FROM nowhere"), {"value": "geheim"})
    assert "geheim" not in str(caught.value)


def test_mistakes_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_app("production", {}, str(tmp_path))
    assert len(caught.value.mistakes) >= 5
