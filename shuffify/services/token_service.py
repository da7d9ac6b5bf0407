"""Access to Spotify on a user's behalf: tokens encrypted at rest, refreshed one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select

from shuffify.extensions import db
from shuffify.models.base import cut_text, utcnow
from shuffify.models.user import User
from shuffify.services import token_cipher
from shuffify.services.errors import ReconnectRequired, TokenError, UserNotFoundError
from shuffify.services.key_rotation import KeyRotation, rotate_all
from shuffify.services.settings import spotify_settings
from shuffify.services.transaction import end_reads, one_commit, reading
from shuffify.spotify.errors import GrantRefusedError
from shuffify.spotify.locks import named_lock
from shuffify.spotify.oauth import TokenGrant, refresh_grant

SAFETY_MARGIN = timedelta(seconds=60)
"""A token this close to its end is refreshed: it has to last for the call it is fetched for."""

RETRY_REFUSED = timedelta(days=1)
"""A refused refresh token is tried again this often: a refusal during an outage is not final."""

_LOCK_WAIT = 30.0


class TokenService:
    """Keeps each account's tokens; a ciphertext is of use in its own row only."""

    @staticmethod
    def encrypt(user_id: int, token: str) -> str:
        """Encrypt a token for the account's row with the first of the keys."""
        return token_cipher.encrypt(user_id, token)

    @staticmethod
    def decrypt(user_id: int, ciphertext: str) -> str:
        """Return the token; raise TokenEncryptionError, also when it is another account's."""
        return token_cipher.decrypt(user_id, ciphertext)

    @staticmethod
    def rotate_keys(*, dry_run: bool = False) -> KeyRotation:
        """Encrypt all tokens with the first of the keys. Commits for each batch of accounts.

        May be stopped and started again: what is under the first key already is left alone.
        """
        return rotate_all(dry_run=dry_run)

    @staticmethod
    def store_grant(user_id: int, grant: TokenGrant) -> None:
        """Keep the tokens of a fresh consent and end any need to reconnect. Commits."""
        with one_commit(TokenError, "The access to Spotify could not be saved."):
            keep_consent(_locked_user(user_id), grant)

    @staticmethod
    def access_token(user_id: int, *, refused: str | None = None) -> str:
        """Return a token that still lasts, refreshed if need be. Commits.

        `refused` is a token that Spotify has just turned down: another one comes back. Many
        callers at once make one refresh. Raises ReconnectRequired, and Spotify's errors.
        """
        token = _usable(user_id, refused)
        if token is not None:
            return token
        with _refresh_lock(user_id):
            return _refresh(user_id, refused)


def keep_consent(user: User, grant: TokenGrant) -> None:
    """Put the tokens of a fresh consent into an account that has its id; does not commit."""
    _keep(user, grant)
    user.granted_scope = cut_text(grant.scope, 500)
    user.consented_at = utcnow()


def _usable(user_id: int, refused: str | None) -> str | None:
    # as a reader: while the token is good, nobody who only looks has to wait for a writer
    with reading(TokenError, "The access to Spotify could not be read."):
        try:
            user = db.session.get(User, user_id, populate_existing=True)
            if user is None:
                raise UserNotFoundError
            return _stored_token(user, refused)
        finally:
            end_reads()


def _stored_token(user: User, refused: str | None) -> str | None:
    """Return the stored token if it lasts and is not the refused one."""
    if user.needs_reconnect and not _may_try_again(user):
        raise ReconnectRequired
    if user.encrypted_refresh_token is None:
        raise ReconnectRequired
    ciphertext, expires_at = user.encrypted_access_token, user.access_token_expires_at
    if ciphertext is None or expires_at is None or user.needs_reconnect:
        return None
    if expires_at - SAFETY_MARGIN <= utcnow():
        return None
    token = TokenService.decrypt(user.id, ciphertext)
    return None if token == refused else token


def _may_try_again(user: User) -> bool:
    # While a reconnect is needed, the expiry holds the time of the last refusal.
    refused_at = user.access_token_expires_at
    return refused_at is None or refused_at + RETRY_REFUSED <= utcnow()


@contextmanager
def _refresh_lock(user_id: int) -> Iterator[None]:
    # PostgreSQL locks the row, in _locked_user. SQLite would have to lock the whole database
    # during the call, so there a named lock takes the row's place.
    if db.engine.dialect.name != "sqlite":
        yield
        return
    with named_lock(db.engine, f"token-{user_id}", wait=_LOCK_WAIT):
        yield


def _refresh(user_id: int, refused: str | None) -> str:
    with one_commit(TokenError, "The access to Spotify could not be saved."):
        user = _locked_user(user_id)
        token = _stored_token(user, refused)
        if token is not None:
            return token
        used = user.encrypted_refresh_token or ""
        refresh_token = TokenService.decrypt(user_id, used)
        if db.engine.dialect.name == "sqlite":
            end_reads()
        grant = _ask_for_grant(refresh_token)
        if user.encrypted_refresh_token != used:
            # SQLite, where nothing locks the row: somebody has consented anew meanwhile, and
            # whatever became of the older consent is history.
            return _consented_anew(user)
        if grant is None:
            user.needs_reconnect = True
            user.access_token_expires_at = utcnow()
        else:
            _keep(user, grant)
    if grant is None:
        raise ReconnectRequired
    return grant.access_token


def _consented_anew(user: User) -> str:
    token = _stored_token(user, None)
    if token is None:
        raise ReconnectRequired
    return token


def _ask_for_grant(refresh_token: str) -> TokenGrant | None:
    """Return a new grant, None when the refresh token is refused."""
    try:
        return refresh_grant(spotify_settings(), refresh_token)
    except GrantRefusedError:
        return None


def _locked_user(user_id: int) -> User:
    user = db.session.scalar(
        select(User)
        .where(User.id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise UserNotFoundError
    return user


def _keep(user: User, grant: TokenGrant) -> None:
    user.encrypted_access_token = TokenService.encrypt(user.id, grant.access_token)
    user.access_token_expires_at = utcnow() + timedelta(seconds=grant.expires_in)
    if grant.refresh_token:
        user.encrypted_refresh_token = TokenService.encrypt(user.id, grant.refresh_token)
    user.needs_reconnect = False
