"""The extended profile: the names and paths of both generations side by side."""

import pytest
import requests
import spotipy

from shuffify.sandbox import Sandbox, library

from .client import Api, message, playable

LISTS = library.PLAYLISTS
pytestmark = pytest.mark.usefixtures("extended")


def test_a_playlist_carries_both_names(mira: Api) -> None:
    playlist = mira.get(f"playlists/{LISTS['hundred_twenty']}")
    assert playlist["tracks"] == playlist["items"]
    assert len(playlist["items"]["items"]) == 100
    listed = mira.get("me/playlists")["items"][5]
    assert listed["tracks"] == listed["items"]


def test_a_row_carries_both_names_and_a_track_its_old_fields(mira: Api) -> None:
    row = mira.get(f"playlists/{LISTS['twelve']}/items")["items"][0]
    assert row["track"] == row["item"]
    assert {"popularity", "available_markets"} <= set(row["item"])


def test_the_old_path_reads_and_writes_with_the_old_names(sandbox: Sandbox, mira: Api) -> None:
    path = f"playlists/{LISTS['twelve']}/tracks"
    page = mira.get(path)
    assert (page["limit"], page["total"]) == (100, 12)
    uri = page["items"][0]["track"]["uri"]
    assert mira.call("DELETE", path, {"tracks": [{"uri": uri}]}).status_code == 200
    assert mira.call("POST", path, playable(sandbox, 1)).status_code == 201
    assert mira.call("PUT", path, {"uris": []}).status_code == 200


def test_pages_hold_100_rows(mira: Api) -> None:
    path = f"playlists/{LISTS['hundred_twenty']}/items"
    assert len(mira.get(path, limit=100)["items"]) == 100
    assert message(mira.call("GET", path, limit=101)) == (400, "Invalid limit")


def test_foreign_lists_are_readable_and_still_not_writable(mira: Api) -> None:
    path = f"playlists/{LISTS['foreign_public']}/items"
    assert mira.get(path)["total"] == 40
    assert message(mira.call("PUT", path, {"uris": []})) == (403, "Forbidden")


def test_the_profile_shows_what_the_scopes_cover(
        sandbox: Sandbox, http: requests.Session, mira: Api) -> None:
    assert {"email", "country", "product", "followers"} <= set(mira.get("me"))
    bare = Api.sign_in(sandbox, http, "mira", scope="user-top-read").get("me")
    assert not {"email", "country", "product"} & set(bare)


def test_other_users_are_visible(mira: Api) -> None:
    assert mira.get("users/jonas")["display_name"] == "Jonas"
    assert message(mira.call("GET", "users/nobody")) == (404, "Resource not found")


def test_following_the_old_way_works(sandbox: Sandbox, http: requests.Session) -> None:
    token = sandbox.grant("mira")["access_token"]
    client = spotipy.Spotify(auth=token, requests_session=http)
    client.prefix = f"{sandbox.url}/v1/"
    client.current_user_unfollow_playlist(LISTS["foreign_public"])
    assert client.current_user_playlists()["total"] == 62
    client._put(f"playlists/{LISTS['foreign_public']}/followers")
    assert client.current_user_playlists()["total"] == 63


def test_creating_the_old_way_works_for_oneself(mira: Api) -> None:
    assert mira.call("POST", "users/mira/playlists", {"name": "x"}).status_code == 201
    assert mira.call("POST", "users/jonas/playlists", {"name": "x"}).status_code == 403


def test_search_takes_50(mira: Api) -> None:
    assert len(mira.get("search", q="the", type="track", limit=50)["tracks"]["items"]) == 50
    assert mira.get("search", q="the", type="track")["tracks"]["limit"] == 20
    assert message(mira.call("GET", "search", q="a", type="track", limit=51)) == (
        400, "Invalid limit")


def test_batches_answer_null_for_what_is_unknown(sandbox: Sandbox, mira: Api) -> None:
    uri, = playable(sandbox, 1)
    identifier = uri.rpartition(":")[2]
    tracks = mira.get("tracks", ids=f"{identifier},{'0' * 22}")["tracks"]
    assert (tracks[0]["uri"], tracks[1]) == (uri, None)
    album = tracks[0]["album"]
    assert mira.get("albums", ids=album["id"])["albums"][0]["name"] == album["name"]
    artist = tracks[0]["artists"][0]
    assert mira.get("artists", ids=artist["id"])["artists"][0]["followers"]
    assert mira.call("GET", "tracks", ids=",".join([identifier] * 51)).status_code == 400
    assert len(mira.get(f"artists/{artist['id']}/top-tracks")["tracks"]) == 10
    assert mira.get("markets")["markets"]


def test_what_new_apps_lost_stays_closed(mira: Api) -> None:
    assert message(mira.call("GET", "recommendations")) == (403, "Forbidden")
