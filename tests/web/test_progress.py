"""Lines of progress, and writes that outlive their request."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
import json
import logging
import threading
from typing import Any

from flask import Flask
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from shuffify.models.db import ActivityLog, PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from tests.visitor import Visitor, on_sqlite

NDJSON = "application/x-ndjson"
MANY = library.PLAYLISTS["four_thirty"]
NAME = library.PLAYLIST_NAMES["four_thirty"]
TWELVE = library.PLAYLISTS["twelve"]


def lines(answer: Any) -> list[dict[str, Any]]:
    assert (answer.status_code, answer.mimetype) == (200, NDJSON)
    return [json.loads(line) for line in answer.text.splitlines()]


def stream(visitor: Visitor, path: str, body: Any = None, **options: Any) -> Any:
    return visitor.post(path, body, headers={"Accept": NDJSON}, **options)


def trail(outside: Session) -> list[ActivityLog]:
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query.order_by(ActivityLog.id)))


@pytest.fixture
def writes() -> Iterator[list[threading.Thread]]:
    """Return the writing threads that a test has left behind; all have ended after it."""
    before = set(threading.enumerate())
    found: list[threading.Thread] = []
    yield found
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
        assert not thread.is_alive()


def wait_for_writes() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("write "):
            thread.join(30)


def test_a_stream_tells_how_far_the_write_is_and_ends_with_the_envelope(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    answer = stream(mira, f"/shuffle/{MANY}", {"seed": 1})
    *told, last = lines(answer)
    assert told and all(set(line) == {"progress"} for line in told)
    steps = [(line["progress"]["done"], line["progress"]["total"]) for line in told]
    assert steps == sorted(steps) and steps[-1][0] == steps[-1][1] == last["result"]["calls"]
    assert (last["success"], last["status"], last["undo_steps"]) == (True, 200, 1)
    assert [track["uri"] for track in last["playlist"]["tracks"]] == sandbox.uris(MANY)

    snapshot, shuffle = trail(outside)
    assert shuffle.description == f"Shuffled '{NAME}' using Basic"
    for row in (snapshot, shuffle):
        assert row.request_id == answer.headers["X-Request-ID"]
        assert (row.source, row.user_id) == ("web", snapshot.user_id)
        # An actor stands in the metadata where it was not the user who acted.
        assert "actor" not in (row.metadata_json or {})


def test_all_five_long_writes_stream(mira: Visitor, sandbox: Sandbox) -> None:
    base = sandbox.snapshot_id(TWELVE)
    order = sandbox.uris(TWELVE)
    schedule = mira.post("/schedules/create", {
        "job_type": "shuffle", "target_playlist_id": TWELVE, "algorithm_name": "BasicShuffle",
    }).json["schedule"]
    snapshot = mira.post(f"/playlist/{TWELVE}/snapshots").json["snapshot"]
    commit = {"track_uris": order[1:], "base_snapshot_id": base}
    for path, body in (
        (f"/workshop/{TWELVE}/commit", commit),
        (f"/shuffle/{TWELVE}", {"seed": 4}),
        (f"/undo/{TWELVE}", {}),
        (f"/schedules/{schedule['id']}/run", {}),
        (f"/snapshots/{snapshot['id']}/restore", {}),
    ):
        *told, last = lines(stream(mira, path, body))
        assert told, path
        assert (last["success"], last["status"], last["category"]) == (True, 200, "success")
    assert sandbox.uris(TWELVE) == order


@on_sqlite
def test_an_error_on_the_way_is_the_last_line_with_its_status(
    mira: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = stream(mira, f"/undo/{TWELVE}")
    (last,) = lines(answer)
    assert (last["success"], last["status"], last["code"]) == (False, 409, "nothing_to_undo")
    assert last["request_id"] == answer.headers["X-Request-ID"]
    assert caplog.records == []


@on_sqlite
def test_a_write_that_fails_says_so_in_its_last_line(mira: Visitor, sandbox: Sandbox) -> None:
    before = sandbox.uris(MANY)
    sandbox.fault("error_before", method="POST", path=f"/v1/playlists/{MANY}/*", count=9)
    *_, last = lines(stream(mira, f"/shuffle/{MANY}", {"seed": 1}))
    assert (last["status"], last["code"]) == (502, "write_failed")
    if last["restored"]:
        assert sandbox.uris(MANY) == before


@on_sqlite
def test_a_lost_connection_to_spotify_carries_the_way_to_renew_it(
    mira: Visitor, sandbox: Sandbox
) -> None:
    sandbox.expire_access_tokens()
    sandbox.revoke(library.MIRA)
    *_, last = lines(stream(mira, f"/shuffle/{TWELVE}"))
    assert (last["status"], last["code"]) == (401, "reconnect_required")
    assert last["login_url"].startswith("/login?")


@on_sqlite
def test_what_is_refused_at_the_door_is_no_stream(mira: Visitor, visitor: Visitor) -> None:
    for answer, status in (
        (stream(mira, f"/shuffle/{TWELVE}", {"seed": -1}), 400),
        (stream(visitor, f"/shuffle/{TWELVE}"), 401),
        (stream(mira, "/shuffle/unknown"), 404),
    ):
        assert (answer.status_code, answer.mimetype) == (status, "application/json")


@on_sqlite
@pytest.mark.parametrize("accept", ["*/*", "application/json", f"{NDJSON};q=0", "text/html"])
def test_who_has_not_asked_for_lines_gets_one_answer(mira: Visitor, accept: str) -> None:
    answer = mira.post(f"/shuffle/{TWELVE}", {"seed": 1}, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


@pytest.mark.usefixtures("writes")
def test_a_client_that_goes_away_does_not_stop_the_write(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    sandbox.fault("slow", path=f"/v1/playlists/{MANY}/*", count=None, seconds=0.02)
    before = sandbox.uris(MANY)
    answer = stream(mira, f"/shuffle/{MANY}", {"seed": 1}, buffered=False)
    answer.close()
    wait_for_writes()
    after = sandbox.uris(MANY)
    assert after != before and sorted(after) == sorted(before)
    snapshot, shuffle = trail(outside)
    assert shuffle.description == f"Shuffled '{NAME}' using Basic"
    assert {row.request_id for row in (snapshot, shuffle)} == {answer.headers["X-Request-ID"]}
    assert not any("actor" in (row.metadata_json or {}) for row in (snapshot, shuffle))
    assert outside.scalars(select(PlaylistSnapshot.write_state)).all() == ["applied"]


@pytest.fixture
def address(app: Flask) -> Iterator[tuple[str, int]]:
    """Return where the app answers over real sockets, a thread for each request."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.usefixtures("writes")
