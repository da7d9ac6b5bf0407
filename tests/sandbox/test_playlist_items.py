"""The items of a playlist, through the real spotipy and through plain HTTP."""

from typing import Any

import pytest
import spotipy

from shuffify.sandbox import Sandbox, library

from .client import Api, message, playable

LISTS = library.PLAYLISTS
PATH = f"playlists/{LISTS['twelve']}/items"


def test_all_rows_of_a_long_list_arrive_in_order_page_by_page(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    seen: list[str] = []
    while len(seen) < 1200:
        page = spotify.playlist_items(LISTS["twelve_hundred"], offset=len(seen))
        assert len(page["items"]) == page["limit"] == 50
        seen += [row["item"]["uri"] for row in page["items"]]
    assert seen == sandbox.uris(LISTS["twelve_hundred"])
    assert page["next"] is None


def test_pages_link_to_each_other_on_the_sandbox_itself(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    page = spotify.playlist_items(LISTS["hundred_twenty"])
    assert page["next"].startswith(sandbox.url + "/v1/")
    second = spotify.next(page)
    assert (second["offset"], second["total"]) == (50, 120)
    assert spotify.previous(second)["items"] == page["items"]


@pytest.mark.parametrize(("limit", "status"), [(0, 400), (1, 200), (50, 200), (51, 400),
                                               (-1, 400), ("x", 400)])
def test_the_page_size_is_bounded(mira: Api, limit: Any, status: int) -> None:
    response = mira.call("GET", PATH, limit=limit)
    assert response.status_code == status
    if status == 400:
        assert message(response) == (400, "Invalid limit")


def test_without_a_limit_a_page_has_20_rows(mira: Api) -> None:
    assert mira.get(f"playlists/{LISTS['hundred_twenty']}/items")["limit"] == 20


def test_a_limit_above_the_cap_can_be_clamped_instead(sandbox: Sandbox, mira: Api) -> None:
    sandbox.assume(clamp_limits=True)
    assert mira.get(PATH, limit=100)["limit"] == 50


def test_fields_cut_the_answer_down(mira: Api) -> None:
    assert mira.get(PATH, fields="total") == {"total": 12}
    row = mira.get(PATH, fields="items(track(uri),item(uri,name))", limit=1)["items"][0]
    assert set(row) == {"item"}
    assert set(row["item"]) == {"uri", "name"}
    playlist = f"playlists/{LISTS['twelve']}"
    assert set(mira.get(playlist, fields="snapshot_id")) == {"snapshot_id"}
    assert set(mira.get(playlist, fields="items.total,owner(!id,href)")["items"]) == {"total"}
    assert "id" not in mira.get(playlist, fields="owner(!id)")["owner"]


def test_special_rows_keep_their_places(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    rows = spotify.playlist_items(LISTS["mixed"])["items"]
    assert [row["item"] and row["item"]["type"] for row in rows[:6]] == [
        "track", "track", "track", None, "track", "episode"]
    local = rows[1]
    assert local["is_local"] and local["item"]["is_local"]
    assert (local["item"]["id"], local["item"]["external_ids"]) == (None, {})
    assert local["item"]["uri"] == "spotify:local:Die+Nachbarn:Demo:Probe%3A+Take+3:187"
    assert local["item"]["artists"][0]["id"] is None
    assert rows[5]["item"]["show"] and "artists" not in rows[5]["item"]
    assert rows[3]["item"] is None and rows[3]["added_at"]


def test_a_client_that_does_not_ask_for_episodes_gets_a_stub(mira: Api) -> None:
    row = mira.get(f"playlists/{LISTS['episodes']}/items", limit=1)["items"][0]
    assert row["item"]["type"] == "track"
    assert row["item"]["uri"].startswith("spotify:episode:")


def test_a_relinked_track_names_the_one_that_was_added(sandbox: Sandbox, mira: Api) -> None:
    path = f"playlists/{LISTS['relinked']}/items"
    original = sandbox.uris(LISTS["relinked"])[5]
    item = mira.get(path)["items"][5]["item"]
    assert item["linked_from"]["uri"] == original != item["uri"]
    sandbox.assume(relink_without_market=False)
    assert mira.get(path)["items"][5]["item"]["uri"] == original
    assert mira.get(path, market="DE")["items"][5]["item"]["linked_from"]["uri"] == original


def test_an_unplayable_track_is_marked_when_a_market_is_named(mira: Api) -> None:
    path = f"playlists/{LISTS['unplayable']}/items"
    items = [row["item"] for row in mira.get(path, market="DE")["items"]]
    assert [item["is_playable"] for item in items[4:8]] == [True, False, False, False]
    assert items[5]["restrictions"] == {"reason": "market"}
    assert "is_playable" not in mira.get(path)["items"][5]["item"]


def test_replacing_sets_the_list_and_moves_the_snapshot_id(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    uris = playable(sandbox, 100)
    before = sandbox.snapshot_id(LISTS["twelve"])
    answer = spotify.playlist_replace_items(LISTS["twelve"], uris)
    assert sandbox.uris(LISTS["twelve"]) == uris
    assert answer == {"snapshot_id": sandbox.snapshot_id(LISTS["twelve"])}
    again = spotify.playlist_replace_items(LISTS["twelve"], uris)
    assert len({before, answer["snapshot_id"], again["snapshot_id"]}) == 3


def test_replacing_with_nothing_clears(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    spotify.playlist_replace_items(LISTS["twelve"], [])
    assert sandbox.uris(LISTS["twelve"]) == []


def test_replacing_takes_the_uris_from_the_query_too(sandbox: Sandbox, mira: Api) -> None:
    uris = playable(sandbox, 2)
    assert mira.call("PUT", PATH, uris=",".join(uris)).status_code == 200
    assert sandbox.uris(LISTS["twelve"]) == uris


@pytest.mark.parametrize("keep", [True, False])
def test_replacing_keeps_the_dates_of_tracks_that_were_there_unless_told_otherwise(
        sandbox: Sandbox, mira: Api, keep: bool) -> None:
    old = mira.get(PATH)["items"]
    uris = [row["item"]["uri"] for row in reversed(old)] + playable(sandbox, 1, 1100)
    sandbox.assume(replace_keeps_dates=keep)
    mira.call("PUT", PATH, {"uris": uris})
    new = mira.get(PATH)["items"]
    assert ([row["added_at"] for row in new[:12]] == [
        row["added_at"] for row in reversed(old)]) is keep
    assert new[12]["added_at"] > old[-1]["added_at"]


def test_adding_appends_or_inserts(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    old, new = sandbox.uris(LISTS["twelve"]), playable(sandbox, 4, 1000)
    spotify.playlist_add_items(LISTS["twelve"], new[:2])
    spotify.playlist_add_items(LISTS["twelve"], new[2:], position=0)
    assert sandbox.uris(LISTS["twelve"]) == new[2:] + old + new[:2]


def test_adding_takes_all_three_forms_of_a_body(sandbox: Sandbox, mira: Api) -> None:
    old, new = sandbox.uris(LISTS["twelve"]), playable(sandbox, 3, 1000)
    for response in (mira.call("POST", PATH, {"uris": new[:1], "position": 1}),
                     mira.call("POST", PATH, new[1:2], position=2),
                     mira.call("POST", PATH, uris=new[2], position=3)):
        assert response.status_code == 201
        assert set(response.json()) == {"snapshot_id"}
    assert sandbox.uris(LISTS["twelve"]) == old[:1] + new + old[1:]


def test_added_rows_carry_the_time_and_the_user(sandbox: Sandbox, jonas: Api, mira: Api) -> None:
    path = f"playlists/{LISTS['shared']}/items"
    mira.call("POST", path, playable(sandbox, 1))
    row = jonas.get(path, offset=24)["items"][0]
    assert row["added_by"]["id"] == "mira"
    assert row["added_at"].startswith("20") and row["added_at"].endswith("Z")


@pytest.mark.parametrize(("method", "body", "text"), [
    ("POST", [], "No uris provided"),
    ("POST", {"uris": []}, "No uris provided"),
    ("POST", None, "No uris provided"),
    ("POST", "words", "Error parsing JSON."),
    ("POST", ["spotify:local:a:b:c:1"], "Invalid track uri: spotify:local:a:b:c:1"),
    ("POST", ["spotify:track:short"], "Invalid base62 id"),
    ("POST", [f"spotify:track:{'0' * 22}"], "Payload contains a non-existing ID"),
    ("POST", [None], "Invalid track uri: None"),
    ("POST", ["spotify:album:abc"], "Invalid track uri: spotify:album:abc"),
    ("PUT", {"uris": ["spotify:local:a:b:c:1"]}, "Invalid track uri: spotify:local:a:b:c:1"),
    ("PUT", {"uris": "words"}, "Error parsing JSON."),
    ("PUT", {"uris": None}, "Error parsing JSON."),
    ("POST", {"uris": [], "position": "x"}, "No uris provided"),
    ("PUT", {}, "No uris provided"),
    ("PUT", {"uris": [], "range_start": 0, "insert_before": 1}, "Error parsing JSON."),
    ("PUT", {"range_start": 0}, "Error parsing JSON."),
    ("PUT", {"range_start": 12, "insert_before": 0}, "Index out of bounds."),
    ("PUT", {"range_start": 0, "insert_before": 13}, "Index out of bounds."),
    ("PUT", {"range_start": 0, "insert_before": 3, "snapshot_id": "old"},
     "Missing or bad version tag"),
    ("DELETE", {"items": []}, "Could not remove tracks, please check parameters."),
    ("DELETE", {"items": ["spotify:track:x"]},
     "Could not remove tracks, please check parameters."),
    ("DELETE", {"tracks": [{"uri": "spotify:track:x"}]},
     "Could not remove tracks, please check parameters."),
    ("DELETE", {"items": [{"uri": "x"}] * 101},
     "Could not remove tracks, please check parameters."),
    ("DELETE", {"items": [{"uri": "x"}], "snapshot_id": 5}, "Missing or bad version tag"),
])
def test_a_wrong_write_is_refused_and_changes_nothing(
        sandbox: Sandbox, mira: Api, method: str, body: Any, text: str) -> None:
    before = sandbox.describe(LISTS["twelve"])["playlists"]
    assert message(mira.call(method, PATH, body)) == (400, text)
    assert sandbox.describe(LISTS["twelve"])["playlists"] == before


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_more_than_100_uris_are_refused(sandbox: Sandbox, mira: Api, method: str) -> None:
    response = mira.call(method, PATH, {"uris": playable(sandbox, 101)})
    assert message(response) == (400, "You can add a maximum of 100 tracks per request.")


def test_a_broken_body_is_refused(mira: Api) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert message(mira.call(method, PATH, data=b"{")) == (400, "Error parsing JSON.")


def test_a_playlist_holds_10000_rows_at_most(sandbox: Sandbox, mira: Api) -> None:
    song = playable(sandbox, 1)
    full = sandbox.create("mira", "Full", [*song * 9_950])
    response = mira.call("POST", f"playlists/{full}/items", song * 51)
    assert response.status_code == 400
    assert mira.call("POST", f"playlists/{full}/items", song * 50).status_code == 201


def test_moving_keeps_dates_and_special_rows(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    before = spotify.playlist_items(LISTS["mixed"])["items"]
    spotify.playlist_reorder_items(LISTS["mixed"], 0, len(before), range_length=4)
    after = spotify.playlist_items(LISTS["mixed"])["items"]
    assert after == before[4:] + before[:4]


def test_removal_takes_every_occurrence_and_an_unknown_uri_is_a_silent_no_op(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    before = sandbox.uris(LISTS["duplicates"])
    gone = str(before[0])
    assert before.count(gone) == 4
    spotify.playlist_remove_all_occurrences_of_items(LISTS["duplicates"], [gone])
    assert sandbox.uris(LISTS["duplicates"]) == [uri for uri in before if uri != gone]
    snapshot_id = sandbox.snapshot_id(LISTS["duplicates"])
    spotify.playlist_remove_all_occurrences_of_items(LISTS["duplicates"], [gone])
    assert sandbox.snapshot_id(LISTS["duplicates"]) != snapshot_id


def test_positions_are_ignored_in_a_removal_and_the_journal_says_so(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    gone = str(sandbox.uris(LISTS["duplicates"])[0])
    spotify.playlist_remove_specific_occurrences_of_items(
        LISTS["duplicates"], [{"uri": gone, "positions": [0]}])
    assert gone not in sandbox.uris(LISTS["duplicates"])
    assert sandbox.requests()[-1]["flags"] == ["positions ignored"]


def test_a_write_that_names_an_older_version_is_merged_forward(
        sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    playlist_id = LISTS["twelve"]
    base, old = sandbox.snapshot_id(playlist_id), sandbox.uris(playlist_id)
    newcomer = playable(sandbox, 1, 1100)
    sandbox.edit(playlist_id, "add", uris=newcomer, position=0)
    spotify.playlist_reorder_items(playlist_id, 0, 12, range_length=2, snapshot_id=base)
    assert sandbox.uris(playlist_id) == newcomer + old[2:] + old[:2]


@pytest.mark.parametrize(("method", "body"), [
    ("GET", None), ("POST", ["spotify:track:x"]), ("PUT", {"uris": []}),
    ("DELETE", {"items": [{"uri": "x"}]})])
def test_the_items_of_somebody_else_are_closed(mira: Api, method: str, body: Any) -> None:
    path = f"playlists/{LISTS['foreign_public']}/items"
    assert message(mira.call(method, path, body)) == (403, "Forbidden")


def test_a_collaborator_reads_and_writes(sandbox: Sandbox, spotify: spotipy.Spotify) -> None:
    assert spotify.playlist_items(LISTS["shared"])["total"] == 24
    spotify.playlist_reorder_items(LISTS["shared"], 0, 24)
    assert len(sandbox.uris(LISTS["shared"])) == 24


@pytest.mark.parametrize("playlist_id", [LISTS["algorithmic"], "0" * 22])
def test_unknown_playlists_and_those_of_spotify_answer_404(mira: Api, playlist_id: str) -> None:
    for path in (f"playlists/{playlist_id}", f"playlists/{playlist_id}/items"):
        assert message(mira.call("GET", path)) == (404, "Resource not found")


def test_an_id_that_is_none_answers_400(mira: Api) -> None:
    for path in ("playlists/short", "playlists/short/items"):
        assert message(mira.call("GET", path)) == (400, "Invalid base62 id")


def test_the_old_path_is_closed_in_development_mode(mira: Api) -> None:
    path = f"playlists/{LISTS['twelve']}/tracks"
    assert message(mira.call("GET", path)) == (403, "Forbidden")
    assert message(mira.call("PUT", path, {"uris": []})) == (403, "Forbidden")


def test_a_move_into_itself_can_be_refused_instead(sandbox: Sandbox, mira: Api) -> None:
    before, body = sandbox.uris(LISTS["twelve"]), {
        "range_start": 2, "insert_before": 4, "range_length": 4}
    assert mira.call("PUT", PATH, body).status_code == 200
    sandbox.assume(reorder_into_itself="refuse")
    assert message(mira.call("PUT", PATH, body)) == (400, "Index out of bounds.")
    assert sandbox.uris(LISTS["twelve"]) == before


@pytest.mark.parametrize(("position", "text"), [
    (-1, "Index out of bounds."), (13, "Index out of bounds."), ("x", "Error parsing JSON.")])
def test_a_wrong_position_is_refused(sandbox: Sandbox, mira: Api, position: Any,
                                     text: str) -> None:
    body = {"uris": playable(sandbox, 1), "position": position}
    assert message(mira.call("POST", PATH, body)) == (400, text)
    assert len(sandbox.uris(LISTS["twelve"])) == 12
