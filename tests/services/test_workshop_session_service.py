from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from freezegun import freeze_time
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import WorkshopSession
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    PlaylistNotFoundError,
    WorkshopSessionLimitError,
    WorkshopSessionNotFoundError,
    WorkshopSessionService,
    WorkshopSessionValidationError,
)
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
URIS = ["spotify:track:" + "a" * 22, "spotify:episode:" + "b" * 22]


def save(user_id: int, name: str = "Draft", playlist_id: str = PLAYLIST) -> WorkshopSession:
    return WorkshopSessionService.save_session(
        user_id, playlist_id, name, URIS, playlist_name=NAME
    )


def stored(outside: Session) -> list[WorkshopSession]:
    outside.rollback()
    return list(outside.scalars(select(WorkshopSession).order_by(WorkshopSession.id)))


def test_saved_session_stands_in_the_table_and_in_the_trail(
    mira: int, outside: Session, trail: Trail
) -> None:
    session = WorkshopSessionService.save_session(mira, PLAYLIST, "  Road trip ", URIS)

    row = stored(outside)[0]
    assert (row.user_id, row.playlist_id, row.playlist_name) == (mira, PLAYLIST, NAME)
    assert (row.session_name, row.track_uris) == ("Road trip", URIS)
    entry = trail.last
    assert trail.sentences == [("workshop_session_save", "Saved workshop session 'Road trip'")]
    assert (entry.user_id, entry.playlist_id, entry.playlist_name) == (mira, PLAYLIST, NAME)
    assert (entry.source, entry.request_id) == ("test", "request-1")
    assert entry.metadata_json is not None
    assert entry.metadata_json["session_id"] == session.id
    assert entry.metadata_json["track_count"] == 2
    assert entry.metadata_json["operation"] == "create"


def test_playlist_that_spotify_does_not_know_has_no_sessions(
    mira: int, outside: Session, trail: Trail
) -> None:
    with pytest.raises(PlaylistNotFoundError):
        WorkshopSessionService.save_session(mira, "0" * 22, "Draft", URIS)
    assert stored(outside) == []
    assert trail.rows == []


def test_long_playlist_name_is_cut_where_it_is_stored(mira: int, outside: Session) -> None:
    playlist = library.PLAYLISTS["long_name"]
    WorkshopSessionService.save_session(mira, playlist, "Draft", [])

    assert stored(outside)[0].playlist_name == library.PLAYLIST_NAMES["long_name"][:255]


@pytest.mark.parametrize(
    ("name", "uris", "fields"),
    [
        ("", [], ["session_name"]),
        ("   ", [], ["session_name"]),
        ("x" * 256, [], ["session_name"]),
        ("a\0b", [], ["session_name"]),
        ("\ud800", [], ["session_name"]),
        ("fine", ["spotify:track:x"] * 10_001, ["track_uris"]),
        ("fine", [""], ["track_uris"]),
        ("", ["\0"], ["session_name", "track_uris"]),
    ],
)
def test_what_cannot_be_kept_is_refused(
    mira: int, outside: Session, name: str, uris: list[str], fields: list[str]
) -> None:
    with pytest.raises(WorkshopSessionValidationError) as refusal:
        WorkshopSessionService.save_session(mira, PLAYLIST, name, uris, playlist_name=NAME)

    assert [field for field, _ in refusal.value.errors] == fields
    assert stored(outside) == []


def test_names_of_255_characters_and_of_any_script_are_kept(mira: int, outside: Session) -> None:
    for name in ("x" * 255, "سفر", "🚗🎶", "O'Brien \"quoted\" %s {0}"):
        save(mira, name)

    assert [row.session_name for row in stored(outside)][1:] == [
        "سفر", "🚗🎶", "O'Brien \"quoted\" %s {0}",
    ]


def test_eleventh_session_of_a_playlist_is_refused(
    mira: int, outside: Session, trail: Trail
) -> None:
    for number in range(10):
        save(mira, f"Draft {number}")

    with pytest.raises(WorkshopSessionLimitError, match="10 workshop sessions"):
        save(mira)

    save(mira, playlist_id=library.PLAYLISTS["one"])
    assert len(stored(outside)) == len(trail.rows) == 11


