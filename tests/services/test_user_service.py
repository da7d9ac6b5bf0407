from typing import Any

from flask_sqlalchemy import SQLAlchemy
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, LoginHistory, User, UserSettings
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    LoginHistoryService,
    TokenService,
    UserNotAllowedError,
    UserNotFoundError,
    UserService,
    UserServiceError,
    spotify_settings,
)
from shuffify.spotify import oauth
from shuffify.spotify.errors import GrantRefusedError
from tests.services.conftest import Trail
from tests.services.consent import consent

PROFILE = {
    "id": "mira",
    "account_id": "account-1",
    "display_name": "Mira",
    "images": [{"url": "https://i.scdn.co/image/1"}],
    "uri": "spotify:user:mira",
}


def test_first_login_makes_the_account_with_its_settings(
    db: SQLAlchemy, outside: Session
) -> None:
    user = UserService.upsert_from_spotify(PROFILE)

    stored = outside.get_one(User, user.id)
    assert stored.login_count == 1
    assert stored.display_name == "Mira"
    assert stored.profile_image_url == "https://i.scdn.co/image/1"
    assert stored.last_login_at is not None
    settings = outside.scalars(select(UserSettings)).one()
    assert (settings.user_id, settings.theme) == (user.id, "system")


def test_later_login_counts_and_refreshes_the_profile(db: SQLAlchemy, outside: Session) -> None:
    UserService.upsert_from_spotify(PROFILE)
    UserService.upsert_from_spotify({**PROFILE, "display_name": "Mira B.", "images": []})

    stored = outside.scalars(select(User)).one()
    assert stored.login_count == 2
    assert (stored.display_name, stored.profile_image_url) == ("Mira B.", None)
    assert outside.scalar(select(func.count()).select_from(UserSettings)) == 1


def test_only_the_id_is_needed(db: SQLAlchemy, outside: Session) -> None:
    user = UserService.upsert_from_spotify({"id": "somebody"})

    stored = outside.get_one(User, user.id)
    assert (stored.display_name, stored.spotify_uri, stored.spotify_account_id) == (None,) * 3


@pytest.mark.parametrize("images", [None, [], [{}], [{"url": "https://x/" + "y" * 1100}]])
def test_profile_without_a_usable_picture_has_none(
    db: SQLAlchemy, outside: Session, images: object
) -> None:
    UserService.upsert_from_spotify({"id": "somebody", "images": images})

    assert outside.scalars(select(User)).one().profile_image_url is None


def test_account_is_found_by_its_account_id_when_its_spotify_id_changes(
    db: SQLAlchemy, outside: Session
) -> None:
    first = UserService.upsert_from_spotify(PROFILE)
    second = UserService.upsert_from_spotify({**PROFILE, "id": "mira-renamed"})

    assert second.id == first.id
    assert outside.scalars(select(User)).one().spotify_id == "mira-renamed"


def test_older_account_gets_its_account_id_later(db: SQLAlchemy, outside: Session) -> None:
    UserService.upsert_from_spotify({"id": "mira"})
    UserService.upsert_from_spotify(PROFILE)

    assert outside.scalars(select(User)).one().spotify_account_id == "account-1"


@pytest.mark.parametrize(
    ("name", "kept"), [("x" * 300, "x" * 255), ("Mi\0ra\ud800", "Mira"), ("\0", None), (7, None)]
)
def test_name_is_kept_as_far_as_it_can_be_stored(
    db: SQLAlchemy, outside: Session, name: object, kept: str | None
) -> None:
    UserService.upsert_from_spotify({"id": "mira", "display_name": name})

    assert outside.scalars(select(User)).one().display_name == kept


@pytest.mark.parametrize("profile", [{}, {"id": ""}, {"id": None}])
def test_profile_without_an_id_is_refused(
    db: SQLAlchemy, outside: Session, profile: dict[str, object]
) -> None:
    with pytest.raises(UserServiceError):
        UserService.upsert_from_spotify(profile)
    assert outside.scalars(select(User)).all() == []


def test_too_long_id_is_refused_and_nothing_stays(db: SQLAlchemy, outside: Session) -> None:
    with pytest.raises(UserServiceError, match="could not be saved"):
        UserService.upsert_from_spotify({"id": "x" * 300})
    assert outside.scalars(select(User)).all() == []


