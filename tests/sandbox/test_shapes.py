"""The fields of every object that the API answers with, in the default profile."""

from typing import Any

import pytest

from shuffify.sandbox import library

from .client import Api

LINK = {"external_urls", "href", "id", "type", "uri"}
ARTIST = LINK | {"name"}
ALBUM = LINK | {"album_type", "artists", "images", "name", "release_date",
                "release_date_precision", "total_tracks"}
TRACK_OF_ALBUM = LINK | {"artists", "disc_number", "duration_ms", "explicit", "is_local", "name",
                         "preview_url", "track_number"}
TRACK = TRACK_OF_ALBUM | {"album", "external_ids"}
PAGE = {"href", "items", "limit", "next", "offset", "previous", "total"}
ROW = {"added_at", "added_by", "is_local", "item", "primary_color", "video_thumbnail"}


def rows(api: Api, role: str) -> list[Any]:
    page = api.get(f"playlists/{library.PLAYLISTS[role]}/items", limit=50,
                   additional_types="track,episode")
    assert set(page) == PAGE
    return list(page["items"])


@pytest.mark.parametrize("role", ["twelve", "mixed"])
def test_every_row_has_the_same_fields(mira: Api, role: str) -> None:
    assert {frozenset(row) for row in rows(mira, role)} == {frozenset(ROW)}


def test_a_track_with_its_album_and_artists(mira: Api) -> None:
    track = rows(mira, "twelve")[0]["item"]
    assert set(track) == TRACK
    assert set(track["album"]) == ALBUM
    assert set(track["artists"][0]) == set(track["album"]["artists"][0]) == ARTIST
    assert set(track["album"]["images"][0]) == {"url", "height", "width"}


def test_a_relinked_track_has_one_field_more(mira: Api) -> None:
    track = rows(mira, "relinked")[5]["item"]
    assert set(track) == TRACK | {"linked_from"}
    assert set(track["linked_from"]) == LINK


def test_a_local_file_has_a_tracks_fields_with_nothing_behind_them(mira: Api) -> None:
    track = rows(mira, "local_files")[1]["item"]
    assert set(track) == TRACK
    assert track["id"] is track["href"] is None
    assert track["album"]["id"] is track["artists"][0]["id"] is None
    assert track["album"]["images"] == []


def test_an_episode_has_a_show_and_neither_artists_nor_album(mira: Api) -> None:
    episode = rows(mira, "episodes")[0]["item"]
    assert LINK | {"show", "duration_ms", "name", "release_date"} <= set(episode)
    assert not {"artists", "album"} & set(episode)


def test_a_playlist_with_its_owner(mira: Api) -> None:
    playlist = mira.get(f"playlists/{library.PLAYLISTS['twelve']}")
    assert set(playlist) == LINK | {
        "collaborative", "description", "followers", "images", "items", "name", "owner",
        "primary_color", "public", "snapshot_id"}
    assert set(playlist["owner"]) == LINK | {"display_name"}
    assert set(playlist["items"]) == PAGE
    listed = mira.get("me/playlists")["items"][0]
    assert set(listed) == set(playlist) - {"followers"}
    assert set(listed["items"]) == {"href", "total"}


def test_single_albums_artists_and_tracks(mira: Api) -> None:
    track = rows(mira, "twelve")[0]["item"]
    assert mira.get(f"tracks/{track['id']}") == track
    album = mira.get(f"albums/{track['album']['id']}")
    assert ALBUM | {"tracks", "external_ids"} <= set(album)
    assert set(album["tracks"]["items"][0]) == TRACK_OF_ALBUM
    assert set(mira.get(f"artists/{track['artists'][0]['id']}")) == ARTIST | {"genres", "images"}


def test_every_address_is_on_the_sandboxs_own_host(mira: Api) -> None:
    def addresses(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for part in value.values() for text in addresses(part)]
        if isinstance(value, list):
            return [text for part in value for text in addresses(part)]
        return [value] if isinstance(value, str) and "://" in value else []

    for path in ("me", "me/playlists", f"playlists/{library.PLAYLISTS['mixed']}",
                 "search?q=the&type=track,album,artist,playlist,show,episode"):
        found = addresses(mira.get(path))
        assert found and all(address.startswith(mira.base + "/") for address in found)
