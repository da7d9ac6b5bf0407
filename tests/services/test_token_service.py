from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from cryptography.fernet import Fernet
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from freezegun import freeze_time
import pytest
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import User
from shuffify.sandbox import Sandbox
from shuffify.services import (
    PlaylistService,
    ReconnectRequired,
    TokenEncryptionError,
    TokenService,
    UserNotFoundError,
)
from shuffify.services import token_service
from shuffify.spotify.errors import GrantRefusedError, UnavailableError
from shuffify.spotify.oauth import TokenGrant
from tests.services.conftest import Trail, grant_of
from tests.visitor import on_sqlite


def stored(outside: Session, user_id: int) -> User:
    outside.rollback()
    return outside.get_one(User, user_id)


def expire(outside: Session, user_id: int) -> None:
    """Make the stored access token look like one that has run out."""
    stored(outside, user_id).access_token_expires_at = utcnow() - timedelta(minutes=1)
    outside.commit()


def refreshes(sandbox: Sandbox) -> int:
    entries = sandbox.requests("/api/token", "POST")
    return sum(entry["body"]["grant_type"] == "refresh_token" for entry in entries)


def test_token_comes_back_as_it_was(db: SQLAlchemy) -> None:
    ciphertext = TokenService.encrypt(7, "BQ-token:with:colons")

    assert "BQ-token" not in ciphertext
    assert TokenService.decrypt(7, ciphertext) == "BQ-token:with:colons"


def test_ciphertext_of_another_account_is_useless(db: SQLAlchemy) -> None:
    with pytest.raises(TokenEncryptionError):
        TokenService.decrypt(8, TokenService.encrypt(7, "token"))


def test_account_71_cannot_read_what_account_7_stored(db: SQLAlchemy) -> None:
    with pytest.raises(TokenEncryptionError):
        TokenService.decrypt(71, TokenService.encrypt(7, "1:token"))


@pytest.mark.parametrize("ciphertext", ["", "nonsense", "gAAAAA=="])
def test_garbage_is_no_token(db: SQLAlchemy, ciphertext: str) -> None:
    with pytest.raises(TokenEncryptionError):
        TokenService.decrypt(7, ciphertext)


def test_first_key_encrypts_and_all_decrypt(make_app: Callable[..., Flask]) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with make_app(TOKEN_KEYS=old).app_context():
        before = TokenService.encrypt(7, "token")
    with make_app(TOKEN_KEYS=f"{new},{old}").app_context():
        assert TokenService.decrypt(7, before) == "token"
        after = TokenService.encrypt(7, "token")
    with make_app(TOKEN_KEYS=new).app_context():
        assert TokenService.decrypt(7, after) == "token"
        with pytest.raises(TokenEncryptionError):
            TokenService.decrypt(7, before)


