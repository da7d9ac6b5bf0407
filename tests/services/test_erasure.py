import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.models.db import (
    ActivityLog,
    LoginHistory,
    PlaylistSnapshot,
    Schedule,
    UpstreamSource,
    User,
    UserSettings,
    WorkshopSession,
)
from shuffify.sandbox import library
from shuffify.services import (
    LoginHistoryService,
    SchedulerService,
    ShuffleService,
    UpstreamSourceService,
    UserNotFoundError,
    UserService,
    WorkshopSessionService,
)
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
OWNED = (Schedule, UpstreamSource, WorkshopSession, PlaylistSnapshot, LoginHistory, UserSettings)


@pytest.fixture
def owner(mira: int) -> int:
    """Return Mira, who has one of everything."""
    LoginHistoryService.record_login(mira, "sid")
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    WorkshopSessionService.save_session(mira, PLAYLIST, "Draft", [])
    UpstreamSourceService.add_source(
        mira, PLAYLIST, source_playlist_id=library.PLAYLISTS["one"]
    )
    SchedulerService.create_schedule(
        mira,
        job_type="raid",
        target_playlist_id=PLAYLIST,
        source_playlist_ids=[library.PLAYLISTS["one"]],
    )
    return mira


@pytest.mark.report(58, 61, 64)
def test_erased_person_leaves_a_number_and_the_trail(
    owner: int, jonas: int, outside: Session, trail: Trail
) -> None:
    before = [row.to_dict() for row in trail.rows]

    UserService.erase(owner)

    outside.rollback()
    person = outside.get_one(User, owner)
    assert person.to_dict(without={"id", "created_at", "updated_at", "login_count"}) == {
        "spotify_id": f"erased:{owner}",
        "spotify_account_id": None,
        "display_name": None,
        "profile_image_url": None,
        "spotify_uri": None,
        "access_token_expires_at": None,
        "granted_scope": None,
        "consented_at": None,
        "needs_reconnect": False,
        "last_login_at": None,
        "is_active": False,
    }
    assert (person.encrypted_access_token, person.encrypted_refresh_token) == (None, None)
    for model in OWNED:
        query = select(func.count()).select_from(model).where(model.user_id == owner)
        assert outside.scalar(query) == 0, model
    assert outside.scalar(select(func.count()).select_from(UserSettings)) == 1
    after = [row.to_dict() for row in trail.rows]
    assert after[: len(before)] == before
    assert sorted(row["activity_type"] for row in after[len(before):]) == [
        "audit_erase", "schedule_delete", "snapshot_delete", "upstream_source_delete",
        "user_update", "workshop_session_delete",
    ]
    assert all(row["user_id"] == owner for row in after)


def test_erasing_blanks_where_the_person_came_from(
    mira: int, jonas: int, outside: Session, trail: Trail
) -> None:
    for user_id in (mira, jonas):
        with bind(user_id=user_id, remote_addr="192.0.2.0", user_agent="Firefox"):
            WorkshopSessionService.save_session(user_id, PLAYLIST, "Draft", [])

    UserService.erase(mira)

    outside.rollback()
    query = select(ActivityLog).where(ActivityLog.activity_type == "workshop_session_save")
    clients = {row.user_id: (row.metadata_json or {}).get("client") for row in
               outside.scalars(query)}
    assert clients == {
        mira: None, jonas: {"remote_addr": "192.0.2.0", "user_agent": "Firefox"}
    }
    (told,) = [row for row in trail.rows if row.activity_type == "audit_erase"]
    assert (told.user_id, told.metadata_json["blanked"]) == (mira, 1)


def test_erased_person_may_come_back_as_somebody_new(owner: int) -> None:
    UserService.erase(owner)

    again = UserService.upsert_from_spotify({"id": library.MIRA})

    assert again.id != owner
    assert again.login_count == 1


def test_disabled_account_is_out_at_once_and_can_come_back(
    owner: int, trail: Trail
) -> None:
    rows_before = len(trail.rows)

    assert UserService.disable(owner)
    assert not UserService.disable(owner)
    assert not LoginHistoryService.is_open(owner, "sid")
    assert UserService.enable(owner)
    assert not UserService.enable(owner)
    assert LoginHistoryService.is_open(owner, "sid")

    assert trail.sentences[rows_before:] == [
        ("user_update", f"Disabled account {owner}"),
        ("user_update", f"Enabled account {owner}"),
    ]


def test_accounts_are_listed_oldest_first(mira: int, jonas: int) -> None:
    assert [user.id for user in UserService.list()] == [mira, jonas]


def test_unknown_accounts_cannot_be_changed(mira: int) -> None:
    for act in (UserService.disable, UserService.enable, UserService.erase):
        with pytest.raises(UserNotFoundError):
            act(mira + 100)
