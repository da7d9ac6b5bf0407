"""What a user prefers."""

from flask import Blueprint, session

from shuffify.services import UserSettingsService
from shuffify.web import pages, settings_page
from shuffify.web.guards import login_required, login_required_page, user_id
from shuffify.web.negotiation import Answer, success, wants_json
from shuffify.web.schemas.settings import SettingsUpdate

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
@login_required_page
def show_settings() -> Answer | str:
    """Show the settings, or return them, with what they may be set to."""
    values = settings_page.contents(user_id(), session["sid"])
    if not wants_json():
        return pages.render("settings.html", **values)
    return success("Settings read.", **values)


@bp.post("")
@login_required
def update_settings() -> Answer:
    """Change the named settings."""
    wanted = SettingsUpdate.from_request()
    settings, changed = UserSettingsService.update(user_id(), **wanted.sent())
    if not changed:
        message = "Nothing had to change."
        return success(message, category="info", settings=settings.to_dict())
    return success("The settings were saved.", settings=settings.to_dict())
