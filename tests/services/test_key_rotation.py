from collections.abc import Callable

from cryptography.fernet import Fernet
from flask import Flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import User
from shuffify.services import TokenEncryptionError, TokenService, UserService
from shuffify.services.key_rotation import BATCH
from shuffify.spotify.oauth import TokenGrant
from tests.services.conftest import Trail

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
GRANT = TokenGrant(access_token="access", refresh_token="refresh", expires_in=3600, scope="")


def sign_up(count: int) -> list[int]:
    ids = []
    for number in range(count):
        ids.append(UserService.upsert_from_spotify({"id": f"user-{number}"}).id)
        TokenService.store_grant(ids[-1], GRANT)
    return ids


@pytest.fixture
def under_old_key(make_app: Callable[..., Flask]) -> list[int]:
    with make_app(TOKEN_KEYS=OLD).app_context():
        return sign_up(3)


def test_all_tokens_come_under_the_first_key(
    make_app: Callable[..., Flask], under_old_key: list[int], trail: Trail
) -> None:
    with make_app(TOKEN_KEYS=f"{NEW},{OLD}").app_context():
        done = TokenService.rotate_keys()
        assert done.to_dict() == {"rotated": 3, "current": 0, "unreadable": []}
        again = TokenService.rotate_keys()
        assert again.to_dict() == {"rotated": 0, "current": 3, "unreadable": []}

    with make_app(TOKEN_KEYS=NEW).app_context():
        assert [TokenService.access_token(user_id) for user_id in under_old_key] == ["access"] * 3
    assert trail.rows == []


def test_dry_run_counts_and_changes_nothing(
    make_app: Callable[..., Flask], under_old_key: list[int]
) -> None:
    with make_app(TOKEN_KEYS=f"{NEW},{OLD}").app_context():
        assert TokenService.rotate_keys(dry_run=True).rotated == 3
    with make_app(TOKEN_KEYS=NEW).app_context():
        with pytest.raises(TokenEncryptionError):
            TokenService.access_token(under_old_key[0])


def test_accounts_that_cannot_be_read_are_named_and_left_alone(
    make_app: Callable[..., Flask], under_old_key: list[int], outside: Session
) -> None:
    lost = outside.get_one(User, under_old_key[1])
    lost.encrypted_refresh_token = Fernet(OTHER).encrypt(b"1:refresh").decode()
    outside.commit()
    before = lost.encrypted_refresh_token

    with make_app(TOKEN_KEYS=f"{NEW},{OLD}").app_context():
        done = TokenService.rotate_keys()

    assert (done.rotated, done.unreadable) == (2, (under_old_key[1],))
    outside.rollback()
    assert outside.get_one(User, under_old_key[1]).encrypted_refresh_token == before


def test_more_accounts_than_a_batch_are_all_done(
    make_app: Callable[..., Flask], outside: Session
) -> None:
    app = make_app(TOKEN_KEYS=OLD)
    with app.app_context():
        for number in range(BATCH + 5):
            outside.add(User(spotify_id=f"user-{number}"))
        outside.commit()
        for user in outside.scalars(select(User)):
            user.encrypted_refresh_token = TokenService.encrypt(user.id, "refresh")
        outside.commit()
    with make_app(TOKEN_KEYS=f"{NEW},{OLD}").app_context():
        assert TokenService.rotate_keys().rotated == BATCH + 5


def test_account_without_tokens_is_passed_over(make_app: Callable[..., Flask]) -> None:
    with make_app(TOKEN_KEYS=NEW).app_context():
        UserService.upsert_from_spotify({"id": "nobody"})
        assert TokenService.rotate_keys().to_dict() == {
            "rotated": 0, "current": 0, "unreadable": [],
        }
