"""Runs migrations on the database of the current app; Alembic executes this file."""

from contextlib import contextmanager

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import text

from shuffify.audit import protect
import shuffify.models.db  # noqa: F401  The tables register themselves.
from shuffify.models.base import Json, UtcDateTime
from shuffify.models.sqlite import write_transactions

ADVISORY_LOCK = 7_483_341_600
"""Of several processes that start together, one migrates and the others wait."""

migrate = current_app.extensions["migrate"]


def render_item(kind, item, autogen_context):
    """Write our types as SQLAlchemy's: an old migration must not need today's code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Json:
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def skip_empty(migration_context, revision, directives):
    """Make no file when the models and the database agree."""
    script = directives[0]
    if getattr(context.config.cmd_opts, "autogenerate", False) and script.upgrade_ops.is_empty():
        directives[:] = []
        print("The models and the database agree: there is nothing to migrate.")


def options():
    return {
        "target_metadata": migrate.db.metadata,
        "render_item": render_item,
        "process_revision_directives": skip_empty,
        # Both databases can roll back a half-done migration, given real transactions.
        "transactional_ddl": True,
        **migrate.configure_args,
    }


@contextmanager
def foreign_keys_off(connection):
    """Let a batch operation rebuild a table without deleting the rows that refer to it.

    SQLite ignores the switch inside a transaction, so it is thrown before the first BEGIN.
    """
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def run(connection):
    context.configure(connection=connection, **options())
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            protect_again(connection)
            check_foreign_keys(connection)


def protect_again(connection):
    """Make the triggers again that went with a table which a batch operation rebuilt.

    At the newest migration only: before it, the tables are not those of the models.
    """
    if context.get_context().get_current_heads() == tuple(context.script.get_heads()):
        protect(connection, migrate.db.metadata)


def check_foreign_keys(connection):
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise CommandError(f"The migration left rows without what they refer to, in {tables}.")


def run_online():
    with migrate.db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            with foreign_keys_off(connection), write_transactions():
                run(connection)
        else:
            run(connection)


def run_offline():
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options())
    with context.begin_transaction():
        context.run_migrations()


if len(context.script.get_heads()) > 1:
    raise CommandError("The migrations have two heads: merge them with `shuffify db merge`.")
if context.is_offline_mode():
    run_offline()
else:
    run_online()
