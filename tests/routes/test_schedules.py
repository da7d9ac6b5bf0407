"""Schedules through HTTP."""

from flask import Flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog, Schedule
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor, fields, on_sqlite

TARGET = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
SHUFFLE = {
    "job_type": "shuffle",
    "target_playlist_id": TARGET,
    "algorithm_name": "BalancedShuffle",
    "algorithm_params": {"section_count": 3},
}


def create(visitor: Visitor, **changes: object) -> int:
    answer = visitor.post("/schedules/create", SHUFFLE | changes)
    assert answer.status_code == 201, answer.text
    schedule_id: int = answer.json["schedule"]["id"]
    return schedule_id


def trail(outside: Session) -> list[tuple[str, str]]:
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    found = outside.scalars(query.order_by(ActivityLog.id))
    return [(row.activity_type, row.description) for row in found]


def test_a_schedule_is_made_listed_changed_toggled_and_deleted(
    mira: Visitor, outside: Session
) -> None:
    made = mira.post("/schedules/create", SHUFFLE)
    assert made.status_code == 201
    schedule = made.json["schedule"]
    assert (schedule["schedule_type"], schedule["schedule_value"]) == ("interval", "daily")
    assert schedule["target_playlist_name"] == NAME
    assert len(made.json["next_runs"]) == 5
    path = f"/schedules/{schedule['id']}"

    (listed,) = mira.get("/schedules").json["schedules"]
    assert listed["next_runs"] == made.json["next_runs"]
    changed = mira.put(path, {"schedule_value": "weekly"})
    assert changed.json["schedule"]["schedule_value"] == "weekly"
    assert mira.put(path, {"schedule_value": "weekly"}).json["category"] == "info"
    off = mira.post(f"{path}/toggle")
    assert (off.json["schedule"]["is_enabled"], "off" in off.json["message"]) == (False, True)
    assert mira.get(f"{path}/history").json["history"] == []
    assert mira.delete(path).status_code == 200
    assert mira.get("/schedules").json["schedules"] == []
    assert trail(outside) == [
        ("schedule_create", f"Created shuffle schedule for '{NAME}'"),
        ("schedule_update", f"Updated shuffle schedule for '{NAME}' (schedule_value)"),
        ("schedule_toggle", f"Disabled shuffle schedule for '{NAME}'"),
        ("schedule_delete", f"Deleted shuffle schedule for '{NAME}'"),
    ]


def test_a_dry_run_says_when_and_stores_nothing(mira: Visitor, outside: Session) -> None:
    answer = mira.post("/schedules/create", SHUFFLE | {"dry_run": True})
    assert (answer.status_code, len(answer.json["next_runs"])) == (200, 5)
    assert outside.scalars(select(Schedule)).all() == []
    outside.rollback()
    schedule_id = create(mira)
    answer = mira.put(f"/schedules/{schedule_id}", {"schedule_value": "weekly", "dry_run": True})
    assert (answer.status_code, len(answer.json["next_runs"])) == (200, 5)
    assert outside.scalars(select(Schedule)).one().schedule_value == "daily"
    assert [kind for kind, _ in trail(outside)] == ["schedule_create"]


def test_null_clears_where_null_is_allowed(mira: Visitor) -> None:
    schedule_id = create(mira)
    mira.post(
        f"/playlist/{TARGET}/upstream-sources",
        {"source_playlist_id": library.PLAYLISTS["hundred_twenty"]},
    )
    answer = mira.put(f"/schedules/{schedule_id}", {
        "job_type": "raid",
        "source_playlist_ids": [library.PLAYLISTS["hundred_twenty"]],
        "algorithm_name": None,
        "algorithm_params": {},
    })
    assert answer.status_code == 200, answer.text
    assert answer.json["schedule"]["algorithm_name"] is None


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({}, {"job_type", "target_playlist_id"}),
        (
            {"job_type": "nap", "target_playlist_id": 7, "is_enabled": 1, "dry_run": "no"},
            {"job_type", "target_playlist_id", "is_enabled", "dry_run"},
        ),
        (
            SHUFFLE | {"schedule_type": "yearly", "schedule_value": "", "algorithm_name": "No"},
            {"schedule_type", "schedule_value", "algorithm_name"},
        ),
        (SHUFFLE | {"schedule_value": "hourly"}, {"schedule_value"}),
        (
            SHUFFLE | {"schedule_type": "cron", "schedule_value": "* * * * *", "x": 1},
            {"schedule_value", "x"},
        ),
        (SHUFFLE | {"schedule_type": "cron", "schedule_value": "0 0 30 2 *"}, {"schedule_value"}),
        (
            SHUFFLE | {"algorithm_params": {"section_count": 101, "x": 1}},
            {"algorithm_params.section_count", "algorithm_params.x"},
        ),
        (SHUFFLE | {"source_playlist_ids": [TARGET, "short"]},
         {"source_playlist_ids.1", "source_playlist_ids"}),
        (SHUFFLE | {"source_playlist_ids": ["A" * 22] * 2}, {"source_playlist_ids"}),
        (SHUFFLE | {"target_playlist_id": None}, {"target_playlist_id"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_is_stored(
    mira: Visitor, outside: Session, body: object, wrong: set[str]
) -> None:
    assert fields(mira.post("/schedules/create", body)) == wrong
    assert outside.scalars(select(Schedule)).all() == []


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        ({"job_type": None, "schedule_value": 5}, {"job_type", "schedule_value"}),
        ({"schedule_type": "cron"}, {"schedule_value"}),
        ({"algorithm_params": {"section_count": "3"}}, {"algorithm_params.section_count"}),
        ({"id": 7}, {"id"}),
    ],
)
def test_a_change_is_judged_as_a_whole(mira: Visitor, body: object, wrong: set[str]) -> None:
    schedule_id = create(mira)
    assert fields(mira.put(f"/schedules/{schedule_id}", body)) == wrong


