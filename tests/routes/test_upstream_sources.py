"""Upstream sources through HTTP."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog
from shuffify.sandbox import library
from tests.visitor import Visitor, fields, on_sqlite

TARGET = library.PLAYLISTS["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
PATH = f"/playlist/{TARGET}/upstream-sources"


def sentences(outside: Session) -> list[str]:
    query = select(ActivityLog.description).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def test_a_source_is_added_once_listed_and_removed(mira: Visitor, outside: Session) -> None:
    added = mira.post(PATH, {"source_playlist_id": SOURCE})
    assert (added.status_code, added.json["created"]) == (201, True)
    source = added.json["source"]
    assert source["source_name"] == library.PLAYLIST_NAMES["hundred_twenty"]
    assert source["source_type"] == "own"

    url = f"https://open.spotify.com/intl-de/playlist/{SOURCE}?si=abc"
    again = mira.post(PATH, {"source_url": url})
    assert (again.status_code, again.json["created"]) == (200, False)
    assert [entry["id"] for entry in mira.get(PATH).json["sources"]] == [source["id"]]

    assert mira.delete(f"/upstream-sources/{source['id']}").status_code == 200
    assert mira.get(PATH).json["sources"] == []
    names = library.PLAYLIST_NAMES
    pair = (names["hundred_twenty"], names["twelve"])
    assert sentences(outside) == [
        "Added upstream source '{}' to '{}'".format(*pair),
        "Removed upstream source '{}' from '{}'".format(*pair),
    ]


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({}, {"source_playlist_id", "source_url"}),
        (
            {"source_playlist_id": SOURCE, "source_url": "https://x.example"},
            {"source_playlist_id", "source_url"},
        ),
        ({"source_playlist_id": None}, {"source_playlist_id"}),
        ({"source_playlist_id": "short"}, {"source_playlist_id"}),
        ({"source_playlist_id": SOURCE + "\n"}, {"source_playlist_id"}),
        ({"source_playlist_id": TARGET}, {"source_playlist_id"}),
        ({"source_url": ""}, {"source_url"}),
        ({"source_url": "x" * 1025}, {"source_url"}),
        ({"source_url": "https://example.com/"}, {"source_url"}),
        ({"source_url": "a\x00b", "x": []}, {"source_url", "x"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_added(
    mira: Visitor, outside: Session, body: object, wrong: set[str]
) -> None:
    assert fields(mira.post(PATH, body)) == wrong
    assert sentences(outside) == []


def test_targets_must_be_editable(mira: Visitor) -> None:
    path = f"/playlist/{library.PLAYLISTS['foreign_public']}/upstream-sources"
    answer = mira.post(path, {"source_playlist_id": SOURCE})
    assert (answer.status_code, answer.json["code"]) == (403, "not_editable")


def test_sources_must_be_readable(mira: Visitor) -> None:
    answer = mira.post(PATH, {"source_playlist_id": library.PLAYLISTS["foreign_public"]})
    assert (answer.status_code, answer.json["code"]) == (403, "not_readable")


def test_the_eleventh_source_is_refused(mira: Visitor) -> None:
    for number in range(1, 11):
        shelf = library.PLAYLISTS[f"shelf_{number:02}"]
        assert mira.post(PATH, {"source_playlist_id": shelf}).status_code == 201
    answer = mira.post(PATH, {"source_playlist_id": library.PLAYLISTS["shelf_11"]})
    assert (answer.status_code, answer.json["code"]) == (409, "limit_reached")


def test_a_source_that_a_schedule_names_stays(mira: Visitor) -> None:
    source_id = mira.post(PATH, {"source_playlist_id": SOURCE}).json["source"]["id"]
    schedule = mira.post("/schedules/create", {
        "job_type": "raid",
        "target_playlist_id": TARGET,
        "source_playlist_ids": [SOURCE],
    })
    assert schedule.status_code == 201, schedule.text
    answer = mira.delete(f"/upstream-sources/{source_id}")
    assert (answer.status_code, answer.json["code"]) == (409, "source_in_use")
