"""The shadow sees what the trail does not tell, and keeps quiet about what it need not tell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.audit import bind, render, suspended
from shuffify.audit.delivery import Delivery
from shuffify.models.db import User, UserSettings
from tests import shadow
from tests.databases import OWN_NAME

pytestmark = pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)

planted = pytest.mark.unshadowed("the difference is planted, and looked for in the test")

FORGED = """
INSERT INTO activity_log (user_id, activity_type, description, metadata_json, created_at,
                          event_id, entity_type, entity_id)
VALUES (%s, 'settings_change', 'Forged', '{"changes": {"theme": ["system", "dark"]}}', now(),
        'forged', 'user_settings', '1')
"""


@pytest.fixture
def differences(app_database_url: str, tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: shadow.unexplained(app_database_url, tmp_path)


def set_theme(db: SQLAlchemy, user: User, theme: str) -> None:
    with bind(user_id=user.id):
        db.session.query(UserSettings).one().theme = theme
        db.session.commit()


def by_hand(url: str, statement: str, *values: Any) -> None:
    with psycopg.connect(shadow.address(url)) as connection:
        connection.execute(statement, values)


def test_what_the_trail_tells_is_explained(
    db: SQLAlchemy, user: User, differences: Callable[[], list[str]], app_database_url: str
) -> None:
    set_theme(db, user, "dark")
    db.session.query(UserSettings).one().theme = "light"
    db.session.flush()
    db.session.rollback()

    assert differences() == []
    with psycopg.connect(shadow.address(app_database_url)) as connection:
        seen = connection.execute("SELECT relation FROM shadow.changes ORDER BY id").fetchall()
    assert seen == [("user_settings",), ("activity_log",)]


@planted
def test_change_past_the_trail_is_named(
    user: User, differences: Callable[[], list[str]], app_database_url: str
) -> None:
    by_hand(app_database_url, "UPDATE user_settings SET theme = 'dark'")

    (found,) = differences()
    assert found.startswith("no row tells of settings_change of user_settings 1: {")
    assert '"theme": ["system", "dark"]' in found


@planted
def test_row_without_a_change_is_named(
    user: User, differences: Callable[[], list[str]], app_database_url: str
) -> None:
    by_hand(app_database_url, FORGED, user.id)

    (found,) = differences()
    assert found.startswith("no change was seen for the row settings_change of user_settings 1")


@planted
def test_row_that_comes_before_its_change_is_none_of_it(
    user: User, differences: Callable[[], list[str]], app_database_url: str
) -> None:
    by_hand(app_database_url, FORGED, user.id)
    by_hand(app_database_url, "UPDATE user_settings SET theme = 'dark'")

    assert len(differences()) == 2


@planted
def test_lost_row_is_named(
    db: SQLAlchemy, user: User, differences: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Delivery, "write", lambda *_, **__: None)
    set_theme(db, user, "dark")

    assert [one.partition(":")[0] for one in differences()] == [
        "no row tells of settings_change of user_settings 1"
    ]


@planted
def test_wrong_value_in_a_row_is_named(
    db: SQLAlchemy, user: User, differences: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(render, "differences", lambda change: {"theme": ["system", "light"]})
    set_theme(db, user, "dark")

    untold, unseen = sorted(differences(), reverse=True)
    assert '["system", "dark"]' in untold and '["system", "light"]' in unseen


def test_refused_row_is_found_in_the_spool(
    db: SQLAlchemy, user: User, differences: Callable[[], list[str]],
    app_database_url: str, tmp_path: Path,
) -> None:
    by_hand(app_database_url,
            "ALTER TABLE activity_log ADD CONSTRAINT none CHECK (activity_type = '') NOT VALID")
    set_theme(db, user, "dark")

    assert differences() == []
    (tmp_path / "audit-spool.jsonl").rename(tmp_path / "elsewhere")
    assert len(differences()) == 1
    (tmp_path / "elsewhere").rename(tmp_path / "audit-spool.jsonl")


def test_what_is_allowed_casts_no_shadow(
    db: SQLAlchemy, user: User, outside: Session, differences: Callable[[], list[str]]
) -> None:
    outside.execute(text("UPDATE user_settings SET theme = 'dark'"))
    outside.commit()
    with suspended("moving house"):
        set_theme(db, user, "light")

    assert differences() == []
    name = db.session.scalar(text("SELECT current_setting('application_name')"))
    assert name != OWN_NAME  # The pool's connection lost it with the transaction.


@planted
def test_difference_fails_the_test_that_made_it(
    user: User, app_database_url: str, tmp_path: Path
) -> None:
    shadow.compare(app_database_url, tmp_path)
    by_hand(app_database_url, "UPDATE user_settings SET theme = 'dark'")

    with pytest.raises(pytest.fail.Exception, match="no row tells of settings_change"):
        shadow.compare(app_database_url, tmp_path)
