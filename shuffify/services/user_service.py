"""Accounts: made and kept up to date by each login."""

import builtins
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from shuffify.audit_trail import trail
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.user import User, UserSettings
from shuffify.services.admission import require_admission
from shuffify.services.erasure import erase_person
from shuffify.services.errors import UserNotFoundError, UserServiceError
from shuffify.services.fields import storable
from shuffify.services.login_history_service import close_replaced, open_login
from shuffify.services.settings import spotify_settings
from shuffify.services.token_service import keep_consent
from shuffify.services.transaction import end_reads, one_commit, reading
from shuffify.spotify import oauth
from shuffify.spotify.gateway import Gateway

_UNREADABLE = "The account could not be read."


class UserService:
    """Finds, makes and refreshes accounts."""

    @staticmethod
    def upsert_from_spotify(profile: Mapping[str, Any]) -> User:
        """Make or refresh the account of a `GET /me` answer and count the login. Commits.

        Only `id` is required. The first login has `login_count == 1` and makes the settings.
        Raises UserServiceError.
        """
        with one_commit(UserServiceError, "The account could not be saved."):
            return _upsert(profile)

    @staticmethod
    def sign_in(
        *,
        code: str,
        code_verifier: str,
        sid: str,
        replaced_sid: str | None = None,
        ip_address: str | None = None,
        user_agent: str | None = None,
    ) -> User:
        """Turn the callback's code into an account with an open login.

        Account, tokens and login stand in one commit, and the end of the login that the browser
        had before. Raises UserNotAllowedError, the errors of Spotify, and UserServiceError; then
        nothing is stored.
        """
        settings = spotify_settings()
        grant = oauth.exchange_code(settings, code=code, code_verifier=code_verifier)
        with Gateway(settings, grant.access_token, user_id="") as gateway:
            profile = gateway.profile()
        UserService.check_allowed(profile.id, profile.account_id)
        with one_commit(UserServiceError, "The login could not be saved."):
            # First, for a logout locks in this order too: its login, then its account.
            if replaced_sid is not None:
                close_replaced(replaced_sid)
            user = _upsert(profile.to_dict())
            keep_consent(user, grant)
            open_login(user, sid, ip_address=ip_address, user_agent=user_agent)
        return user

    @staticmethod
    def check_allowed(spotify_id: str, account_id: str | None = None) -> None:
        """Raise UserNotAllowedError for a disabled account or one not on the allow-list."""
        with reading(UserServiceError, _UNREADABLE):
            user = _find(spotify_id, account_id)
            is_active = user is None or user.is_active
            end_reads()
        require_admission(spotify_id, is_active=is_active)

    @staticmethod
    def get(user_id: int) -> User:
        """Return the account; raise UserNotFoundError."""
        with reading(UserServiceError, _UNREADABLE):
            return _existing(user_id)

    @staticmethod
    def get_by_spotify_id(spotify_id: str) -> User:
        """Return the account of a Spotify user; raise UserNotFoundError."""
        with reading(UserServiceError, _UNREADABLE):
            user = db.session.scalar(select(User).where(User.spotify_id == spotify_id))
        if user is None:
            raise UserNotFoundError
        return user

    @staticmethod
    def list() -> builtins.list[User]:
        """Return all accounts, oldest first."""
        with reading(UserServiceError, _UNREADABLE):
            return [*db.session.scalars(select(User).order_by(User.id))]

    @staticmethod
    def disable(user_id: int) -> bool:
        """Shut an account out at once; False where it was. Commits. Raises UserNotFoundError."""
        return _set_active(user_id, False)

    @staticmethod
    def enable(user_id: int) -> bool:
        """Let an account in again; False where it was. Commits. Raises UserNotFoundError."""
        return _set_active(user_id, True)

    @staticmethod
    def erase(user_id: int) -> None:
        """Delete what a person owns and blank who they were; the trail stays. Commits.

        In the trail it blanks the client's address and browser. Raises UserNotFoundError.
        """
        with one_commit(UserServiceError, "The account could not be erased."):
            erase_person(_existing(user_id))
            db.session.flush()
            trail.custody.erase(db.session(), user_id)


def _upsert(profile: Mapping[str, Any]) -> User:
    """Make or refresh an account; flushes, does not commit."""
    spotify_id = profile.get("id")
    if not isinstance(spotify_id, str) or not spotify_id:
        raise UserServiceError("Spotify sent a profile without an id. Log in again.")
    user = _find(spotify_id, profile.get("account_id"))
    if user is None:
        user = User(spotify_id=spotify_id, login_count=0)
        db.session.add(user)
    _refresh(user, spotify_id, profile)
    db.session.flush()
    if _settings_missing(user.id):
        db.session.add(UserSettings(user_id=user.id))
    return user


def _existing(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise UserNotFoundError
    return user


def _set_active(user_id: int, active: bool) -> bool:
    with one_commit(UserServiceError, "The account could not be changed."):
        user = _existing(user_id)
        changed = user.is_active is not active
        user.is_active = active
    return changed


def _find(spotify_id: str, account_id: str | None) -> User | None:
    # The account id is the one that never changes; older accounts do not have it stored yet.
    if account_id:
        found = db.session.scalar(select(User).where(User.spotify_account_id == account_id))
        if found is not None:
            return found
    return db.session.scalar(select(User).where(User.spotify_id == spotify_id))


def _refresh(user: User, spotify_id: str, profile: Mapping[str, Any]) -> None:
    user.spotify_id = spotify_id
    if profile.get("account_id"):
        user.spotify_account_id = profile["account_id"]
    user.display_name = _text(profile.get("display_name"))
    user.profile_image_url = _image_url(profile.get("images"))
    user.spotify_uri = _text(profile.get("uri"))
    user.last_login_at = utcnow()
    user.login_count += 1


def _text(value: Any) -> str | None:
    return storable(value) or None if isinstance(value, str) else None


def _image_url(images: Any) -> str | None:
    # An address that does not fit is worthless when cut.
    url = images[0].get("url") if images else None
    return url if isinstance(url, str) and len(url) <= 1024 else None


def _settings_missing(user_id: int) -> bool:
    query = select(UserSettings.id).where(UserSettings.user_id == user_id)
    return db.session.scalar(query) is None
