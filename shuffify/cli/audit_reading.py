"""Reading the trail without leaving a trace: no file, no table, no lock, no row."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import NoSuchTableError

from shuffify import schema
from shuffify.cli import terminal
from shuffify.errors import DatabaseUnavailable, SchemaError
from shuffify.extensions import db
from shuffify.models.db import ActivityLog
from shuffify.models.sqlite import read_transactions


@contextmanager
def reading() -> Iterator[None]:
    """Read and print inside the block; the database refuses to write.

    Raises DatabaseUnavailable, SchemaError. A reader of the output who leaves is no failure.
    """
    with read_transactions():
        require_trail()
        _refuse_writes()
        try:
            with terminal.open_pipe():
                yield
        finally:
            db.session.remove()


def require_trail() -> None:
    """Check that there is a trail to read; raises DatabaseUnavailable, SchemaError."""
    _require_file()
    engine = db.engine
    try:
        found = {column["name"] for column in inspect(engine).get_columns("activity_log")}
    except NoSuchTableError:
        found = set()
    if not found.issuperset(ActivityLog.__table__.columns.keys()):
        raise SchemaError(schema.current(engine), schema.newest())


def _require_file() -> None:
    # SQLite would make an empty file of a name that is wrong.
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        if not Path(url.database).is_file():
            raise DatabaseUnavailable(f"There is no database at {url.database}.")


def _refuse_writes() -> None:
    options = {"postgresql_readonly": True}
    connection = db.session.connection(execution_options=options)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
        # Text that is no UTF-8 is shown: who looks at the trail may be looking for it.
        driver: Any = connection.connection.driver_connection
        driver.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
