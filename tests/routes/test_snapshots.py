"""Undo and snapshots through HTTP."""

from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.spotify.gateway import Gateway
from tests.visitor import Visitor

TWELVE = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
LONG = library.PLAYLISTS["hundred_twenty"]
PATH = f"/playlist/{TWELVE}/snapshots"


def trail(outside: Session) -> list[ActivityLog]:
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def take(visitor: Visitor, playlist_id: str = TWELVE) -> int:
    answer = visitor.post(f"/playlist/{playlist_id}/snapshots")
    assert answer.status_code == 201, answer.text
    snapshot_id: int = answer.json["snapshot"]["id"]
    return snapshot_id


def test_undo_goes_back_step_by_step_until_nothing_is_left(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    orders = [sandbox.uris(TWELVE)]
    for seed in (1, 2):
        mira.post(f"/shuffle/{TWELVE}", {"seed": seed})
        orders.append(sandbox.uris(TWELVE))
    answer = mira.post(f"/undo/{TWELVE}")
    assert (answer.status_code, answer.json["category"]) == (200, "success")
    assert set(answer.json) >= {"playlist", "kept_added", "not_restored", "snapshot_id"}
    assert answer.json["undo_steps"] == 1
    assert sandbox.uris(TWELVE) == orders[1]
    assert [track["uri"] for track in answer.json["playlist"]["tracks"]] == orders[1]
    assert mira.post(f"/undo/{TWELVE}").json["undo_steps"] == 0
    assert sandbox.uris(TWELVE) == orders[0]
    empty = mira.post(f"/undo/{TWELVE}")
    assert (empty.status_code, empty.json["code"]) == (409, "nothing_to_undo")
    assert trail(outside)[-1].description == f"Undid the last change to '{NAME}'"


def test_undo_tells_what_stayed_and_what_did_not_come_back(
    mira: Visitor, sandbox: Sandbox
) -> None:
    mira.post(f"/shuffle/{TWELVE}", {"seed": 1})
    added = sandbox.uris(library.PLAYLISTS["hundred_twenty"])[:2]
    sandbox.edit(TWELVE, "remove_at", positions=[0])
    sandbox.edit(TWELVE, "add", uris=added)
    answer = mira.post(f"/undo/{TWELVE}").json
    assert (answer["kept_added"], answer["not_restored"]) == (2, 1)
    assert "2 tracks added since stayed" in answer["message"]
    assert "1 removed track did not come back" in answer["message"]
    exact = mira.post(f"/snapshots/{answer['snapshot_id']}/restore")
    assert exact.json["playlist"]["track_count"] == 12


def test_undo_of_what_only_added_tracks_counts_them_and_offers_the_exact_restore(
    mira: Visitor, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    mira.post(f"/shuffle/{TWELVE}", {"seed": 1})
    added = sandbox.uris(library.PLAYLISTS["hundred_twenty"])[:3]
    sandbox.edit(TWELVE, "replace", uris=[*before, *added])
    answer = mira.post(f"/undo/{TWELVE}").json
    assert (answer["category"], answer["kept_added"]) == ("info", 3)
    assert answer["message"] == (
        "The order before the last change stands already; that step is done with. "
        "3 tracks added since stayed, at the end. "
        "Restore the snapshot to have the playlist exactly as it was."
    )
    mira.post(f"/snapshots/{answer['snapshot_id']}/restore")
    assert sandbox.uris(TWELVE) == before


@pytest.mark.parametrize("reorders", [True, False])
def test_undo_of_a_commit_that_removed_tracks_says_so_and_offers_the_exact_restore(
    mira: Visitor, sandbox: Sandbox, reorders: bool
) -> None:
    before = sandbox.uris(TWELVE)
    kept = before[2:][::-1] if reorders else before[2:]
    commit = {"track_uris": kept, "base_snapshot_id": sandbox.snapshot_id(TWELVE)}
    assert mira.post(f"/workshop/{TWELVE}/commit", commit).status_code == 200
    answer = mira.post(f"/undo/{TWELVE}").json
    assert sandbox.uris(TWELVE) == before[2:]
    assert (answer["category"], answer["not_restored"]) == ("success" if reorders else "info", 2)
    assert answer["message"].endswith(
        " 2 removed tracks did not come back, for undo brings back the order only. "
        "Restore the snapshot to have the playlist exactly as it was."
    )
    exact = mira.post(f"/snapshots/{answer['snapshot_id']}/restore")
    assert (exact.status_code, exact.json["category"]) == (200, "success")
    assert sandbox.uris(TWELVE) == before


def test_an_undo_where_the_order_stands_already_is_info(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    before = sandbox.uris(TWELVE)
    mira.post(f"/shuffle/{TWELVE}", {"seed": 1})
    sandbox.edit(TWELVE, "replace", uris=before)
    rows = len(trail(outside))
    outside.rollback()
    answer = mira.post(f"/undo/{TWELVE}").json
    assert (answer["category"], answer["undo_steps"]) == ("info", 0)
    assert "stands already" in answer["message"]
    assert len(trail(outside)) == rows


def test_a_snapshot_is_taken_listed_read_restored_and_deleted(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    order = sandbox.uris(TWELVE)
    made = mira.post(PATH, {"trigger_description": " before the party "})
    assert made.status_code == 201
    snapshot = made.json["snapshot"]
    assert (snapshot["snapshot_type"], snapshot["track_count"]) == ("manual", 12)
    assert snapshot["trigger_description"] == "before the party"
    assert "track_uris" not in snapshot
    path = f"/snapshots/{snapshot['id']}"
    assert mira.get(PATH).json["snapshots"] == [snapshot]

    mira.post(f"/shuffle/{TWELVE}", {"seed": 3})
    read = mira.get(path).json
    assert read["snapshot"]["track_uris"] == order
    assert set(read["diff"]) == {"added", "removed", "moved", "unwritable"}
    assert read["diff"]["moved"] > 0
    assert [row["uri"] for row in read["standing"]] == sandbox.uris(TWELVE)
    assert all(row["name"] and row["artists"] for row in read["standing"])
    restored = mira.post(f"{path}/restore")
    assert (restored.status_code, restored.json["category"]) == (200, "success")
    assert set(restored.json) >= {"playlist", "snapshot", "undo_steps"}
    assert restored.json["snapshot"]["restored_at"] is not None
    assert sandbox.uris(TWELVE) == order
    assert mira.post(f"{path}/restore").json["category"] == "info"

    gone = mira.delete(path)
    assert (gone.status_code, gone.json["undo_steps"]) == (200, 2)
    assert mira.get(path).status_code == 404
    stamp = snapshot["created_at"].replace("T", " ")[:16]
    assert [row.description for row in trail(outside)] == [
        f"Created snapshot of '{NAME}' (12 tracks)",
        f"Saved '{NAME}' before shuffle",
        f"Shuffled '{NAME}' using Basic",
        f"Saved '{NAME}' before restore",
        f"Restored '{NAME}' to the snapshot of {stamp} UTC",
        f"Deleted snapshot of '{NAME}' from {stamp} UTC",
    ]


def test_a_restore_says_beforehand_and_afterwards_whether_it_can_be_undone(
    mira: Visitor,
) -> None:
    path = f"/snapshots/{take(mira)}"
    for automatic in (True, False):
        mira.post("/settings", {"auto_snapshot_enabled": automatic})
        mira.post(f"/shuffle/{TWELVE}")
        assert mira.get(path).json["undoable"] is automatic
        assert mira.post(f"{path}/restore").json["undoable"] is automatic
        assert mira.post(f"{path}/restore").json["undoable"] is False, "nothing had to change"


def test_snapshots_are_listed_newest_first_as_many_as_asked_for(mira: Visitor) -> None:
    ids = [take(mira) for _ in range(3)]
    assert [each["id"] for each in mira.get(PATH).json["snapshots"]] == ids[::-1]
    assert [each["id"] for each in mira.get(f"{PATH}?limit=1").json["snapshots"]] == ids[-1:]


@pytest.mark.parametrize("limit", ["0", "101", "x", "", "1.5"])
def test_a_limit_that_does_not_fit_is_400(mira: Visitor, limit: str) -> None:
    answer = mira.get(f"{PATH}?limit={limit}")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, "limit")


def test_without_spotify_a_snapshot_is_read_without_comparison(
    mira: Visitor, sandbox: Sandbox
) -> None:
    snapshot_id = take(mira)
    sandbox.fault("error_before", path="/v1/playlists/*", count=None)
    answer = mira.get(f"/snapshots/{snapshot_id}")
    assert (answer.status_code, answer.json["diff"], answer.json["standing"]) == (200, None, None)
    assert len(answer.json["snapshot"]["track_uris"]) == 12


def test_a_restore_that_would_lose_local_files_asks_first(
    mira: Visitor, sandbox: Sandbox
) -> None:
    playlist_id = library.PLAYLISTS["local_files"]
    snapshot_id = take(mira, playlist_id)
    before = sandbox.uris(playlist_id)
    sandbox.edit(
        playlist_id, "replace", uris=[uri for uri in before if uri and ":local:" not in uri]
    )
    path = f"/snapshots/{snapshot_id}/restore"
    refused = mira.post(path)
    assert (refused.status_code, refused.json["code"]) == (409, "unwritable_rows")
    assert refused.json["local_files"] > 0
    accepted = mira.post(path, {"accept_local_loss": True})
    assert (accepted.status_code, accepted.json["category"]) == (200, "info")
    assert "cannot come back" in accepted.json["message"]


@pytest.mark.parametrize(
    ("name", "concerned"), [("mixed", (0, 1)), ("local_files", (1, 0))]
)
def test_a_restore_with_consent_loses_no_local_file_and_no_null_row_that_the_snapshot_holds(
    mira: Visitor, sandbox: Sandbox, outside: Session, name: str, concerned: tuple[int, int]
) -> None:
    playlist_id = library.PLAYLISTS[name]
    snapshot_id, before = take(mira, playlist_id), sandbox.uris(playlist_id)
    if name == "mixed":
        sandbox.edit(playlist_id, "null", positions=[0])
    else:
        sandbox.edit(playlist_id, "add", uris=["spotify:local:Ana:Casa:Mar:187"])
    extra = next(iter(Counter(sandbox.uris(playlist_id)) - Counter(before)))

    assert mira.get(f"/snapshots/{snapshot_id}").json["diff"]["unwritable"] == 1
    path = f"/snapshots/{snapshot_id}/restore"
    refused = mira.post(path).json
    assert (refused["local_files"], refused["null_rows"]) == concerned
    assert (refused["missing"], refused["leaving"], refused["staying"]) == (0, 0, 1)
    done = mira.post(path, {"accept_local_loss": True})
    assert done.status_code == 200
    assert done.json["message"].endswith(", save 1 row that no app can take out.")
    assert sandbox.uris(playlist_id) == [*before, extra]
    if done.json["category"] == "success":
        metadata = trail(outside)[-1].metadata_json or {}
        assert metadata["reason"] == "1 row still there: no app can take out single ones"


def test_rows_that_leave_for_good_are_counted_in_the_refusal_and_in_the_trail(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    snapshot_id, before = take(mira), sandbox.uris(TWELVE)
    sandbox.edit(TWELVE, "add", uris=["spotify:local:Ana:Casa:Mar:187", None], position=3)
    path = f"/snapshots/{snapshot_id}/restore"
    refused = mira.post(path).json
    assert (refused["local_files"], refused["null_rows"], refused["leaving"]) == (1, 1, 2)
    assert mira.post(path, {"accept_local_loss": True}).status_code == 200
    assert sandbox.uris(TWELVE) == before
    assert (trail(outside)[-1].metadata_json or {})["reason"] == (
        "2 rows gone for good: no app can add local files or removed tracks"
    )


def test_a_restore_leaves_out_rows_that_spotify_does_not_know_only_after_consent(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    stands = sandbox.uris(TWELVE)
    snapshot_id, gone = take(mira), "spotify:track:" + "0" * 22
    snapshot = outside.get_one(PlaylistSnapshot, snapshot_id)
    snapshot.track_uris = [gone, *stands[::-1], gone]
    outside.commit()
    path = f"/snapshots/{snapshot_id}/restore"
    for body in ({}, {"accept_local_loss": True}, {"accept_unknown_loss": False}):
        refused = mira.post(path, body)
        assert (refused.status_code, refused.json["code"]) == (409, "unwritable_rows")
        assert refused.json["unknown_uris"] == [gone]
        said = refused.json["message"]
        assert gone in said and "accept_unknown_loss" in said
    assert sandbox.uris(TWELVE) == stands

    done = mira.post(path, {"accept_unknown_loss": True})
    assert (done.status_code, done.json["category"]) == (200, "success")
    assert done.json["message"].endswith(", save 2 rows that Spotify no longer knows.")
    assert done.json["left_out"] == [gone, gone]
    assert sandbox.uris(TWELVE) == stands[::-1]
    row = trail(outside)[-1]
    assert row.activity_type == "snapshot_restore"
    assert row.metadata_json is not None and row.metadata_json["reason"] == (
        "2 rows left out: unknown to Spotify by now"
    )
    assert mira.post(f"/undo/{TWELVE}").status_code == 200
    assert sandbox.uris(TWELVE) == stands


def test_a_restore_of_which_only_unknown_rows_are_missing_changes_nothing(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    stands = sandbox.uris(TWELVE)
    snapshot_id = take(mira)
    outside.get_one(PlaylistSnapshot, snapshot_id).track_uris = [
        *stands, "spotify:track:" + "0" * 22
    ]
    outside.commit()
    rows = len(trail(outside))
    answer = mira.post(f"/snapshots/{snapshot_id}/restore", {"accept_unknown_loss": True})
    assert (answer.status_code, answer.json["category"]) == (200, "info")
    assert "as in the snapshot already, save 1 row" in answer.json["message"]
    assert sandbox.uris(TWELVE) == stands
    outside.rollback()
    assert [row.activity_type for row in trail(outside)[rows:]] == ["snapshot_create"]


@pytest.mark.parametrize("change", ["shuffle", "commit", "restore"])
@pytest.mark.parametrize("added", [1, 4])
def test_what_somebody_else_adds_during_a_write_is_named_in_its_answer(
    mira: Visitor,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    added: int,
) -> None:
    before, others = sandbox.uris(LONG), sandbox.uris(library.PLAYLISTS["four_thirty"])
    new = [uri for uri in others if uri and uri not in before][:added]
    snapshot_id = take(mira, LONG)
    if change == "restore":
        sandbox.edit(LONG, "replace", uris=before[::-1])
    commit = {"track_uris": before[::-1], "base_snapshot_id": sandbox.snapshot_id(LONG)}
    path, body = {
        "shuffle": (f"/shuffle/{LONG}", {"seed": 1}),
        "commit": (f"/workshop/{LONG}/commit", commit),
        "restore": (f"/snapshots/{snapshot_id}/restore", {}),
    }[change]
    replace = Gateway.replace

    def disturbed(gateway: Gateway, playlist_id: str, uris: Sequence[str]) -> None:
        replace(gateway, playlist_id, uris)
        sandbox.edit(LONG, "add", uris=new, by="jonas")

    monkeypatch.setattr(Gateway, "replace", disturbed)
    answer = mira.post(path, body)

    assert answer.status_code == 200
    names = {track["uri"]: track["name"] for track in answer.json["playlist"]["tracks"]}
    listed = ", ".join(f"'{names[uri]}'" for uri in new[:3]) + (", 1 more" if added > 3 else "")
    number = "1 track" if added == 1 else f"{added} tracks"
    ending = f". {number} added elsewhere meanwhile stayed: {listed}."
    assert answer.json["message"].endswith(ending)
    assert answer.json["kept_added"] == added
    assert len(sandbox.uris(LONG)) == 120 + added


def test_other_peoples_lists_have_no_snapshots(mira: Visitor, outside: Session) -> None:
    jonas_private = library.PLAYLISTS["jonas_private"]
    assert mira.post(f"/playlist/{jonas_private}/snapshots").status_code in (403, 404)
    assert mira.post(f"/undo/{jonas_private}").status_code in (403, 404, 409)
    assert trail(outside) == []
