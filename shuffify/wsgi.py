"""The WSGI entry point, for `shuffify run` and for any other server: `shuffify.wsgi:serve()`."""

from flask import Flask

from shuffify import create_app, schema
from shuffify.extensions import app_settings, db
from shuffify.jobs import scheduler


def serve() -> Flask:
    """Return an app that is served from here on, its scheduler running.

    For each process that serves, after any fork. The scheduler ends with the process, which
    waits for the runs under way. Raises what `checked_app` raises.
    """
    app = checked_app()
    scheduler.start(app)
    return app


def checked_app() -> Flask:
    """Return an app that may be served: production refuses a database that is not migrated.

    Raises ConfigurationError, SchemaError or DatabaseUnavailable; keeps no connection open
    and starts no thread, so that a server may fork afterwards.
    """
    app = create_app()
    with app.app_context():
        try:
            schema.check_for_serving(db.engine, production=app_settings().is_production)
        finally:
            db.engine.dispose()
    return app
