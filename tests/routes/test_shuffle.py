"""Shuffling through HTTP."""

from sqlalchemy import select
from sqlalchemy.orm import Session
import pytest

from shuffify.models.db import ActivityLog
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor, fields, on_sqlite

TWELVE = library.PLAYLISTS["twelve"]


def trail(outside: Session) -> list[ActivityLog]:
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def test_a_shuffle_reorders_the_playlist_and_leaves_its_rows(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    before = sandbox.uris(TWELVE)
    wanted = {"algorithm_name": "BalancedShuffle", "algorithm_params": {"section_count": 3}}
    answer = mira.post(f"/shuffle/{TWELVE}", wanted | {"seed": 7})
    assert (answer.status_code, answer.json["category"]) == (200, "success")
    after = sandbox.uris(TWELVE)
    assert after != before and sorted(map(str, after)) == sorted(map(str, before))
    result = answer.json["result"]
    assert set(result) == {
        "algorithm_name", "algorithm_params", "seed", "moved", "method", "calls",
    }
    assert result["algorithm_params"] == {"keep_first": 0, "section_count": 3}
    assert answer.json["undo_steps"] == 1
    assert [track["uri"] for track in answer.json["playlist"]["tracks"]] == after
    assert str(result["moved"]) in answer.json["message"]

    snapshot, shuffle = trail(outside)
    name = library.PLAYLIST_NAMES["twelve"]
    assert snapshot.description == f"Saved '{name}' before shuffle"
    assert shuffle.description == f"Shuffled '{name}' using Balanced"
    assert {row.request_id for row in (snapshot, shuffle)} == {answer.headers["X-Request-ID"]}
    assert {row.source for row in (snapshot, shuffle)} == {"web"}
    assert {row.playlist_id for row in (snapshot, shuffle)} == {TWELVE}


def test_a_shuffle_is_undoable_when_it_has_left_a_step(mira: Visitor) -> None:
    assert mira.post(f"/shuffle/{TWELVE}", {"seed": 7}).json["undoable"] is True
    assert mira.post(f"/shuffle/{TWELVE}", {"seed": 7}).json["undo_steps"] == 2
    mira.post("/settings", {"auto_snapshot_enabled": False})
    short = mira.post(f"/shuffle/{TWELVE}", {"seed": 8}).json
    assert (short["category"], short["undoable"], short["undo_steps"]) == ("success", False, 2)
    two_calls = library.PLAYLISTS["hundred_twenty"]
    assert mira.post(f"/shuffle/{two_calls}").json["undoable"] is True
    nothing_changes = library.PLAYLISTS["one"]
    assert mira.post(f"/shuffle/{nothing_changes}").json["undoable"] is False


def test_a_seed_repeats_the_order(mira: Visitor, sandbox: Sandbox) -> None:
    start = sandbox.uris(TWELVE)
    mira.post(f"/shuffle/{TWELVE}", {"seed": 42})
    first = sandbox.uris(TWELVE)
    sandbox.edit(TWELVE, "replace", uris=start)
    mira.post(f"/shuffle/{TWELVE}", {"seed": 42})
    assert sandbox.uris(TWELVE) == first


@pytest.mark.parametrize("role", ["empty", "one"])
def test_where_nothing_can_change_nothing_is_stored(
    mira: Visitor, outside: Session, role: str
) -> None:
    answer = mira.post(f"/shuffle/{library.PLAYLISTS[role]}")
    assert (answer.status_code, answer.json["category"]) == (200, "info")
    assert trail(outside) == []


def test_without_a_body_the_users_default_is_taken(mira: Visitor) -> None:
    mira.post("/settings", {"default_algorithm": "StratifiedShuffle"})
    token = mira.token()
    answer = mira.client.post(
        f"/shuffle/{TWELVE}", headers={"X-CSRFToken": token, "Accept": "application/json"}
    )
    assert answer.json["result"]["algorithm_name"] == "StratifiedShuffle"


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({"algorithm_name": None}, {"algorithm_name"}),
        ({"algorithm_name": 7, "seed": "7", "x": 1}, {"algorithm_name", "seed", "x"}),
        ({"algorithm_name": "NoSuchShuffle"}, {"algorithm_name"}),
        ({"seed": -1}, {"seed"}),
        ({"seed": 2**53}, {"seed"}),
        ({"seed": True}, {"seed"}),
        ({"seed": 1.0}, {"seed"}),
        ({"algorithm_params": []}, {"algorithm_params"}),
        (
            {
                "algorithm_name": "BalancedShuffle",
                "algorithm_params": {"section_count": 0, "keep_first": True, "x": 1},
                "seed": None,
            },
            {
                "algorithm_params.section_count",
                "algorithm_params.keep_first",
                "algorithm_params.x",
                "seed",
            },
        ),
        # without a name the user's default algorithm judges the parameters
        ({"algorithm_params": {"section_count": 4}}, {"algorithm_params.section_count"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_happens(
    mira: Visitor, sandbox: Sandbox, outside: Session, body: object, wrong: set[str]
) -> None:
    before = sandbox.snapshot_id(TWELVE)
    assert fields(mira.post(f"/shuffle/{TWELVE}", body)) == wrong
    assert sandbox.snapshot_id(TWELVE) == before
    assert trail(outside) == []


def test_other_peoples_lists_are_403(mira: Visitor, sandbox: Sandbox) -> None:
    foreign = library.PLAYLISTS["foreign_public"]
    before = sandbox.snapshot_id(foreign)
    answer = mira.post(f"/shuffle/{foreign}")
    assert answer.status_code == 403
    assert answer.json["code"] in ("not_editable", "not_readable")
    assert sandbox.snapshot_id(foreign) == before


def test_a_write_that_fails_puts_the_list_back_and_says_so(
    mira: Visitor, sandbox: Sandbox
) -> None:
    playlist_id = library.PLAYLISTS["hundred_twenty"]
    before = sandbox.uris(playlist_id)
    sandbox.fault("error_before", method="POST", path=f"/v1/playlists/{playlist_id}/*", count=9)
    answer = mira.post(f"/shuffle/{playlist_id}")
    assert (answer.status_code, answer.json["code"]) == (502, "write_failed")
    assert set(answer.json) >= {"restored", "snapshot_id", "request_id", "message"}
    if answer.json["restored"]:
        assert sandbox.uris(playlist_id) == before
