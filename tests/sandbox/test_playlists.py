"""Playlists as a whole: listing, reading, making, renaming, following, images."""

import base64
from typing import Any

import pytest
import requests
import spotipy

from shuffify.sandbox import Sandbox, library

from .client import Api, message

LISTS = library.PLAYLISTS
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 64


def test_the_list_of_playlists_pages_through_own_and_followed_ones(
        spotify: spotipy.Spotify) -> None:
    first = spotify.current_user_playlists()
    assert (first["limit"], first["total"]) == (50, 63)
    rows = first["items"] + spotify.next(first)["items"]
    owners = {row["id"]: row["owner"]["id"] for row in rows}
    assert len(owners) == 63
    assert owners[LISTS["shared"]] == owners[LISTS["foreign_public"]] == "jonas"
    assert LISTS["jonas_private"] not in owners


def test_a_listed_playlist_has_the_new_names_only(spotify: spotipy.Spotify) -> None:
    rows = {row["id"]: row for row in spotify.current_user_playlists()["items"]}
    row = rows[LISTS["four_thirty"]]
    assert set(row) == {
        "collaborative", "description", "external_urls", "href", "id", "images", "items", "name",
        "owner", "primary_color", "public", "snapshot_id", "type", "uri"}
    assert row["items"]["total"] == 430
    assert rows[LISTS["no_cover"]]["images"] == []
    assert rows[LISTS["null_cover"]]["images"] is None
    assert rows[LISTS["one"]]["images"][0]["height"] is None
    assert len(rows[LISTS["long_name"]]["name"]) == 300


def test_tracks_null_can_accompany_items(sandbox: Sandbox, mira: Api) -> None:
    sandbox.assume(tracks_null=True)
    assert mira.get(f"playlists/{LISTS['twelve']}")["tracks"] is None


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 51}, {"offset": -1},
                                    {"offset": 100_001}])
def test_paging_arguments_are_checked(mira: Api, params: dict[str, Any]) -> None:
    assert message(mira.call("GET", "me/playlists", **params)) == (
        400, f"Invalid {next(iter(params))}")


def test_a_playlist_carries_its_items_for_those_who_may_read_them(
        spotify: spotipy.Spotify) -> None:
    own = spotify.playlist(LISTS["hundred_twenty"])
    assert (own["items"]["total"], len(own["items"]["items"])) == (120, 50)
    assert own["items"]["next"].endswith("/items?offset=50&limit=50")
    assert own["followers"] == {"href": None, "total": 0}
    assert "items" in spotify.playlist(LISTS["shared"])
    foreign = spotify.playlist(LISTS["foreign_public"])
    assert foreign["name"] == library.PLAYLIST_NAMES["foreign_public"]
    assert "items" not in foreign and "tracks" not in foreign
    assert foreign["followers"]["total"] == 1


def test_the_cheap_check_for_changes_reads_the_snapshot_id_alone(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    assert spotify.playlist(LISTS["twelve_hundred"], fields="snapshot_id") == {
        "snapshot_id": sandbox.snapshot_id(LISTS["twelve_hundred"])}
    assert "items" not in spotify.playlist(LISTS["twelve"], fields="!items")


def test_a_new_playlist_is_public_by_default_and_comes_first(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    made = spotify.current_user_playlist_create("Fresh", description="new")
    assert (made["public"], made["collaborative"], made["description"]) == (True, False, "new")
    assert made["items"]["total"] == 0
    assert spotify.current_user_playlists(limit=1)["items"][0]["id"] == made["id"]
    assert spotify.current_user_playlist_create("Private", public=False)["public"] is False


def test_a_private_creation_can_be_ignored(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    sandbox.assume(private_create_ignored=True)
    made = spotify.current_user_playlist_create("Meant private", public=False)
    assert made["public"] is True
    spotify.playlist_change_details(made["id"], public=False)
    assert spotify.playlist(made["id"])["public"] is False


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"name": 3},
                                  {"name": "x", "collaborative": True}, []])
def test_a_wrong_creation_is_refused(mira: Api, body: Any) -> None:
    assert mira.call("POST", "me/playlists", body).status_code == 400


