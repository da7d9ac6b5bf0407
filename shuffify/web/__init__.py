"""The edge between HTTP and the services: who asks, may they, in which format, and what failed."""

from flask import Flask

from shuffify.config import Settings
from shuffify.web import (
    actor,
    compression,
    errors,
    guards,
    limits,
    logs,
    metrics,
    pages,
    paths,
    security,
    static_files,
)


def init_app(app: Flask) -> None:
    """Put everything around this app's requests; the order here is the order in each request."""
    settings: Settings = app.extensions["shuffify"]
    logs.init_app(settings.log_level, settings.log_format)
    paths.init_app(app)
    actor.init_app(app)
    guards.init_app(app)
    limits.init_app(app, settings.ratelimit_storage_uri)
    security.init_app(app, settings)
    static_files.init_app(app)
    compression.init_app(app)
    errors.init_app(app)
    pages.init_app(app, settings)
    metrics.init_app(app, settings)
