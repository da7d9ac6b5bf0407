"""Searching, and loading lists that are not the user's, through HTTP."""

from flask import Flask
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor, fields, on_sqlite

TRACKS = "/workshop/search"
PLAYLISTS = "/workshop/search-playlists"
LOAD = "/workshop/load-external-playlist"
FOREIGN = library.PLAYLISTS["foreign_public"]
TWELVE = library.PLAYLISTS["twelve"]


def some_word(mira: Visitor) -> str:
    tracks = mira.get(f"/playlist/{TWELVE}").json["playlist"]["tracks"]
    word: str = tracks[0]["name"].split()[0]
    return word


def rows(outside: Session) -> int:
    query = select(func.count(ActivityLog.id)).where(ActivityLog.activity_type != "login")
    return outside.scalar(query) or 0


def test_tracks_are_found_page_by_page(mira: Visitor, outside: Session) -> None:
    word = some_word(mira)
    answer = mira.post(TRACKS, {"query": f" {word} ", "limit": 2})
    assert answer.status_code == 200
    assert (answer.json["query"], answer.json["limit"], answer.json["offset"]) == (word, 2, 0)
    first = answer.json["tracks"]
    assert 0 < len(first) <= 2
    assert set(first[0]) >= {"uri", "name", "artists", "album_name", "duration_ms", "is_local"}
    second = mira.post(TRACKS, {"query": word, "limit": 2, "offset": 2}).json
    assert second["offset"] == 2
    assert not {row["uri"] for row in second["tracks"]} & {row["uri"] for row in first}
    assert rows(outside) == 0


@pytest.mark.parametrize("text", ["' OR 1=1 --", "\u202eabc", "🎧" * 50])
def test_odd_words_are_only_words(mira: Visitor, text: str) -> None:
    assert mira.post(TRACKS, {"query": text}).status_code == 200


def test_playlists_are_found_with_their_owner(mira: Visitor) -> None:
    name = library.PLAYLIST_NAMES["foreign_public"]
    found = mira.post(PLAYLISTS, {"query": name}).json["playlists"]
    assert 0 < len(found) <= 10
    (foreign,) = [each for each in found if each["id"] == FOREIGN]
    assert set(foreign) == {
        "id", "name", "owner_display_name", "owner_id", "image_url", "total_tracks", "readable",
    }
    assert (foreign["owner_id"], foreign["readable"]) == (library.JONAS, False)


@pytest.mark.parametrize(
    "link",
    [
        "{}",
        "spotify:playlist:{}",
        "https://open.spotify.com/playlist/{}?si=0123456789abcdef",
        "https://open.spotify.com/intl-de/playlist/{}",
        "https://open.spotify.com/embed/playlist/{}",
    ],
)
def test_a_link_opens_its_playlist(mira: Visitor, sandbox: Sandbox, link: str) -> None:
    answer = mira.post(LOAD, {"url": link.format(TWELVE)}).json
    assert answer["mode"] == "tracks"
    assert (answer["playlist"]["id"], "tracks" in answer["playlist"]) == (TWELVE, False)
    assert [track["uri"] for track in answer["tracks"]] == sandbox.uris(TWELVE)


def test_words_search_for_playlists(mira: Visitor) -> None:
    answer = mira.post(LOAD, {"query": library.PLAYLIST_NAMES["twelve"]}).json
    assert answer["mode"] == "search"
    assert TWELVE in [each["id"] for each in answer["playlists"]]


def test_lists_that_spotify_withholds_are_restricted_with_the_reason(mira: Visitor) -> None:
    answer = mira.post(LOAD, {"url": FOREIGN})
    assert (answer.status_code, answer.json["mode"]) == (200, "restricted")
    assert answer.json["reason"]


def test_where_spotify_shows_foreign_lists_they_open(mira: Visitor, sandbox: Sandbox) -> None:
    sandbox.set_profile("extended")
    answer = mira.post(LOAD, {"url": FOREIGN}).json
    assert (answer["mode"], len(answer["tracks"])) == ("tracks", len(sandbox.uris(FOREIGN)))


def test_unknown_lists_are_404(mira: Visitor) -> None:
    answer = mira.post(LOAD, {"url": library.PLAYLISTS["algorithmic"]})
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@on_sqlite
@pytest.mark.parametrize(
    "link",
    ["https://example.com/playlist/x", "javascript:alert(1)", "spotify:track:" + "a" * 22, "x"],
)
def test_links_that_name_no_playlist_are_400(mira: Visitor, link: str) -> None:
    assert fields(mira.post(LOAD, {"url": link})) == {"url"}


@on_sqlite
@pytest.mark.parametrize("path", [TRACKS, PLAYLISTS, LOAD])
def test_searches_are_limited_to_30_a_minute(mira: Visitor, app: Flask, path: str) -> None:
    app.config["RATE_LIMITS"] = True
    codes = [mira.post(path, []).status_code for _ in range(31)]
    assert codes == [400] * 30 + [429]
