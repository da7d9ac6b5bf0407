"""The routes, one blueprint per noun: each view parses, calls one service and responds."""

from flask import Flask

from shuffify.routes import (
    core,
    playlists,
    schedules,
    settings,
    shuffle,
    snapshots,
    upstream_sources,
    workshop,
)
from shuffify.web.limits import limit_changes

BLUEPRINTS = (
    core.bp,
    playlists.bp,
    schedules.bp,
    settings.bp,
    shuffle.bp,
    snapshots.bp,
    upstream_sources.bp,
    workshop.bp,
)

for _bp in BLUEPRINTS:
    limit_changes(_bp)


def init_app(app: Flask) -> None:
    """Add all routes to an app."""
    for bp in BLUEPRINTS:
        app.register_blueprint(bp)
