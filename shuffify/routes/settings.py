"""What a user prefers."""

from flask import Blueprint

from shuffify.services import ShuffleService, UserSettingsService
from shuffify.timing import zone_names
from shuffify.web.guards import login_required, user_id
from shuffify.web.negotiation import Answer, success
from shuffify.web.schemas.settings import SettingsUpdate

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
@login_required
def show_settings() -> Answer:
    """Return the settings with what they may be set to."""
    return success(
        "Settings read.",
        settings=UserSettingsService.get_or_create(user_id()).to_dict(),
        algorithms=ShuffleService.list_algorithms(),
        timezones=sorted(zone_names()),
    )


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
