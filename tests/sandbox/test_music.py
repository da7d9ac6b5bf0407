"""Search, single reads, saved music and listening history."""

from typing import Any

import pytest
import spotipy

from shuffify.sandbox import Sandbox, library

from .client import Api, message, playable


def test_search_finds_tracks_by_words_of_name_artist_and_album(
        spotify: spotipy.Spotify) -> None:
    track = spotify.current_user_saved_tracks(limit=1)["items"][0]["track"]
    query = f"{track['name']} {track['artists'][0]['name']}"
    found = spotify.search(query, type="track")["tracks"]
    assert track["uri"] in [hit["uri"] for hit in found["items"]]
    assert found["limit"] == 10


@pytest.mark.parametrize("query", ['isrc:{isrc}', 'track:"{name}" artist:"{artist}"',
                                   'album:"{album}" year:{year}'])
def test_search_understands_field_filters(spotify: spotipy.Spotify, query: str) -> None:
    track = spotify.current_user_saved_tracks(limit=1)["items"][0]["track"]
    text = query.format(isrc=track["external_ids"]["isrc"], name=track["name"],
                        artist=track["artists"][0]["name"], album=track["album"]["name"],
                        year=track["album"]["release_date"][:4])
    hits = spotify.search(text, type="track", limit=10)["tracks"]["items"]
    assert track["uri"] in [hit["uri"] for hit in hits]


def test_search_shows_5_by_default_and_10_at_most(mira: Api) -> None:
    assert mira.get("search", q="the", type="album")["albums"]["limit"] == 5
    assert len(mira.get("search", q="the", type="album", limit=10)["albums"]["items"]) == 10


@pytest.mark.parametrize(("params", "text"), [
    ({"q": "a", "type": "track", "limit": 11}, "Invalid limit"),
    ({"q": "a", "type": "track", "limit": 0}, "Invalid limit"),
    ({"q": "a", "type": "track", "limit": 10, "offset": 991}, "Invalid offset"),
    ({"q": " ", "type": "track"}, "No search query"),
    ({"q": "a"}, "Missing parameter type"),
    ({"q": "a", "type": "smell"}, "Bad search type field smell"),
])
def test_a_wrong_search_is_refused(mira: Api, params: dict[str, Any], text: str) -> None:
    assert message(mira.call("GET", "search", **params)) == (400, text)


def test_found_playlists_are_public_and_hold_nulls(mira: Api) -> None:
    hits = mira.get("search", q="jonas", type="playlist")["playlists"]["items"]
    assert None in hits
    assert [hit["id"] for hit in hits if hit] == [library.PLAYLISTS["foreign_public"]]


def test_several_types_come_in_one_answer(spotify: spotipy.Spotify) -> None:
    answer = spotify.search("the", type="track,album,artist,playlist,show,episode", limit=3)
    assert set(answer) == {"tracks", "albums", "artists", "playlists", "shows", "episodes"}
    assert answer["shows"]["items"][0]["name"] == "The Long Platform"
    assert answer["episodes"]["items"]


def test_single_reads_give_what_a_row_named(spotify: spotipy.Spotify, sandbox: Sandbox) -> None:
    track = spotify.track(playable(sandbox, 1)[0])
    album = spotify.album(track["album"]["id"])
    assert album["tracks"]["total"] == album["total_tracks"]
    assert spotify.album_tracks(album["id"])["items"] == album["tracks"]["items"][:20]
    artist = spotify.artist(track["artists"][0]["id"])
    albums = spotify._get(f"artists/{artist['id']}/albums")
    assert album["id"] in [row["id"] for row in albums["items"]]
    episode = spotify.playlist_items(library.PLAYLISTS["episodes"])["items"][0]["item"]
    assert spotify._get(f"episodes/{episode['id']}") == episode
    assert spotify._get(f"shows/{episode['show']['id']}")["id"] == episode["show"]["id"]


