"""What every page needs: who looks at it, and links that are safe to follow."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, g, render_template
from jinja2 import StrictUndefined

from shuffify.config import Settings
from shuffify.services import UserService, UserSettingsService
from shuffify.web.negotiation import counted
from shuffify.web.security import origin


@dataclass(frozen=True)
class Viewer:
    """The signed-in user, as the page's frame shows them."""

    id: int
    name: str
    theme: str
    zone: str
    needs_reconnect: bool


def init_app(app: Flask, settings: Settings) -> None:
    """Teach the templates which links are safe and whether this is the sandbox."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    sandbox = origin(settings.spotify_api_url) if settings.is_sandbox else None
    app.jinja_env.filters["safe_url"] = lambda url: safe_url(url, sandbox)
    app.jinja_env.filters["counted"] = counted
    app.jinja_env.filters["local_time"] = local_time
    app.jinja_env.filters["iso_time"] = lambda moment: _utc(moment).isoformat()
    app.jinja_env.globals["sandbox_origin"] = sandbox


def safe_url(url: str | None, sandbox: str | None) -> str | None:
    """Return an address from Spotify if it is https, or the sandbox's; otherwise None."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_safe = parts.scheme == "https" and bool(parts.netloc)
    return url if is_safe or (sandbox is not None and origin(url) == sandbox) else None


def render(template: str, **values: Any) -> str:
    """Render a page for whoever is signed in."""
    return render_template(template, viewer=_viewer(), **values)


def _viewer() -> Viewer | None:
    if g.user_id is None:
        return None
    user = UserService.get(g.user_id)
    # Each service starts with a fresh look: what is taken after the next one is read twice.
    name, needs_reconnect = user.display_name or user.spotify_id, user.needs_reconnect
    settings = UserSettingsService.get_or_create(g.user_id)
    return Viewer(g.user_id, name, settings.theme, settings.timezone, needs_reconnect)


def local_time(moment: datetime | str, zone: str) -> str:
    """Return a moment in words by the clocks of a zone, as static/js/lib/time.js does."""
    local = _utc(moment).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y, %H:%M}"


def _utc(moment: datetime | str) -> datetime:
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
