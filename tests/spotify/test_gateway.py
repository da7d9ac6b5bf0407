import logging

import pytest
from freezegun import freeze_time

from shuffify.sandbox import library
from shuffify.spotify.errors import (
    MissingScopeError,
    NotEditableError,
    NotFoundError,
    NotReadableError,
    NotRegisteredError,
    PlaylistChangedError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
    SpotifyError,
    SpotifyTimeoutError,
    UnavailableError,
    UnsupportedItemError,
)
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.settings import SpotifySettings

LISTS = library.PLAYLISTS
SHORT = LISTS["twelve"]
ME = "/v1/me*"
ITEMS = "/v1/playlists/*/items"


def paths(sandbox, method="*"):
    return [(entry["method"], entry["path"]) for entry in sandbox.requests(method=method)]


def test_a_profile_says_who_it_is(gateway):
    profile = gateway.profile()
    assert (profile.id, profile.display_name) == ("mira", "Mira")
    assert profile.account_id


@pytest.mark.parametrize("profile", ["dev2026", "extended"])
def test_the_list_of_playlists_is_read_to_its_end(sandbox, make_gateway, profile):
    sandbox.reset(profile=profile)
    summaries = make_gateway().playlists()
    ids = [summary.id for summary in summaries]
    assert len(ids) == len(set(ids)) > 50
    by_id = {summary.id: summary for summary in summaries}
    assert by_id[LISTS["twelve_hundred"]].track_count == 1200
    assert by_id[LISTS["long_name"]].name == library.PLAYLIST_NAMES["long_name"]
    assert by_id[LISTS["no_cover"]].image_url is None
    assert by_id[LISTS["null_cover"]].image_url is None
    assert by_id[LISTS["shared"]].editable_by("mira")
    assert not by_id[LISTS["foreign_public"]].editable_by("mira")


@pytest.mark.parametrize("profile", ["dev2026", "extended"])
@pytest.mark.parametrize(
    "role", ["empty", "one", "duplicates", "mixed", "episodes", "unplayable", "relinked",
             "hundred_twenty", "twelve_hundred", "shared"]
)
def test_every_row_of_a_playlist_is_read_in_order(sandbox, make_gateway, profile, role):
    sandbox.reset(profile=profile)
    playlist = make_gateway().playlist(LISTS[role])
    assert list(playlist.uris) == sandbox.uris(LISTS[role])
    assert playlist.snapshot_id == sandbox.snapshot_id(LISTS[role])


def test_a_list_that_moves_while_it_is_read_is_read_again(sandbox, gateway):
    sandbox.fault("lagging_read", path=f"/v1/playlists/{SHORT}")
    sandbox.edit(SHORT, "add", uris=sandbox.uris(LISTS["one"]))
    assert list(gateway.playlist(SHORT).uris) == sandbox.uris(SHORT)
    assert len(sandbox.requests(path=ITEMS)) == 2


def test_a_list_that_never_stands_still_is_given_up(sandbox, gateway):
    sandbox.edit(SHORT, "add", uris=sandbox.uris(LISTS["one"]))
    sandbox.fault("lagging_read", path=f"/v1/playlists/{SHORT}", count=None)
    with pytest.raises(PlaylistChangedError):
        gateway.playlist(SHORT)
    assert len(sandbox.requests(path=ITEMS)) == 3


@pytest.mark.parametrize("profile", ["dev2026", "extended"])
def test_search_finds_tracks_and_playlists(sandbox, make_gateway, profile):
    sandbox.reset(profile=profile)
    gateway = make_gateway()
    found = gateway.search_tracks("amber", limit=5)
    assert 0 < len(found) <= 5 and all(track.uri for track in found)
    assert gateway.search_tracks("amber", limit=5, offset=5) != found
    assert all(playlist.owner_id for playlist in gateway.search_playlists("a"))


def test_the_list_of_playlists_is_remembered_for_a_minute(sandbox, make_gateway):
    gateway = make_gateway()
    with freeze_time() as clock:
        gateway.playlists()
        asked = len(sandbox.requests())
        clock.tick(59)
        make_gateway().playlists()
        assert len(sandbox.requests()) == asked
        clock.tick(2)
        gateway.playlists()
        assert len(sandbox.requests()) == 2 * asked


def test_a_remembered_list_is_never_shown_to_another_user(make_gateway):
    mira, jonas = make_gateway("mira"), make_gateway("jonas")
    assert {p.id for p in mira.playlists()} != {p.id for p in jonas.playlists()}


