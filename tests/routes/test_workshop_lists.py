"""The workshop's lists through HTTP: previews and commits."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session
import pytest

from shuffify.models.db import ActivityLog, PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor, fields, on_sqlite

TWELVE = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
PREVIEW = f"/workshop/{TWELVE}/preview-shuffle"
COMMIT = f"/workshop/{TWELVE}/commit"


def sentences(outside: Session) -> list[str]:
    query = select(ActivityLog.description).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def rows(sandbox: Sandbox, playlist_id: str = TWELVE) -> list[dict[str, object]]:
    return [{"uri": uri} for uri in sandbox.uris(playlist_id)]


@on_sqlite
def test_the_page_is_shown_before_any_row_is_read(mira: Visitor, sandbox: Sandbox) -> None:
    sandbox.clear_requests()
    page = mira.client.get(f"/workshop/{TWELVE}")
    assert page.status_code == 200
    assert NAME in page.text and "12 tracks" in page.text
    assert [call["path"] for call in sandbox.requests()] == [f"/v1/playlists/{TWELVE}"]


@on_sqlite
@pytest.mark.parametrize(
    "role, status", [("foreign_public", 403), ("algorithmic", 404), ("shared", 200)]
)
def test_the_page_is_for_lists_that_one_may_edit(mira: Visitor, role: str, status: int) -> None:
    page = mira.client.get(f"/workshop/{library.PLAYLISTS[role]}")
    assert page.status_code == status
    assert ("Only the owner of this playlist may change it." in page.text) == (status == 403)


@on_sqlite
def test_strangers_are_sent_to_the_landing_page(visitor: Visitor) -> None:
    answer = visitor.client.get(f"/workshop/{TWELVE}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_preview_asks_spotify_nothing_and_stores_nothing(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    tracks = rows(sandbox)
    calls = len(sandbox.requests())
    answer = mira.post(PREVIEW, {"tracks": tracks, "seed": 7})
    assert answer.status_code == 200
    assert (answer.json["algorithm_name"], answer.json["seed"]) == ("BasicShuffle", 7)
    shuffled = answer.json["shuffled_uris"]
    assert shuffled != sandbox.uris(TWELVE) and sorted(shuffled) == sorted(sandbox.uris(TWELVE))
    assert mira.post(PREVIEW, {"tracks": tracks, "seed": 7}).json["shuffled_uris"] == shuffled
    assert len(sandbox.requests()) == calls
    assert sentences(outside) == []
    assert outside.scalar(select(func.count(PlaylistSnapshot.id))) == 0


def test_a_preview_gives_the_order_that_the_shuffle_would(
    mira: Visitor, sandbox: Sandbox
) -> None:
    recipe = {"algorithm_name": "ArtistSpacingShuffle", "seed": 5}
    tracks = mira.get(f"/playlist/{TWELVE}").json["playlist"]["tracks"]
    told = [{key: track[key] for key in ("uri", "name", "artists", "album_name")}
            for track in tracks]
    by_name = [row | {"artists": [artist["name"] for artist in row["artists"]]} for row in told]
    preview = mira.post(PREVIEW, recipe | {"tracks": told}).json["shuffled_uris"]
    assert mira.post(PREVIEW, recipe | {"tracks": by_name}).json["shuffled_uris"] == preview
    mira.post(f"/shuffle/{TWELVE}", recipe)
    assert sandbox.uris(TWELVE) == preview


def test_a_preview_takes_the_users_default(mira: Visitor, sandbox: Sandbox) -> None:
    mira.post("/settings", {"default_algorithm": "StratifiedShuffle"})
    answer = mira.post(PREVIEW, {"tracks": rows(sandbox)})
    assert answer.json["algorithm_name"] == "StratifiedShuffle"


def test_an_empty_preview_is_empty(mira: Visitor) -> None:
    assert mira.post(PREVIEW, {"tracks": []}).json["shuffled_uris"] == []


def test_ten_thousand_tracks_can_be_previewed(mira: Visitor) -> None:
    tracks = [{"uri": f"spotify:track:{n:022d}", "artists": [f"A{n % 90}"]} for n in range(10_000)]
    answer = mira.post(PREVIEW, {"tracks": tracks, "algorithm_name": "ArtistSpacingShuffle"})
    assert len(set(answer.json["shuffled_uris"])) == 10_000


def test_a_commit_writes_the_list_and_says_what_changed(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    order = sandbox.uris(TWELVE)
    wanted = [sandbox.uris(library.PLAYLISTS["hundred_twenty"])[0], *reversed(order[2:])]
    answer = mira.post(
        COMMIT, {"track_uris": wanted, "base_snapshot_id": sandbox.snapshot_id(TWELVE)}
    )
    assert (answer.status_code, answer.json["category"]) == (200, "success")
    assert sandbox.uris(TWELVE) == wanted
    assert set(answer.json["diff"]) == {"added", "removed", "moved"}
    assert (answer.json["diff"]["added"], answer.json["diff"]["removed"]) == (1, 2)
    assert answer.json["undo_steps"] == 1
    playlist = answer.json["playlist"]
    assert playlist["snapshot_id"] == sandbox.snapshot_id(TWELVE)
    assert sentences(outside) == [
        f"Saved '{NAME}' before workshop commit",
        f"Committed workshop changes to '{NAME}'",
    ]
    same = mira.post(
        COMMIT, {"track_uris": wanted, "base_snapshot_id": playlist["snapshot_id"]}
    )
    assert same.json["category"] == "info"
    outside.rollback()
    assert len(sentences(outside)) == 2


def test_a_commit_is_undoable_when_it_has_left_a_step(
    mira: Visitor, sandbox: Sandbox
) -> None:
    def commit() -> bool:
        turned = {"track_uris": sandbox.uris(TWELVE)[::-1]}
        version = {"base_snapshot_id": sandbox.snapshot_id(TWELVE)}
        undoable: bool = mira.post(COMMIT, turned | version).json["undoable"]
        return undoable

    assert commit() is True
    mira.post("/settings", {"auto_snapshot_enabled": False})
    assert commit() is False


def test_a_list_may_be_emptied(mira: Visitor, sandbox: Sandbox) -> None:
    base = sandbox.snapshot_id(TWELVE)
    answer = mira.post(COMMIT, {"track_uris": [], "base_snapshot_id": base})
    assert answer.json["playlist"]["track_count"] == 0
    assert sandbox.uris(TWELVE) == []


def test_a_commit_to_a_list_that_moved_is_refused_with_its_new_version(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    base = sandbox.snapshot_id(TWELVE)
    sandbox.edit(TWELVE, "move", range_start=0, insert_before=5)
    order = sandbox.uris(TWELVE)
    answer = mira.post(COMMIT, {"track_uris": [], "base_snapshot_id": base})
    assert (answer.status_code, answer.json["code"]) == (409, "playlist_changed")
    assert answer.json["snapshot_id"] == sandbox.snapshot_id(TWELVE)
    assert sandbox.uris(TWELVE) == order
    assert sentences(outside) == []


@pytest.mark.parametrize(("role", "position"), [
    ("hundred_twenty", 0), ("hundred_twenty", 119), ("mixed", 0),
])
def test_a_commit_of_rows_that_spotify_does_not_know_names_them_and_leaves_the_list(
    mira: Visitor, sandbox: Sandbox, outside: Session, role: str, position: int
) -> None:
    playlist_id, unknown = library.PLAYLISTS[role], f"spotify:track:{'0' * 22}"
    order = sandbox.uris(playlist_id)
    wanted = [uri for uri in order if uri][::-1]
    wanted.insert(position, unknown)
    answer = mira.post(f"/workshop/{playlist_id}/commit", {
        "track_uris": wanted, "base_snapshot_id": sandbox.snapshot_id(playlist_id)
    })
    assert fields(answer) == {"track_uris"}
    assert answer.json["errors"][0]["message"] == (
        f"Spotify does not know {unknown}, so no playlist can hold it. "
        "Leave it out and commit again; the playlist is as it was."
    )
    assert sandbox.uris(playlist_id) == order
    assert [sentence.split("'")[0] for sentence in sentences(outside)] == ["Saved "]
    assert outside.scalars(select(PlaylistSnapshot.write_state)).all() == ["void"]


@pytest.mark.parametrize("role", ["foreign_public", "jonas_private"])
def test_other_peoples_lists_cannot_be_written(
    mira: Visitor, sandbox: Sandbox, outside: Session, role: str
) -> None:
    foreign = library.PLAYLISTS[role]
    base = sandbox.snapshot_id(foreign)
    answer = mira.post(f"/workshop/{foreign}/commit", {"track_uris": [], "base_snapshot_id": base})
    assert answer.status_code in (403, 404)
    assert sandbox.snapshot_id(foreign) == base
    assert sentences(outside) == []
