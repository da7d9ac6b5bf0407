"""Shuffify shuffles and curates Spotify playlists, and keeps a trail of what it did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import make_url

from shuffify import config, routes, schema, web
from shuffify.audit_trail import trail
from shuffify.config import Settings
from shuffify.extensions import Model, migrate
from shuffify.models import sqlite
from shuffify.models.db import db

PACKAGE = Path(__file__).parent


def create_app(
    config_name: str | None = None,
    environ: Mapping[str, str] | None = None,
    instance_path: str | None = None,
) -> Flask:
    """Return the app for `development`, `production` or `testing`; APP_CONFIG decides if absent.

    Opens no connection, starts no thread and needs no tables. Raises ConfigurationError with
    every mistake in the environment, of which `environ` takes the place when given.
    """
    static_url = web.static_files.base_url(PACKAGE / "static")
    app = Flask(__name__, instance_path=instance_path, static_url_path=static_url)
    settings = config.load(config_name, Path(app.instance_path), environ)
    app.extensions["shuffify"] = settings
    app.config.update(_flask_config(settings))

    _bind_database(app)
    trail.spool = settings.audit_spool
    trail.bulk_limit = settings.audit_bulk_limit
    trail.custody.seal_with(settings.audit_seal_keys)
    trail.watch(db.session, base=db.Model)
    # An audit policy that cannot work stops the start instead of costing rows later.
    Model.registry.configure()
    web.init_app(app)
    routes.init_app(app)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.name == "testing",
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings.database_url),
        "RATELIMIT_STORAGE_URI": settings.ratelimit_storage_uri,
        "RATE_LIMITS": settings.name != "testing",
    }


def _engine_options(database_url: str) -> dict[str, Any]:
    # Error texts would otherwise carry the values of a statement, tokens among them.
    options: dict[str, Any] = {"hide_parameters": True}
    if make_url(database_url).get_backend_name() == "postgresql":
        options |= {"pool_pre_ping": True, "pool_size": 5}
    return options


def _bind_database(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(schema.DIRECTORY))
    with app.app_context():
        for engine in db.engines.values():
            sqlite.prepare(engine)
            trail.guard(engine)