def test_creating_the_old_way_is_closed(mira: Api) -> None:
    assert message(mira.call("POST", "users/mira/playlists", {"name": "x"})) == (403, "Forbidden")


def test_changing_details_answers_with_an_empty_body_and_a_new_snapshot(
        sandbox: Sandbox, spotify: spotipy.Spotify, mira: Api) -> None:
    before = sandbox.snapshot_id(LISTS["twelve"])
    assert spotify.playlist_change_details(LISTS["twelve"], name="Renamed", public=False,
                                           collaborative=True, description="d") is None
    state = sandbox.describe(LISTS["twelve"])["playlists"][LISTS["twelve"]]
    assert (state["name"], state["public"], state["collaborative"]) == ("Renamed", False, True)
    assert state["snapshot_id"] != before
    response = mira.call("PUT", f"playlists/{LISTS['twelve']}", {"name": "Again"})
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("body", [{"name": 3}, {"public": "yes"}, {"name": ""},
                                  {"collaborative": True}])
def test_wrong_details_are_refused(mira: Api, body: dict[str, Any]) -> None:
    assert mira.call("PUT", f"playlists/{LISTS['twelve']}", body).status_code == 400


def test_only_the_owner_changes_details(mira: Api) -> None:
    response = mira.call("PUT", f"playlists/{LISTS['shared']}", {"name": "Mine"})
    assert message(response) == (403, "Forbidden")


def test_deleting_is_unfollowing_and_the_list_lives_on(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    uri = f"spotify:playlist:{LISTS['twelve']}"
    spotify._delete("me/library", uris=uri)
    assert spotify._get("me/library/contains", uris=uri) == [False]
    assert spotify.playlist(LISTS["twelve"])["items"]["total"] == 12
    spotify.current_user_follow_playlist(LISTS["twelve"])
    assert spotify.current_user_playlists(limit=1)["items"][0]["id"] == LISTS["twelve"]


def test_unfollowing_the_old_way_is_closed(spotify: spotipy.Spotify) -> None:
    with pytest.raises(spotipy.SpotifyException) as caught:
        spotify.current_user_unfollow_playlist(LISTS["twelve"])
    assert caught.value.http_status == 403


def test_covers_are_served_by_the_sandbox_itself(
        sandbox: Sandbox, spotify: spotipy.Spotify, http: requests.Session) -> None:
    images = spotify.playlist_cover_image(LISTS["twelve"])
    assert [image["width"] for image in images] == [640, 300, 60]
    first, again = (http.get(images[1]["url"], timeout=10) for _ in range(2))
    assert images[1]["url"].startswith(sandbox.url)
    assert first.headers["Content-Type"].startswith("image/svg+xml")
    assert first.text == again.text and 'width="300"' in first.text
    assert spotify.playlist_cover_image(LISTS["null_cover"]) == []


def test_an_uploaded_cover_replaces_the_generated_one(
        spotify: spotipy.Spotify, mira: Api, http: requests.Session) -> None:
    spotify.playlist_upload_cover_image(LISTS["twelve"], base64.b64encode(JPEG))
    image, = spotify.playlist_cover_image(LISTS["twelve"])
    assert (image["height"], image["width"]) == (None, None)
    assert http.get(image["url"], timeout=10).content == JPEG


@pytest.mark.parametrize(("data", "kind", "status"), [
    (base64.b64encode(JPEG), "image/jpeg", 202), (base64.b64encode(b"GIF"), "image/jpeg", 400),
    (b"%%%", "image/jpeg", 400), (base64.b64encode(JPEG), "image/png", 400),
    (b"A" * (256 * 1024 + 1), "image/jpeg", 413)])
def test_an_uploaded_cover_is_checked(mira: Api, data: bytes, kind: str, status: int) -> None:
    response = mira.call("PUT", f"playlists/{LISTS['twelve']}/images", data=data,
                         headers={"Content-Type": kind})
    assert response.status_code == status


def test_an_uploaded_cover_that_is_not_there_answers_404(
        sandbox: Sandbox, http: requests.Session) -> None:
    url = f"{sandbox.url}/covers/uploaded/{LISTS['twelve']}/0.jpg"
    assert http.get(url, timeout=10).status_code == 404
