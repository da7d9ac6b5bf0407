"""The WSGI entry point, for `shuffify run` and for any other server: `shuffify.wsgi:serve()`."""

from flask import Flask

from shuffify import create_app, schema
from shuffify.extensions import app_settings, db


def serve() -> Flask:
    """Return an app that may be served: production refuses a database that is not migrated.

    Raises ConfigurationError, SchemaError or DatabaseUnavailable; keeps no connection open,
    so that a server may fork afterwards.
    """
    app = create_app()
    with app.app_context():
        try:
            schema.check_for_serving(db.engine, production=app_settings().is_production)
        finally:
            db.engine.dispose()
    return app
