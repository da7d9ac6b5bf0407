"""Both generations of Spotify's field names, and everything that may be missing."""

import pytest

from shuffify.spotify.shapes import (
    playlist_from,
    profile_from,
    row_from,
    summary_from,
    track_from,
)
from shuffify.spotify.tracks import Artist, Unwritable

ID = "37i9dQZF1DXcBWIGoYBM5M"
OTHER = "7ouMYWpwJ422jRcDASZB7P"

TRACK = {
    "type": "track",
    "id": ID,
    "uri": f"spotify:track:{ID}",
    "name": "Jóga",
    "artists": [
        {"name": "Björk", "external_urls": {"spotify": "https://open.spotify.com/artist/1"}},
        {"name": ""},
    ],
    "album": {
        "name": "Homogenic",
        "images": [
            {"url": "https://i.scdn.co/640", "width": 640},
            {"url": "https://i.scdn.co/300", "width": 300},
            {"url": "https://i.scdn.co/64", "width": 64},
        ],
    },
    "duration_ms": 305_000,
    "explicit": False,
    "external_urls": {"spotify": f"https://open.spotify.com/track/{ID}"},
}
ROW = {"added_at": "2026-11-23T07:00:00Z", "added_by": {"id": "mira"}, "is_local": False}
LIST = {
    "id": ID,
    "name": "Iceland",
    "owner": {"id": "mira", "display_name": "Mira"},
    "snapshot_id": "v1",
}


@pytest.mark.parametrize("name", ["item", "track"])
def test_a_row_is_read_under_its_new_and_its_old_name(name):
    assert row_from({**ROW, name: TRACK}).to_dict() == {
        "uri": f"spotify:track:{ID}",
        "id": ID,
        "name": "Jóga",
        "type": "track",
        "artists": [{"name": "Björk", "url": "https://open.spotify.com/artist/1"}],
        "album_name": "Homogenic",
        "album_image_url": "https://i.scdn.co/64",
        "duration_ms": 305_000,
        "explicit": False,
        "added_at": "2026-11-23T07:00:00+00:00",
        "is_local": False,
        "is_playable": True,
        "url": f"https://open.spotify.com/track/{ID}",
    }


def test_a_row_with_both_names_is_read_once():
    assert row_from({**ROW, "item": TRACK, "track": TRACK}) == row_from({**ROW, "item": TRACK})


@pytest.mark.parametrize("row", [None, {}, {"item": None}, {"item": None, "track": None}])
def test_lost_content_keeps_its_place(row):
    track = row_from(row)
    assert (track.uri, track.type, track.is_playable) == (None, "unavailable", False)
    assert not track.is_writable


def test_an_episode_borrows_its_shows_name_and_cover():
    track = track_from(
        {
            "type": "episode",
            "uri": f"spotify:episode:{ID}",
            "name": "Trains",
            "show": {"name": "Platform", "images": [{"url": "https://i.scdn.co/show"}]},
        }
    )
    assert (track.type, track.album_name, track.artists) == ("episode", "Platform", ())
    assert track.album_image_url == "https://i.scdn.co/show"
    assert track.is_writable


def test_an_episode_shaped_as_a_track_is_still_an_episode():
    assert track_from({"type": "track", "uri": f"spotify:episode:{ID}"}).type == "episode"


def test_a_relinked_track_keeps_its_original_address():
    linked = {**TRACK, "linked_from": {"id": OTHER, "uri": f"spotify:track:{OTHER}"}}
    assert track_from(linked).uri == f"spotify:track:{OTHER}"
    assert track_from(linked).id == OTHER


@pytest.mark.parametrize(
    "flag", [{"is_local": True}, {"uri": "spotify:local:Ana:Casa:Mar:187", "id": None}]
)
def test_a_local_file_is_known_by_its_flag_or_its_address(flag):
    track = track_from({**TRACK, **flag})
    assert track.is_local and not track.is_writable


@pytest.mark.parametrize("flag", [{"is_playable": False}, {"restrictions": {"reason": "market"}}])
def test_a_greyed_out_track_is_not_playable(flag):
    assert not track_from({**TRACK, **flag}).is_playable


def test_a_track_of_which_only_the_address_is_known_is_a_track():
    track = track_from({"uri": f"spotify:track:{ID}", "artists": None, "album": None})
    assert (track.name, track.artists) == ("", ())
    assert (track.album_name, track.first_artist) == (None, None)


@pytest.mark.parametrize("count", [{"items": {"total": 7}}, {"tracks": {"total": 7}}])
def test_a_summary_is_read_from_both_generations(count):
    summary = summary_from({**LIST, **count, "collaborative": True, "public": None})
    assert (summary.track_count, summary.owner_name, summary.public) == (7, "Mira", None)
    assert summary.editable_by("jonas") and not summary.owned_by("jonas")


@pytest.mark.parametrize("count", [{}, {"tracks": None}, {"items": None}])
def test_a_withheld_count_is_none_and_not_zero(count):
    assert summary_from({**LIST, **count}).track_count is None


@pytest.mark.parametrize(
    ("images", "url"),
    [
        (None, None),
        ([], None),
        ([{"url": None}], None),
        ([{"url": "https://a", "width": None}, {"url": "https://b", "width": None}], "https://a"),
        ([{"url": "https://a", "width": 640}, {"url": "https://b", "width": 300}], "https://b"),
        ([{"url": "https://a", "width": 60}], "https://a"),
    ],
)
def test_the_smallest_cover_that_is_wide_enough_is_chosen(images, url):
    assert summary_from({**LIST, "images": images}).image_url == url


def test_a_playlist_counts_what_cannot_be_written_back():
    local = {**TRACK, "is_local": True}
    rows = [row_from({"item": TRACK}), row_from({"item": local}), row_from({})]
    playlist = playlist_from(summary_from(LIST), rows)
    assert playlist.unwritable == Unwritable(local_files=1, null_rows=1)
    assert playlist.uris == (TRACK["uri"], TRACK["uri"], None)
    assert playlist.track_count == 3


def test_a_profile_returns_to_the_shape_of_get_me():
    raw = {"id": "mira", "display_name": "Mira", "images": [{"url": "https://a"}], "uri": "u"}
    assert profile_from(raw).to_dict() == {**raw, "account_id": None}
    assert profile_from({"id": "x"}).to_dict()["images"] == []


def test_a_draft_is_a_track_of_what_the_client_said():
    track = track_from(TRACK).draft("spotify:track:1", artists=["Ana", "Céu"], album_name="Mar")
    assert track.first_artist == "Ana"
    assert track.artists == (Artist("Ana"), Artist("Céu"))
