"""Saved workshop sessions through HTTP."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog
from shuffify.sandbox import library
from tests.visitor import Visitor, fields, on_sqlite

TWELVE = library.PLAYLISTS["twelve"]
PATH = f"/workshop/{TWELVE}/sessions"
TRACK = "spotify:track:" + "a1" * 11
EPISODE = "spotify:episode:" + "B2" * 11
LOCAL = "spotify:local:Somebody:Something:Some%20song:215"


def save(visitor: Visitor, name: str = "Draft", uris: tuple[str, ...] = (TRACK,)) -> int:
    answer = visitor.post(PATH, {"session_name": name, "track_uris": list(uris)})
    assert answer.status_code == 201, answer.text
    session_id: int = answer.json["session"]["id"]
    return session_id


def sentences(outside: Session) -> list[str]:
    query = select(ActivityLog.description).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def test_a_session_is_saved_listed_read_changed_and_deleted(
    mira: Visitor, outside: Session
) -> None:
    session_id = save(mira, " Draft \t", (TRACK, EPISODE, LOCAL, TRACK))
    (listed,) = mira.get(PATH).json["sessions"]
    assert (listed["session_name"], listed["track_count"]) == ("Draft", 4)
    assert "track_uris" not in listed
    session = mira.get(f"/workshop/sessions/{session_id}").json["session"]
    assert session["track_uris"] == [TRACK, EPISODE, LOCAL, TRACK]
    assert session["created_at"].endswith("+00:00")

    renamed = mira.put(f"/workshop/sessions/{session_id}", {"session_name": "Final"})
    assert renamed.json["session"]["track_uris"] == [TRACK, EPISODE, LOCAL, TRACK]
    cleared = mira.put(f"/workshop/sessions/{session_id}", {"track_uris": []})
    assert cleared.json["session"]["track_uris"] == []
    same = mira.put(f"/workshop/sessions/{session_id}", {"session_name": "Final"})
    assert (same.status_code, same.json["category"]) == (200, "info")

    assert mira.delete(f"/workshop/sessions/{session_id}").status_code == 200
    assert mira.get(f"/workshop/sessions/{session_id}").status_code == 404
    assert sentences(outside) == [
        "Saved workshop session 'Draft'",
        "Renamed workshop session 'Draft' to 'Final'",
        "Updated workshop session 'Final'",
        "Deleted workshop session 'Final'",
    ]


def test_the_eleventh_session_is_refused(mira: Visitor) -> None:
    for number in range(10):
        save(mira, f"Draft {number}")
    answer = mira.post(PATH, {"session_name": "One more", "track_uris": []})
    assert (answer.status_code, answer.json["code"]) == (409, "limit_reached")
    assert "10" in answer.json["message"]


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({}, {"session_name", "track_uris"}),
        ({"session_name": None, "track_uris": None}, {"session_name", "track_uris"}),
        ({"session_name": " ", "track_uris": []}, {"session_name"}),
        ({"session_name": "x" * 256, "track_uris": TRACK}, {"session_name", "track_uris"}),
        ({"session_name": "a\x00b", "track_uris": []}, {"session_name"}),
        ({"session_name": "x", "track_uris": [TRACK, 7]}, {"track_uris.1"}),
        ({"session_name": "x", "track_uris": ["spotify:album:" + "a" * 22]}, {"track_uris.0"}),
        ({"session_name": "x", "track_uris": [TRACK + "\n"]}, {"track_uris.0"}),
        ({"session_name": "x", "track_uris": ["spotify:local:" + "x" * 1024]}, {"track_uris.0"}),
        ({"session_name": "x", "track_uris": [TRACK] * 10_001}, {"track_uris"}),
        ({"session_name": "x", "track_uris": [], "user_id": 1}, {"user_id"}),
        ([], {"body"}),
        ("text", {"body"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_saved(
    mira: Visitor, outside: Session, body: object, wrong: set[str]
) -> None:
    assert fields(mira.post(PATH, body)) == wrong
    assert sentences(outside) == []


def test_ten_thousand_tracks_can_be_saved(mira: Visitor) -> None:
    save(mira, "All of it", (TRACK,) * 10_000)


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({}, {"body"}),
        ({"name": "x"}, {"name", "body"}),
        ({"session_name": None}, {"session_name"}),
        ({"session_name": "", "track_uris": 7}, {"session_name", "track_uris"}),
    ],
)
def test_a_change_names_every_wrong_field(mira: Visitor, body: object, wrong: set[str]) -> None:
    session_id = save(mira)
    assert fields(mira.put(f"/workshop/sessions/{session_id}", body)) == wrong


@on_sqlite
@pytest.mark.parametrize(
    "text",
    [
        b"{", b"\xff", b'{"session_name": NaN}', b'{"session_name": "\\ud800"}',
        b"[" * 100_000, b'{"session_name": ' + b"9" * 5000 + b"}", b"null",
    ],
)
def test_bodies_that_are_no_json_are_400(mira: Visitor, text: bytes) -> None:
    answer = mira.post(PATH, data=text, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert answer.json["errors"]


@on_sqlite
def test_other_bodies_than_json_are_415(mira: Visitor) -> None:
    answer = mira.post(PATH, data={"session_name": "x"})
    assert (answer.status_code, answer.json["code"]) == (415, "json_required")


@on_sqlite
def test_bodies_above_6_mib_are_413(mira: Visitor) -> None:
    text = b'{"session_name": "' + b"x" * 6 * 1024 * 1024 + b'"}'
    answer = mira.post(PATH, data=text, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_playlists_that_spotify_does_not_know_have_no_sessions(mira: Visitor) -> None:
    path = f"/workshop/{'A' * 22}/sessions"
    assert mira.get(path).json["sessions"] == []
    answer = mira.post(path, {"session_name": "x", "track_uris": []})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
