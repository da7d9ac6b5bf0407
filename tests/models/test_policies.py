"""What each model leaves in the trail: type, sentence, playlist and facts."""

from sqlalchemy import select

from shuffify.models.db import (
    LoginHistory,
    SchedulerState,
    UpstreamSource,
    User,
    UserSettings,
    WorkshopSession,
)
from tests.models.trails import NOON, Trail, changes, facts


def test_a_workshop_session_is_saved_updated_renamed_and_deleted(
    trail: Trail, user: User
) -> None:
    session = WorkshopSession(
        user_id=user.id, playlist_id="p1", playlist_name="Mix", session_name="Draft",
        track_uris=["a", "b"],
    )
    row = trail.one(session)
    assert (row.activity_type, row.description) == (
        "workshop_session_save", "Saved workshop session 'Draft'",
    )
    assert (row.playlist_id, row.playlist_name) == ("p1", "Mix")
    assert (row.entity_type, row.entity_id) == ("workshop_session", str(session.id))
    base = {"session_name": "Draft", "track_count": 2, "session_id": session.id}
    assert facts(row) == {**base, "operation": "create"}

    session.track_uris = ["b"]
    row = trail.one()
    assert row.description == "Updated workshop session 'Draft'"
    assert facts(row) == {**base, "track_count": 1, "operation": "update"}
    assert set(changes(row)) == {"track_uris"}
    assert {"count", "bytes", "sha256"} == set(changes(row)["track_uris"][0])

    session.session_name = "Final"
    row = trail.one()
    assert row.description == "Renamed workshop session 'Draft' to 'Final'"
    assert changes(row) == {"session_name": ["Draft", "Final"]}
    assert facts(row)["track_count"] == 1

    session.playlist_name = "Mix 2"
    assert trail.commit() == []

    trail.db.session.delete(session)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "workshop_session_delete", "Deleted workshop session 'Final'",
    )
    assert (row.playlist_id, row.playlist_name) == ("p1", "Mix 2")
    assert facts(row) == {
        "session_name": "Final", "track_count": 1, "session_id": int(row.entity_id or 0),
    }


def test_a_source_is_added_and_removed_and_its_refreshed_names_are_nobodys_act(
    trail: Trail, user: User
) -> None:
    source = UpstreamSource(
        user_id=user.id, target_playlist_id="p1", target_playlist_name="Mix",
        source_playlist_id="s1", source_name="Fresh", source_type="external",
    )
    row = trail.one(source)
    assert (row.activity_type, row.description, row.playlist_id, row.playlist_name) == (
        "upstream_source_add", "Added upstream source 'Fresh' to 'Mix'", "p1", "Mix",
    )
    expected = {
        "source_playlist_id": "s1", "source_type": "external", "source_name": "Fresh",
        "source_id": source.id,
    }
    assert facts(row) == expected

    source.source_name = "Fresher"
    source.target_playlist_name = "Mix 2"
    assert trail.commit() == []

    trail.db.session.delete(source)
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "upstream_source_delete", "Removed upstream source 'Fresher' from 'Mix 2'",
    )
    assert facts(row) == {**expected, "source_name": "Fresher"}


def test_changed_settings_are_named_and_creating_them_is_not_recorded(
    trail: Trail, user: User
) -> None:
    settings = trail.db.session.scalars(select(UserSettings)).one()
    settings.timezone, settings.theme = "Europe/Berlin", "dark"
    row = trail.one()
    assert (row.activity_type, row.description, row.playlist_id, row.playlist_name) == (
        "settings_change", "Changed settings (theme, timezone)", None, None,
    )
    assert row.metadata_json == {
        "changes": {"theme": ["system", "dark"], "timezone": ["UTC", "Europe/Berlin"]}
    }
    settings.theme = "dark"
    assert trail.commit() == []
    trail.db.session.delete(settings)
    assert trail.commit() == []
    assert trail.commit(UserSettings(user_id=user.id)) == []


def test_of_an_account_only_its_being_active_is_recorded_and_without_its_name(
    trail: Trail, user: User
) -> None:
    other = User(spotify_id="jonas", display_name="Jonas")
    assert trail.commit(other) == []
    for name, value in (
        ("display_name", "Jo"), ("encrypted_access_token", "x"), ("login_count", 2),
        ("needs_reconnect", True), ("last_login_at", NOON),
    ):
        setattr(other, name, value)
    assert trail.commit() == []
    other.is_active = False
    row = trail.one()
    assert (row.activity_type, row.description) == (
        "user_update", f"Disabled account {other.id}",
    )
    assert changes(row) == {"is_active": [True, False]}
    assert "Jo" not in str(row.to_dict())
    trail.db.session.delete(other)
    assert trail.commit() == []


def test_logins_and_heartbeats_leave_nothing(trail: Trail, user: User) -> None:
    login = LoginHistory(
        user_id=user.id, session_id="s", expires_at=NOON, login_type="oauth_initial"
    )
    state = SchedulerState(leader="a", heartbeat_at=NOON, started_at=NOON)
    assert trail.commit(login, state) == []
    login.ended_by, state.leader = "logout", "b"
    assert trail.commit() == []


def test_the_longest_names_leave_a_row_that_fits(trail: Trail, user: User) -> None:
    name = "N" * 255
    session = WorkshopSession(
        user_id=user.id, playlist_id="p1", playlist_name=name, session_name="A" * 255,
        track_uris=[],
    )
    trail.commit(session)
    session.session_name = "B" * 255
    row = trail.one()
    assert len(row.description) <= 500
    assert row.playlist_name == name
