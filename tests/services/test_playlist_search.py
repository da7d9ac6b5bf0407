import pytest

from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    FoundPlaylist,
    PlaylistNotFoundError,
    PlaylistSearchError,
    PlaylistService,
)
from shuffify.spotify.errors import RateLimitedError
from tests.services.conftest import Trail

FOREIGN = library.PLAYLISTS["foreign_public"]
FOREIGN_NAME = library.PLAYLIST_NAMES["foreign_public"]


def found(user_id: int, query: str) -> dict[str, FoundPlaylist]:
    results = PlaylistService.search_playlists(user_id, query)
    return {playlist.summary.id: playlist for playlist in results}


def test_tracks_are_found_page_by_page(mira: int, sandbox: Sandbox, trail: Trail) -> None:
    name = PlaylistService.get_playlist(mira, library.PLAYLISTS["twelve"]).playlist.tracks[0].name
    word = name.split()[0]

    first = PlaylistService.search(mira, f" {word} ", limit=3)
    second = PlaylistService.search(mira, word, limit=3, offset=3)

    assert len(first) == 3
    assert not {track.uri for track in first} & {track.uri for track in second}
    assert all(track.uri and track.uri.startswith("spotify:track:") for track in first)
    assert trail.rows == []


@pytest.mark.parametrize("query", ["", "   "])
def test_nothing_is_not_searched_for(mira: int, sandbox: Sandbox, query: str) -> None:
    for search in (PlaylistService.search, PlaylistService.search_playlists):
        with pytest.raises(PlaylistSearchError) as refusal:
            search(mira, query)
        assert [field for field, _ in refusal.value.errors] == ["query"]
    assert sandbox.requests("/v1/*") == []


def test_playlists_of_others_are_found_and_said_to_be_closed(mira: int) -> None:
    playlist = found(mira, FOREIGN_NAME)[FOREIGN]

    assert not playlist.readable
    assert set(playlist.to_dict()) == {
        "id", "name", "owner_display_name", "owner_id", "image_url", "total_tracks", "readable",
    }


def test_playlists_of_others_are_open_where_spotify_opens_them(
    mira: int, sandbox: Sandbox
) -> None:
    sandbox.set_profile("extended")

    assert found(mira, FOREIGN_NAME)[FOREIGN].readable


def test_own_playlists_are_readable_without_a_further_call(mira: int, sandbox: Sandbox) -> None:
    results = found(mira, library.PLAYLIST_NAMES["twelve"])

    assert results[library.PLAYLISTS["twelve"]].readable
    assert len(results) <= 10


@pytest.mark.parametrize(
    "form", ["{}", "spotify:playlist:{}", "https://open.spotify.com/playlist/{}?si=x"]
)
def test_link_opens_a_playlist(mira: int, sandbox: Sandbox, form: str) -> None:
    playlist_id = library.PLAYLISTS["mixed"]

    opened = PlaylistService.load_external(mira, url=form.format(playlist_id))

    assert opened.mode == "tracks"
    assert opened.playlist is not None
    assert [*opened.playlist.playlist.uris] == sandbox.uris(playlist_id)


def test_link_to_a_closed_playlist_says_why(mira: int) -> None:
    opened = PlaylistService.load_external(mira, url=FOREIGN)

    assert (opened.mode, opened.playlist) == ("restricted", None)
    assert opened.reason


def test_words_lead_to_results(mira: int) -> None:
    opened = PlaylistService.load_external(mira, query=FOREIGN_NAME)

    assert opened.mode == "search"
    assert FOREIGN in {playlist.summary.id for playlist in opened.playlists}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "url"),
        ({"url": FOREIGN, "query": "x"}, "url"),
        ({"url": "https://example.org"}, "url"),
        ({"query": " "}, "query"),
    ],
)
def test_anything_else_is_refused(mira: int, fields: dict[str, str], field: str) -> None:
    with pytest.raises(PlaylistSearchError) as refusal:
        PlaylistService.load_external(mira, **fields)
    assert [name for name, _ in refusal.value.errors] == [field]


def test_unknown_playlist_is_not_found(mira: int) -> None:
    with pytest.raises(PlaylistNotFoundError):
        PlaylistService.load_external(mira, url="0" * 22)


def test_busy_spotify_is_told_as_such(mira: int, sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", path="/v1/search", retry_after=600)
    with pytest.raises(RateLimitedError):
        PlaylistService.search(mira, "love")