def test_a_fresh_list_is_read_past_the_cache(sandbox, gateway):
    gateway.playlists()
    sandbox.edit(SHORT, "details", name="Renamed elsewhere")
    assert "Renamed elsewhere" not in {p.name for p in gateway.playlists()}
    assert "Renamed elsewhere" in {p.name for p in gateway.playlists(fresh=True)}
    assert "Renamed elsewhere" in {p.name for p in gateway.playlists()}


def test_an_own_write_drops_the_remembered_list(gateway):
    gateway.playlists()
    gateway.replace(SHORT, [])
    counts = {p.id: p.track_count for p in gateway.playlists()}
    assert counts[SHORT] == 0


def test_a_failure_is_not_remembered_as_an_empty_list(sandbox, make_gateway):
    sandbox.fault("error_before", path="/v1/me/playlists", count=3)
    with pytest.raises(UnavailableError):
        make_gateway().playlists()
    assert len(make_gateway().playlists()) > 50


def test_the_four_writes_do_what_they_say(sandbox, gateway):
    a, b, c, d = sandbox.uris(LISTS["hundred_twenty"])[:4]
    gateway.replace(SHORT, [a, b])
    gateway.add(SHORT, [c])
    gateway.add(SHORT, [d, a], 1)
    assert sandbox.uris(SHORT) == [a, d, a, b, c]
    gateway.reorder(SHORT, range_start=0, insert_before=5, range_length=2)
    assert sandbox.uris(SHORT) == [a, b, c, a, d]
    gateway.remove(SHORT, [a])
    assert sandbox.uris(SHORT) == [b, c, d]
    gateway.replace(SHORT, [])
    assert sandbox.uris(SHORT) == []


def test_an_episode_is_written_as_an_episode(sandbox, gateway):
    episodes = sandbox.uris(LISTS["episodes"])
    gateway.replace(SHORT, episodes)
    assert sandbox.uris(SHORT) == episodes


@pytest.mark.parametrize("uri", ["spotify:local:a:b:c:1", "", "2" * 22, "spotify:user:x"])
def test_what_cannot_be_added_is_refused_before_spotify_sees_it(sandbox, gateway, uri):
    with pytest.raises(UnsupportedItemError):
        gateway.add(SHORT, [uri])
    assert not sandbox.requests()


@pytest.mark.parametrize("playlist_id", ["", "x", "../../me", "a" * 23, "é" * 22])
def test_an_odd_playlist_id_is_not_found_without_asking(sandbox, gateway, playlist_id):
    with pytest.raises(NotFoundError):
        gateway.playlist(playlist_id)
    assert not sandbox.requests()


def test_each_refusal_has_its_own_error(sandbox, gateway, make_gateway):
    with pytest.raises(NotFoundError):
        gateway.summary("9" * 22)
    with pytest.raises(NotFoundError):
        gateway.playlist(LISTS["algorithmic"])
    with pytest.raises(NotReadableError):
        gateway.playlist(LISTS["foreign_public"])
    with pytest.raises(NotEditableError):
        gateway.replace(LISTS["foreign_public"], [])
    with pytest.raises(MissingScopeError):
        make_gateway(scope="playlist-read-private").replace(SHORT, [])
    with pytest.raises(RequestRefusedError, match="limit"):
        gateway.search_tracks("a", limit=51)


def test_an_unregistered_user_is_told_whom_to_ask(sandbox, gateway):
    sandbox.fault("not_registered", path=ME)
    with pytest.raises(NotRegisteredError, match="Ask whoever runs it"):
        gateway.profile()


@pytest.mark.parametrize(
    "kind", ["error_before", "error_after", "not_json", "truncated", "empty", "disconnect"]
)
def test_a_read_is_tried_three_times(sandbox, gateway, naps, kind):
    sandbox.fault(kind, path=ME, count=2)
    assert gateway.profile().id == "mira"
    assert len(naps) == 2 and naps == sorted(naps)
    sandbox.fault(kind, path=ME, count=3)
    with pytest.raises(UnavailableError):
        gateway.profile()
    assert len(sandbox.requests(path=ME)) == 6


def test_silence_is_a_timeout(sandbox, gateway):
    sandbox.fault("timeout", path=ME, count=3)
    with pytest.raises(SpotifyTimeoutError):
        gateway.profile()