def test_making_an_account_leaves_no_row_in_the_trail(db: SQLAlchemy, trail: Trail) -> None:
    UserService.upsert_from_spotify(PROFILE)
    UserService.upsert_from_spotify(PROFILE)

    assert trail.rows == []


def test_accounts_are_found_by_id_and_by_spotify_id(db: SQLAlchemy) -> None:
    user = UserService.upsert_from_spotify(PROFILE)

    assert UserService.get(user.id) is UserService.get_by_spotify_id("mira")


def test_unknown_accounts_are_not_found(db: SQLAlchemy) -> None:
    with pytest.raises(UserNotFoundError):
        UserService.get(1)
    with pytest.raises(UserNotFoundError):
        UserService.get_by_spotify_id("nobody")


def test_disabled_account_may_not_sign_in(
    user: User, db: SQLAlchemy, outside: Session
) -> None:
    outside.get_one(User, user.id).is_active = False
    outside.commit()

    with pytest.raises(UserNotAllowedError, match="disabled"):
        UserService.check_allowed("mira", "account-1")


class TestAllowList:
    @pytest.fixture
    def app_variables(self, app_variables: dict[str, str]) -> dict[str, str]:
        return {**app_variables, "ALLOWED_SPOTIFY_IDS": "mira"}

    def test_only_those_on_it_may_sign_in(self, db: SQLAlchemy) -> None:
        UserService.check_allowed("mira")
        with pytest.raises(UserNotAllowedError, match="list"):
            UserService.check_allowed("jonas")

    def test_sign_in_of_somebody_else_stores_nothing(
        self, db: SQLAlchemy, sandbox: Sandbox, outside: Session, trail: Trail
    ) -> None:
        attempt = oauth.LoginAttempt.new()
        code = consent(spotify_settings(), attempt, library.JONAS)

        with pytest.raises(UserNotAllowedError):
            UserService.sign_in(code=code, code_verifier=attempt.code_verifier, sid="sid")
        assert outside.scalars(select(User)).all() == []
        assert trail.rows == []


def test_sign_in_leaves_account_tokens_login_and_one_row(
    db: SQLAlchemy, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    attempt = oauth.LoginAttempt.new()
    code = consent(spotify_settings(), attempt, library.MIRA)

    user = UserService.sign_in(
        code=code,
        code_verifier=attempt.code_verifier,
        sid="sid",
        ip_address="127.0.0.1",
        user_agent="Browser",
    )

    stored = outside.get_one(User, user.id)
    assert (stored.spotify_id, stored.login_count) == (library.MIRA, 1)
    assert stored.spotify_account_id
    assert stored.granted_scope and "playlist-modify-private" in stored.granted_scope
    assert outside.scalars(select(LoginHistory)).one().user_agent == "Browser"
    assert trail.sentences == [("login", "Logged in via Spotify OAuth")]
    assert trail.last.user_id == user.id
    assert trail.last.metadata_json == {"first_login": True}
    assert TokenService.access_token(user.id)


@pytest.mark.parametrize("known", [False, True])
def test_sign_in_that_fails_at_its_last_step_leaves_nothing_of_the_others(
    jonas: int, db: SQLAlchemy, sandbox: Sandbox, outside: Session, trail: Trail, known: bool
) -> None:
    LoginHistoryService.record_login(jonas, "taken")
    if known:
        UserService.upsert_from_spotify({"id": library.MIRA})
    before = everything(outside)
    attempt = oauth.LoginAttempt.new()
    code = consent(spotify_settings(), attempt, library.MIRA)

    with pytest.raises(UserServiceError, match="The login could not be saved. Nothing was"):
        UserService.sign_in(code=code, code_verifier=attempt.code_verifier, sid="taken")

    assert everything(outside) == before


def everything(outside: Session) -> dict[str, list[dict[str, Any]]]:
    outside.rollback()
    return {
        model.__tablename__: [
            {**vars(row), "_sa_instance_state": None}
            for row in outside.scalars(select(model).execution_options(populate_existing=True))
        ]
        for model in (User, UserSettings, LoginHistory, ActivityLog)
    }


def test_refused_code_stores_nothing(db: SQLAlchemy, sandbox: Sandbox, outside: Session) -> None:
    with pytest.raises(GrantRefusedError):
        UserService.sign_in(code="wrong", code_verifier="x" * 43, sid="sid")
    assert outside.scalars(select(User)).all() == []