@pytest.mark.parametrize("kind", ["tracks", "albums", "artists", "episodes", "shows"])
def test_single_reads_check_the_id(mira: Api, kind: str) -> None:
    assert message(mira.call("GET", f"{kind}/x")) == (400, "Invalid base62 id")
    assert message(mira.call("GET", f"{kind}/{'0' * 22}")) == (404, "Resource not found")


@pytest.mark.parametrize("path", [
    "audio-features", "audio-features/x", "audio-analysis/x", "recommendations",
    "recommendations/available-genre-seeds", f"artists/{'0' * 22}/related-artists",
    f"artists/{'0' * 22}/top-tracks", "browse/new-releases", "browse/categories/x/playlists",
    "users/jonas", "users/jonas/playlists", "markets", "tracks?ids=a", "albums?ids=a",
    "artists?ids=a"])
def test_what_development_mode_lost_answers_403(mira: Api, path: str) -> None:
    assert message(mira.call("GET", path)) == (403, "Forbidden")


def test_liked_songs_still_say_track_and_come_newest_first(spotify: spotipy.Spotify) -> None:
    page = spotify.current_user_saved_tracks(limit=50)
    assert (page["total"], set(page["items"][0])) == (75, {"added_at", "track"})
    dates = [row["added_at"] for row in page["items"]]
    assert dates == sorted(dates, reverse=True)
    assert spotify.current_user_saved_albums()["items"][0]["album"]["total_tracks"]


def test_saving_and_forgetting_goes_through_the_library(
        spotify: spotipy.Spotify, sandbox: Sandbox) -> None:
    uris = playable(sandbox, 2)
    album = spotify.track(uris[0])["album"]["uri"]
    artist = spotify.track(uris[0])["artists"][0]["uri"]
    everything = ",".join([*uris, album, artist, "spotify:user:jonas"])
    spotify._put("me/library", uris=everything)
    assert spotify._get("me/library/contains", uris=everything) == [True] * 5
    assert spotify.current_user_saved_tracks()["total"] == 77
    spotify._delete("me/library", uris=everything)
    assert spotify._get("me/library/contains", uris=everything) == [False] * 5


@pytest.mark.parametrize(("uris", "expected"), [
    ("", (400, "No uris provided")),
    (",".join(["spotify:user:mira"] * 41), (400, "Too many uris requested, maximum is 40")),
    ("spotify:genre:x", (400, "Invalid uri: spotify:genre:x")),
    ("spotify:track:x", (400, "Invalid base62 id")),
    (f"spotify:track:{'0' * 22}", (404, "Resource not found")),
    ("spotify:user:nobody", (404, "Resource not found")),
])
def test_a_wrong_library_call_is_refused(mira: Api, uris: str, expected: tuple[int, str]) -> None:
    for method in ("PUT", "DELETE"):
        assert message(mira.call(method, "me/library", uris=uris)) == expected


def test_top_lists_depend_on_the_time_range(spotify: spotipy.Spotify, mira: Api) -> None:
    short, long = (spotify.current_user_top_tracks(time_range=term, limit=50)
                   for term in ("short_term", "long_term"))
    assert short["total"] == 80 and short["items"] != long["items"]
    assert spotify.current_user_top_artists()["items"][0]["type"] == "artist"
    assert mira.call("GET", "me/top/tracks", time_range="ever").status_code == 400
    assert mira.call("GET", "me/top/smells").status_code == 404


def test_recent_plays_page_by_cursor(spotify: spotipy.Spotify, mira: Api, jonas: Api) -> None:
    first = spotify.current_user_recently_played(limit=20)
    older = spotify.next(first)
    assert older["items"][0]["played_at"] < first["items"][-1]["played_at"]
    last = spotify.next(older)
    assert (len(last["items"]), last["next"]) == (10, None)
    newer = mira.get("me/player/recently-played", after=first["cursors"]["before"])
    assert len(newer["items"]) == 19
    assert mira.call("GET", "me/player/recently-played", before=1, after=1).status_code == 400
    assert jonas.get("me/player/recently-played")["items"] == []
