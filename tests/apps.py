"""Apps on databases that have all tables, made fast from templates.

Imported by fixtures only when a test asks for an app: the engine's tests need none of it.
"""

import atexit
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from shuffify import create_app
from shuffify.models.db import db
from tests import databases, shadow


class CompiledTemplates(BytecodeCache):
    """Keeps what Jinja has compiled: it took a quarter of the time of an app's first page."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def _compile_rules_once() -> None:
    """Let all apps of this process share what Werkzeug compiles of each rule, twice for each app.

    That took most of the time of making an app. What is compiled asks its rule for the rest.
    """
    compile_anew = Rule._compile_builder
    kept: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, rule.host, rule.subdomain, str(rule.defaults), append_unknown)
        if key not in kept:
            kept[key] = compile_anew(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]


_compile_rules_once()
TEMPLATES = CompiledTemplates()
SECRETS = {
    "SECRET_KEY": "a-secret-key-for-tests-of-40-characters-",
    "TOKEN_KEYS": "dGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMgISE=",
}


@cache
def sqlite_template() -> Path:
    """Return a SQLite file with all tables, made once in this process."""
    folder = tempfile.mkdtemp(prefix="shuffify-template-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "template.sqlite"
    _make_tables(f"sqlite:///{path}")
    return path


@cache
def postgres_template() -> str:
    """Return the name of a PostgreSQL database with all tables, made once in this process."""
    name = f"template_{os.getpid()}"
    databases.run_on_server(f'CREATE DATABASE "{name}" TEMPLATE template0')
    url = databases.server_url().set(database=name)
    address = url.render_as_string(hide_password=False)
    _make_tables(address)
    shadow.cast(address)
    return name


def _make_tables(url: str) -> None:
    engine = databases.connect(url)
    db.metadata.create_all(engine)
    engine.dispose()


@contextmanager
def database_with_tables(kind: str, folder: Path) -> Iterator[str]:
    """Make a database with all tables, on SQLite in a folder, and drop it afterwards."""
    if kind == "postgresql":
        with databases.new_database(postgres_template()) as url:
            yield url
        return
    path = folder / "app.sqlite"
    shutil.copy(sqlite_template(), path)
    yield f"sqlite:///{path}"


def make_app(
    database_url: str, folder: Path, config_name: str, variables: Mapping[str, str]
) -> Flask:
    """Make an app that knows nothing of the environment that the tests run in."""
    environ = {
        **SECRETS,
        "DATABASE_URL": database_url,
        "AUDIT_SPOOL": str(folder / "audit-spool.jsonl"),
        **variables,
    }
    app = create_app(config_name, environ, str(folder / "instance"))
    app.jinja_env.bytecode_cache = TEMPLATES
    return app


def close_app(app: Flask) -> None:
    """Close all connections of an app."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