def test_limit_holds_when_many_save_at_once(app: Flask, mira: int, outside: Session) -> None:
    def save_one(number: int) -> bool:
        with app.app_context():
            try:
                save(mira, f"Draft {number}")
            except WorkshopSessionLimitError:
                return False
            return True

    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(save_one, range(16)))

    assert sum(saved) == 10
    assert len(stored(outside)) == 10


def test_sessions_are_listed_last_updated_first(mira: int, jonas: int) -> None:
    with freeze_time("2026-11-01 12:00:00") as clock:
        first, second = save(mira, "First").id, save(mira, "Second").id
        save(jonas, "Somebody else's")
        clock.tick(60)
        WorkshopSessionService.update_session(mira, first, session_name="First, again")

    listed = WorkshopSessionService.list(mira, PLAYLIST)
    assert [session.id for session in listed] == [first, second]


def test_session_is_renamed(mira: int, outside: Session, trail: Trail) -> None:
    session_id = save(mira, "Draft").id

    session, changed = WorkshopSessionService.update_session(
        mira, session_id, session_name="Final"
    )

    assert changed
    assert session.session_name == stored(outside)[0].session_name == "Final"
    assert stored(outside)[0].track_uris == URIS
    assert trail.sentences[1:] == [
        ("workshop_session_save", "Renamed workshop session 'Draft' to 'Final'")
    ]


def test_list_of_a_session_is_replaced(mira: int, outside: Session, trail: Trail) -> None:
    session_id = save(mira, "Draft").id

    WorkshopSessionService.update_session(mira, session_id, track_uris=URIS[::-1])

    assert stored(outside)[0].track_uris == URIS[::-1]
    assert trail.sentences[1:] == [("workshop_session_save", "Updated workshop session 'Draft'")]
    assert URIS[0] not in str(trail.last.metadata_json)


def test_list_can_be_emptied(mira: int, outside: Session) -> None:
    _, changed = WorkshopSessionService.update_session(mira, save(mira).id, track_uris=[])

    assert changed
    assert stored(outside)[0].track_uris == []


def test_update_that_changes_nothing_leaves_no_row(mira: int, trail: Trail) -> None:
    session_id = save(mira, "Draft").id

    _, changed = WorkshopSessionService.update_session(
        mira, session_id, session_name=" Draft ", track_uris=URIS
    )

    assert not changed
    assert len(trail.rows) == 1


def test_deleted_session_is_gone_and_named_in_the_trail(
    mira: int, outside: Session, trail: Trail
) -> None:
    session_id = save(mira, "Draft").id

    WorkshopSessionService.delete_session(mira, session_id)

    assert stored(outside) == []
    assert trail.sentences[1:] == [
        ("workshop_session_delete", "Deleted workshop session 'Draft'")
    ]
    assert (trail.last.playlist_id, trail.last.playlist_name) == (PLAYLIST, NAME)
    with pytest.raises(WorkshopSessionNotFoundError):
        WorkshopSessionService.delete_session(mira, session_id)


def test_sessions_of_others_are_not_found(mira: int, jonas: int, outside: Session) -> None:
    session_id = save(jonas).id

    with pytest.raises(WorkshopSessionNotFoundError):
        WorkshopSessionService.get(mira, session_id)
    with pytest.raises(WorkshopSessionNotFoundError):
        WorkshopSessionService.update_session(mira, session_id, session_name="Mine")
    with pytest.raises(WorkshopSessionNotFoundError):
        WorkshopSessionService.delete_session(mira, session_id)
    assert WorkshopSessionService.get(jonas, session_id).session_name == "Draft"
    assert WorkshopSessionService.list(mira, PLAYLIST) == []


def test_saving_needs_no_call_when_the_name_is_known(mira: int, sandbox: Sandbox) -> None:
    save(mira)

    assert sandbox.requests("/v1/*") == []