def test_a_browser_that_is_closed_half_way_does_not_stop_the_write(
    mira: Visitor, sandbox: Sandbox, outside: Session, address: tuple[str, int]
) -> None:
    sandbox.fault("slow", path=f"/v1/playlists/{MANY}/*", count=None, seconds=0.02)
    before = sandbox.uris(MANY)
    token = mira.token()
    cookie = mira.client.get_cookie("shuffify")
    assert cookie is not None
    headers = {
        "Accept": NDJSON,
        "Content-Type": "application/json",
        "Cookie": f"shuffify={cookie.value}",
        "X-CSRFToken": token,
    }
    with closing(HTTPConnection(*address, timeout=30)) as connection:
        connection.request("POST", f"/shuffle/{MANY}", '{"seed": 1}', headers)
        answer = connection.getresponse()
        first = json.loads(answer.readline())
        assert first["progress"]["done"] < first["progress"]["total"]
        answer.close()
    wait_for_writes()
    after = sandbox.uris(MANY)
    assert after != before and sorted(after) == sorted(before)
    rows = trail(outside)
    assert [row.activity_type for row in rows] == ["snapshot_create", "shuffle"]
    assert {row.request_id for row in rows} == {answer.headers["X-Request-ID"]}
    assert outside.scalars(select(PlaylistSnapshot.write_state)).all() == ["applied"]


def test_two_streams_at_once_keep_their_actors(
    mira: Visitor, jonas: Visitor, outside: Session
) -> None:
    shared = library.PLAYLISTS["shared"]
    answers = {}

    def shuffle(name: str, visitor: Visitor, playlist_id: str) -> None:
        answers[name] = stream(visitor, f"/shuffle/{playlist_id}", {"seed": 3})

    threads = [
        threading.Thread(target=shuffle, args=("mira", mira, MANY)),
        threading.Thread(target=shuffle, args=("jonas", jonas, shared)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lines(answer)[-1]["status"] for answer in answers.values()] == [200, 200]
    rows = {row.playlist_id: row for row in trail(outside) if row.activity_type == "shuffle"}
    assert rows[MANY].user_id != rows[shared].user_id
    assert rows[MANY].request_id == answers["mira"].headers["X-Request-ID"]
    assert rows[shared].request_id == answers["jonas"].headers["X-Request-ID"]
