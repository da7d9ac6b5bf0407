"""Forgetting a person: what is deleted, what is blanked, and what stays as a number."""

from sqlalchemy import delete, select

from shuffify.extensions import db
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.models.schedule import Schedule
from shuffify.models.upstream_source import UpstreamSource
from shuffify.models.user import LoginHistory, User, UserSettings
from shuffify.models.workshop_session import WorkshopSession

_OWNED = (Schedule, UpstreamSource, WorkshopSession, PlaylistSnapshot, UserSettings)

_PERSONAL = (
    "spotify_account_id",
    "display_name",
    "profile_image_url",
    "spotify_uri",
    "encrypted_access_token",
    "access_token_expires_at",
    "encrypted_refresh_token",
    "granted_scope",
    "consented_at",
    "last_login_at",
)


def erase_person(user: User) -> None:
    """Delete what the user owns and blank who they were; does not commit.

    The account's row and its trail stay, under its number. A later login of the same person
    makes a new account.
    """
    for model in _OWNED:
        # One by one: the trail names each row that goes.
        for row in db.session.scalars(select(model).where(model.user_id == user.id)):
            db.session.delete(row)
    db.session.execute(delete(LoginHistory).where(LoginHistory.user_id == user.id))
    for name in _PERSONAL:
        setattr(user, name, None)
    user.spotify_id = f"erased:{user.id}"
    user.needs_reconnect = False
    user.is_active = False