def test_consent_is_stored_encrypted(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    grant = grant_of(sandbox, "mira")
    TokenService.store_grant(mira, grant)

    user = stored(outside, mira)
    assert grant.access_token not in (user.encrypted_access_token or "")
    assert TokenService.decrypt(mira, user.encrypted_access_token or "") == grant.access_token
    assert TokenService.decrypt(mira, user.encrypted_refresh_token or "") == grant.refresh_token
    assert user.granted_scope == grant.scope
    assert user.consented_at is not None
    assert trail.rows == []


def test_token_that_lasts_is_not_refreshed(mira: int, sandbox: Sandbox) -> None:
    assert TokenService.access_token(mira) == TokenService.access_token(mira)
    assert refreshes(sandbox) == 0


def test_expired_token_is_refreshed_and_kept(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    old = TokenService.access_token(mira)
    expire(outside, mira)

    token = TokenService.access_token(mira)

    assert token not in (old, None)
    assert TokenService.access_token(mira) == token
    assert refreshes(sandbox) == 1
    assert stored(outside, mira).encrypted_refresh_token is not None
    assert trail.rows == []


def test_token_is_refreshed_shortly_before_it_expires(mira: int, sandbox: Sandbox) -> None:
    with freeze_time(utcnow() + timedelta(minutes=58)):
        TokenService.access_token(mira)
        assert refreshes(sandbox) == 0
    with freeze_time(utcnow() + timedelta(minutes=59, seconds=30)):
        TokenService.access_token(mira)
        assert refreshes(sandbox) == 1


def test_refused_token_is_replaced_once(mira: int, sandbox: Sandbox) -> None:
    old = TokenService.access_token(mira)

    new = TokenService.access_token(mira, refused=old)

    assert new != old
    assert TokenService.access_token(mira, refused=old) == new
    assert refreshes(sandbox) == 1


def test_rotated_refresh_token_is_kept(mira: int, sandbox: Sandbox, outside: Session) -> None:
    before = TokenService.decrypt(mira, stored(outside, mira).encrypted_refresh_token or "")
    sandbox.assume(rotate_confidential=True)
    expire(outside, mira)
    TokenService.access_token(mira)

    after = TokenService.decrypt(mira, stored(outside, mira).encrypted_refresh_token or "")
    assert after != before
    expire(outside, mira)
    assert TokenService.access_token(mira)


def test_refused_refresh_token_asks_for_a_reconnect_and_is_kept(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.revoke("mira")
    expire(outside, mira)

    with pytest.raises(ReconnectRequired):
        TokenService.access_token(mira)

    user = stored(outside, mira)
    assert user.needs_reconnect
    assert user.encrypted_refresh_token is not None
    with pytest.raises(ReconnectRequired):
        TokenService.access_token(mira)
    assert refreshes(sandbox) == 1


def test_refused_refresh_token_is_tried_again_after_a_day(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.fault("invalid_grant", path="/api/token")
    expire(outside, mira)
    with pytest.raises(ReconnectRequired):
        TokenService.access_token(mira)

    with freeze_time(utcnow() + timedelta(days=1, minutes=1)):
        assert TokenService.access_token(mira)

    assert not stored(outside, mira).needs_reconnect
    assert refreshes(sandbox) == 2


def test_new_consent_ends_the_need_to_reconnect(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.revoke("mira")
    expire(outside, mira)
    with pytest.raises(ReconnectRequired):
        TokenService.access_token(mira)

    TokenService.store_grant(mira, grant_of(sandbox, "mira"))

    assert TokenService.access_token(mira)
    assert not stored(outside, mira).needs_reconnect


@on_sqlite
def test_consent_that_comes_while_an_older_one_is_refused_stands(
    mira: int, sandbox: Sandbox, outside: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing locks the row during the call; PostgreSQL lets the new consent wait."""
    expire(outside, mira)
    grant = grant_of(sandbox, "mira")

    def refuse(*_: object) -> TokenGrant:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(consent_elsewhere).result()
        raise GrantRefusedError("revoked")

    def consent_elsewhere() -> None:
        with app.app_context():
            TokenService.store_grant(mira, grant)

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    monkeypatch.setattr(token_service, "refresh_grant", refuse)
    assert TokenService.access_token(mira) == grant.access_token
    user = stored(outside, mira)
    assert not user.needs_reconnect
    assert TokenService.decrypt(mira, user.encrypted_access_token or "") == grant.access_token


def test_outage_of_the_accounts_service_is_no_reason_to_reconnect(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.fault("error_before", path="/api/token")
    expire(outside, mira)

    with pytest.raises(UnavailableError):
        TokenService.access_token(mira)

    assert not stored(outside, mira).needs_reconnect
    assert TokenService.access_token(mira)


def test_account_that_never_consented_has_to_connect(user: User, db: SQLAlchemy) -> None:
    with pytest.raises(ReconnectRequired):
        TokenService.access_token(user.id)


def test_unknown_account_has_no_token(db: SQLAlchemy) -> None:
    with pytest.raises(UserNotFoundError):
        TokenService.access_token(7)


def test_token_that_spotify_turns_down_is_refreshed_in_the_middle_of_a_call(
    mira: int, sandbox: Sandbox
) -> None:
    sandbox.expire_access_tokens("mira")

    assert PlaylistService.list_playlists(mira)
    assert refreshes(sandbox) == 1


def test_many_threads_make_one_refresh(
    app: Flask, mira: int, sandbox: Sandbox, outside: Session
) -> None:
    expire(outside, mira)
    sandbox.fault("slow", path="/api/token", seconds=0.2)
    together = Barrier(8)

    def ask() -> str:
        with app.app_context():
            together.wait()
            return TokenService.access_token(mira)

    with ThreadPoolExecutor(8) as pool:
        tokens = {task.result() for task in [pool.submit(ask) for _ in range(8)]}

    assert len(tokens) == 1
    assert refreshes(sandbox) == 1