@pytest.mark.parametrize("kind", ["error_before", "error_after", "not_json", "timeout"])
@pytest.mark.parametrize("write", ["add", "reorder", "replace", "remove"])
def test_a_write_is_never_repeated_blindly(sandbox, gateway, kind, write):
    sandbox.fault(kind, path=ITEMS, count=None)
    uri = sandbox.uris(LISTS["one"])[0]
    calls = {
        "add": lambda: gateway.add(SHORT, [uri]),
        "reorder": lambda: gateway.reorder(
            SHORT, range_start=0, insert_before=2, range_length=1
        ),
        "replace": lambda: gateway.replace(SHORT, [uri]),
        "remove": lambda: gateway.remove(SHORT, [uri]),
    }
    with pytest.raises(UnavailableError):
        calls[write]()
    assert len(sandbox.requests(path=ITEMS)) == 1


@pytest.mark.parametrize("kind", ["empty", "truncated"])
def test_a_successful_write_needs_no_body(sandbox, gateway, kind):
    sandbox.fault(kind, path=ITEMS)
    gateway.replace(SHORT, [])
    assert sandbox.uris(SHORT) == []
    assert len(sandbox.requests(path=ITEMS)) == 1


def test_a_short_retry_after_is_waited_out(sandbox, gateway, naps):
    sandbox.fault("rate_limit", path=ME, retry_after=4, count=2)
    assert gateway.profile().id == "mira"
    assert naps == [4, 4]


def test_a_long_retry_after_reaches_the_caller_at_once(sandbox, gateway, naps):
    sandbox.fault("rate_limit", path=ITEMS, retry_after=11)
    with pytest.raises(RateLimitedError) as raised:
        gateway.replace(SHORT, [])
    assert (raised.value.retry_after, naps) == (11, [])


def test_patience_is_counted_for_a_call_as_a_whole(sandbox, gateway, naps):
    sandbox.fault("rate_limit", path=ME, retry_after=6, count=None)
    with pytest.raises(RateLimitedError):
        gateway.profile()
    assert naps == [6]


def test_a_job_has_more_patience(sandbox, make_gateway, naps):
    sandbox.fault("rate_limit", path=ME, retry_after=45)
    assert make_gateway(patience=60.0).profile().id == "mira"
    assert naps == [45]


def test_a_refused_token_is_refreshed_once_and_the_call_repeated(sandbox, make_gateway):
    refused = []

    def refresh(token: str) -> str:
        refused.append(token)
        return str(sandbox.grant("mira")["access_token"])

    gateway = make_gateway(refresh=refresh)
    sandbox.expire_access_tokens()
    uri = sandbox.uris(LISTS["one"])[0]
    gateway.add(LISTS["empty"], [uri])
    assert len(refused) == 1
    assert sandbox.uris(LISTS["empty"]) == [uri]
    gateway.profile()
    assert len(refused) == 1


def test_a_token_refused_again_ends_the_call(sandbox, make_gateway):
    refreshed = []
    gateway = make_gateway(refresh=lambda token: refreshed.append(token) or "worthless")
    sandbox.expire_access_tokens()
    with pytest.raises(SignInNeededError):
        gateway.profile()
    assert len(refreshed) == 1
    assert len(sandbox.requests(path="/v1/me*")) == 2


def test_without_a_way_to_refresh_a_refused_token_needs_a_login(sandbox, gateway):
    sandbox.expire_access_tokens()
    with pytest.raises(SignInNeededError):
        gateway.profile()


def test_an_error_of_the_refresh_reaches_the_caller(sandbox, make_gateway):
    class Reconnect(Exception):
        pass

    def refresh(token: str) -> str:
        raise Reconnect

    sandbox.fault("spurious_401", path=ME)
    with pytest.raises(Reconnect):
        make_gateway(refresh=refresh).profile()


def test_no_connection_is_an_outage():
    settings = SpotifySettings("a", "b", "http://127.0.0.1/callback", api_url="http://127.0.0.1:9")
    gateway = Gateway(settings, "token", user_id="x", sleep=lambda seconds: None)
    with gateway, pytest.raises(UnavailableError):
        gateway.profile()


def test_links_in_answers_are_never_followed(sandbox, gateway):
    gateway.playlist(LISTS["twelve_hundred"])
    asked = [entry["query"] for entry in sandbox.requests(path=ITEMS)]
    assert [int(query["offset"]) for query in asked] == list(range(0, 1200, 50))


def test_no_log_line_holds_a_token(sandbox, make_gateway, caplog):
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "shuffify"):
        token = sandbox.grant("mira")["access_token"]
        gateway = make_gateway(refresh=lambda refused: token)
        sandbox.expire_access_tokens()
        with pytest.raises(SpotifyError):
            gateway.playlist(LISTS["algorithmic"])
    assert "Spotify: GET" in caplog.text
    assert token not in caplog.text and "Bearer" not in caplog.text