def test_targets_must_be_editable(mira: Visitor) -> None:
    foreign = SHUFFLE | {"target_playlist_id": library.PLAYLISTS["foreign_public"]}
    answer = mira.post("/schedules/create", foreign)
    assert (answer.status_code, answer.json["code"]) == (403, "not_editable")


def test_the_twenty_first_schedule_is_refused(mira: Visitor) -> None:
    for _ in range(20):
        create(mira)
    answer = mira.post("/schedules/create", SHUFFLE)
    assert (answer.status_code, answer.json["code"]) == (409, "limit_reached")


@on_sqlite
@pytest.mark.parametrize("limit", ["0", "101", "ten", "1.5", ""])
def test_history_takes_limits_from_1_to_100(mira: Visitor, limit: str) -> None:
    schedule_id = create(mira)
    assert fields(mira.get(f"/schedules/{schedule_id}/history?limit={limit}")) == {"limit"}
    assert mira.get(f"/schedules/{schedule_id}/history?limit=100&_=1").status_code == 200


def test_a_run_by_hand_writes_the_list_and_says_what_came_of_it(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    source = library.PLAYLISTS["hundred_twenty"]
    mira.post(f"/playlist/{TARGET}/upstream-sources", {"source_playlist_id": source})
    schedule_id = create(mira, job_type="raid_and_shuffle", source_playlist_ids=[source])
    answer = mira.post(f"/schedules/{schedule_id}/run")
    assert (answer.status_code, answer.json["category"]) == (200, "success")
    result = answer.json["result"]
    assert set(result) == {"execution_id", "status", "tracks_added", "tracks_total", "error"}
    assert (result["status"], result["error"]) == ("success", None)
    assert result["tracks_total"] == len(sandbox.uris(TARGET)) > 12
    assert result["tracks_added"] == result["tracks_total"] - 12
    assert "switched off" not in answer.json["message"]
    (run,) = mira.get(f"/schedules/{schedule_id}/history").json["history"]
    assert (run["id"], run["trigger"]) == (result["execution_id"], "manual")
    rows = [row for row in trail(outside) if row[0] in ("snapshot_create", "schedule_run")]
    assert rows == [
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Manually ran raid and shuffle schedule for '{NAME}'"),
    ]
    assert mira.post(f"/undo/{TARGET}").json["undo_steps"] == 0


def test_a_disabled_schedule_can_be_run_and_says_that_it_is_off(mira: Visitor) -> None:
    schedule_id = create(mira, is_enabled=False)
    answer = mira.post(f"/schedules/{schedule_id}/run")
    assert answer.json["result"]["status"] == "success"
    assert "switched off" in answer.json["message"]


def test_a_run_that_fails_answers_with_its_own_error_and_is_recorded(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    schedule_id = create(mira)
    before = sandbox.uris(TARGET)
    sandbox.fault("error_before", method="PUT", path=f"/v1/playlists/{TARGET}/*", count=9)
    answer = mira.post(f"/schedules/{schedule_id}/run")
    assert (answer.status_code, answer.json["code"]) == (502, "write_failed")
    assert sandbox.uris(TARGET) == before
    (run,) = mira.get(f"/schedules/{schedule_id}/history").json["history"]
    assert (run["status"], bool(run["error_message"])) == ("failed", True)
    kind, sentence = trail(outside)[-1]
    assert kind == "schedule_run"
    assert sentence.startswith(f"Manual run of shuffle schedule for '{NAME}' failed: ")


def test_a_run_by_hand_waits_ten_seconds_for_spotify_and_no_more(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    schedule_id = create(mira)
    before = sandbox.uris(TARGET)
    sandbox.fault("rate_limit", path=f"/v1/playlists/{TARGET}*", retry_after=11)
    answer = mira.post(f"/schedules/{schedule_id}/run")
    assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
    assert (answer.json["retry_after"], answer.headers["Retry-After"]) == (11, "11")
    assert sandbox.uris(TARGET) == before
    assert trail(outside)[1:] == [(
        "schedule_run",
        f"Manual run of shuffle schedule for '{NAME}' failed: "
        "Spotify is busy. Try again in 11 seconds.",
    )]
    assert mira.post(f"/schedules/{schedule_id}/run").status_code == 200


def test_a_run_without_a_connection_to_spotify_is_not_begun(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    schedule_id = create(mira)
    sandbox.expire_access_tokens()
    sandbox.revoke(library.MIRA)
    first = mira.post(f"/schedules/{schedule_id}/run")
    assert (first.status_code, first.json["code"]) == (401, "reconnect_required")
    second = mira.post(f"/schedules/{schedule_id}/run")
    assert (second.status_code, second.json["code"]) == (401, "reconnect_required")
    assert second.json["login_url"].startswith("/login?")
    assert len(mira.get(f"/schedules/{schedule_id}/history").json["history"]) <= 1


@on_sqlite
def test_schedules_are_shown_as_paused_until_spotify_is_connected_again(
    mira: Visitor, sandbox: Sandbox
) -> None:
    create(mira)
    assert mira.get("/schedules").json["paused"] is False

    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    assert mira.post("/refresh-playlists").status_code == 401

    answer = mira.get("/schedules").json
    assert answer["paused"] is True
    assert answer["message"] == "1 schedule found. Paused: reconnect Spotify to go on."
    mira.log_in()
    assert mira.get("/schedules").json["paused"] is False


def test_runs_are_limited_to_10_a_minute(mira: Visitor, app: Flask) -> None:
    app.config["RATE_LIMITS"] = True
    codes = [mira.post("/schedules/1/run", []).status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]
