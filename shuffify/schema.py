"""Where the database stands among the migrations."""

from functools import cache
import logging
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from shuffify.errors import DatabaseUnavailable, SchemaError

DIRECTORY = Path(__file__).resolve().parent.parent / "migrations"
"""The migrations stand beside the package, in the checkout that it is installed from."""

_log = logging.getLogger(__name__)


@cache
def newest() -> str:
    """Return the newest migration that the code knows."""
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head() or ""


def current(engine: Engine) -> tuple[str, ...]:
    """Return the migrations that the database is at; raises DatabaseUnavailable."""
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_heads()
    except DBAPIError as error:
        raise DatabaseUnavailable(f"The database cannot be read: {error.orig}") from error


def require_newest(engine: Engine) -> None:
    """Raise SchemaError unless the database is at the newest migration."""
    heads = current(engine)
    if heads != (newest(),):
        raise SchemaError(heads, newest())


def check_for_serving(engine: Engine, *, production: bool) -> None:
    """Refuse to serve a database that is not at the newest migration; else only warn."""
    try:
        require_newest(engine)
    except SchemaError as error:
        if production:
            raise
        _log.warning("%s", error)
