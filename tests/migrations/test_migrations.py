"""Migrations: from nothing to the models and back, on both databases."""

from collections.abc import Callable, Iterator
import logging
from pathlib import Path
import shutil
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
import flask_migrate
import pytest
from sqlalchemy import Engine, inspect, text

from shuffify import schema
from shuffify.errors import SchemaError
from shuffify.models.db import db
from tests import apps

REBUILD = """
from alembic import op
import sqlalchemy as sa

revision, down_revision = "{revision}", "{newest}"


def upgrade():
    with op.batch_alter_table("{table}", recreate="always") as table:
        table.alter_column("{column}", type_=sa.String(300))
    op.execute("{statement}")


def downgrade():
    pass
"""


@pytest.fixture
def bare_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Return an app on an empty database, its context pushed."""
    app = apps.make_app(database_url, tmp_path, "testing", {})
    with app.app_context():
        yield app
    apps.close_app(app)


@pytest.fixture
def other_migrations(tmp_path: Path) -> Callable[..., str]:
    """Return a function that copies the migrations and adds one that rebuilds a table."""

    def copy(
        *revisions: str,
        statement: str = "SELECT 1",
        table: str = "users",
        column: str = "display_name",
    ) -> str:
        folder = tmp_path / "migrations"
        shutil.copytree(schema.DIRECTORY, folder, dirs_exist_ok=True)
        for revision in revisions:
            content = REBUILD.format(
                revision=revision, newest=schema.newest(), statement=statement, table=table,
                column=column,
            )
            (folder / "versions" / f"{revision}.py").write_text(content)
        return str(folder)

    return copy


def describe(engine: Engine) -> dict[str, Any]:
    """Return everything that the database says of its tables, sorted."""
    inspector = inspect(engine)
    tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    triggers = describe_triggers(engine)
    return {
        table: {**_describe_table(inspector, table), "triggers": triggers.get(table, {})}
        for table in tables
    }


TRIGGERS = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(pg_trigger.oid) || prosrc"
        " || coalesce(proconfig::text, '')"
        " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal"
    ),
}


def describe_triggers(engine: Engine) -> dict[str, dict[str, str]]:
    """Return the definition of each trigger, by table and name."""
    found: dict[str, dict[str, str]] = {}
    with engine.connect() as connection:
        for table, name, definition in connection.execute(text(TRIGGERS[engine.dialect.name])):
            found.setdefault(table, {})[name] = definition
    return found


def _describe_table(inspector: Any, table: str) -> dict[str, Any]:
    def by_name(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: str(row["name"]))

    return {
        "columns": [
            {**column, "type": str(column["type"])} for column in inspector.get_columns(table)
        ],
        "key": inspector.get_pk_constraint(table),
        "foreign keys": by_name(inspector.get_foreign_keys(table)),
        "unique": by_name(inspector.get_unique_constraints(table)),
        "checks": by_name(inspector.get_check_constraints(table)),
        "indexes": [_plain(index) for index in by_name(inspector.get_indexes(table))],
    }


def _plain(index: dict[str, Any]) -> dict[str, Any]:
    options = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def test_upgrade_from_empty_equals_the_models(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        migration_context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(migration_context, db.metadata) == []
    migrated = describe(db.engine)
    flask_migrate.downgrade(revision="base")
    db.create_all()
    assert describe(db.engine) == migrated
    assert len(migrated) == 12
    assert migrated["activity_log"]["triggers"]


def test_check_finds_no_drift(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.check()


def test_check_finds_drift(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    with db.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_activity_user_created"))
    with pytest.raises(SystemExit):
        flask_migrate.check()


@pytest.mark.report(80)
def test_downgrade_leaves_nothing(bare_app: Flask) -> None:
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    schema.require_newest(db.engine)


def test_there_is_one_head(bare_app: Flask) -> None:
    assert len(ScriptDirectory(str(schema.DIRECTORY)).get_heads()) == 1


def test_two_heads_are_refused(
    bare_app: Flask, other_migrations: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = other_migrations("next_a", "next_b")
    with pytest.raises(SystemExit):
        flask_migrate.check(directory=folder)
    assert "two heads" in caplog.text


def add_account() -> None:
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO users (id, spotify_id, needs_reconnect, login_count, is_active,"
                " created_at, updated_at)"
                " VALUES (7, 'mira', false, 1, true, '2026-01-01', '2026-01-01')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO login_history (user_id, session_id, logged_in_at, expires_at,"
                " login_type) VALUES (7, 's', '2026-01-01', '2026-01-01', 'oauth_initial')"
            )
        )


def count(table: str) -> int:
    with db.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_rebuilt_table_keeps_the_rows_that_refer_to_it(
    bare_app: Flask, other_migrations: Callable[..., str]
) -> None:
    flask_migrate.upgrade()
    add_account()
    if db.engine.dialect.name == "sqlite":
        flask_migrate.upgrade(directory=other_migrations("next"))
    assert count("login_history") == 1
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    assert count("login_history") == 0, "foreign keys must be on again afterwards"


def test_a_rebuilt_trail_is_protected_again(
    sqlite_url: str, tmp_path: Path, other_migrations: Callable[..., str]
) -> None:
    app = apps.make_app(sqlite_url, tmp_path, "testing", {})
    with app.app_context():
        flask_migrate.upgrade()
        before = describe_triggers(db.engine)
        folder = other_migrations("next", table="activity_log", column="playlist_name")
        flask_migrate.upgrade(directory=folder)

        columns = inspect(db.engine).get_columns("activity_log")
        assert "VARCHAR(300)" in {str(column["type"]) for column in columns}, "it was rebuilt"
        assert describe_triggers(db.engine) == before
        assert len(before["activity_log"]) == 3
    apps.close_app(app)


def test_a_migration_that_fails_leaves_no_half(
    bare_app: Flask, other_migrations: Callable[..., str]
) -> None:
    flask_migrate.upgrade()
    add_account()
    before = describe(db.engine)
    bad = "INSERT INTO login_history (user_id) VALUES (NULL)"
    folder = other_migrations("next", statement=bad)
    if db.engine.dialect.name == "postgresql":
        make_postgres_migration_fail(folder)
    with pytest.raises(Exception, match="(?i)null"):
        flask_migrate.upgrade(directory=folder)
    assert describe(db.engine) == before
    assert schema.current(db.engine) == (schema.newest(),)


def make_postgres_migration_fail(folder: str) -> None:
    # PostgreSQL refuses to recreate a table that others refer to: it alters in place.
    path = Path(folder) / "versions" / "next.py"
    path.write_text(path.read_text().replace('recreate="always"', 'recreate="never"'))


def test_a_migration_that_loses_what_rows_refer_to_is_refused(
    sqlite_url: str, tmp_path: Path, other_migrations: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = apps.make_app(sqlite_url, tmp_path, "testing", {})
    with app.app_context():
        flask_migrate.upgrade()
        add_account()
        with pytest.raises(SystemExit):
            folder = other_migrations("next", statement="DELETE FROM users")
            flask_migrate.upgrade(directory=folder)
        assert count("users") == 1
    assert "without what they refer to, in login_history" in caplog.text
    apps.close_app(app)


def test_a_database_behind_or_ahead_is_refused_in_production_only(
    bare_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    needs = f"the code needs {schema.newest()}. Run `shuffify db upgrade`"
    with pytest.raises(SchemaError, match=f"at no migration at all, {needs}"):
        schema.check_for_serving(db.engine, production=True)
    flask_migrate.upgrade()
    schema.check_for_serving(db.engine, production=True)
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match=f"at 9999, {needs}"):
        schema.check_for_serving(db.engine, production=True)
    with caplog.at_level(logging.WARNING):
        schema.check_for_serving(db.engine, production=False)
    assert "at 9999" in caplog.text
