"""Every path of the trail that a user starts: through HTTP, it leaves exactly its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from shuffify.models.db import ActivityLog
from shuffify.sandbox import Sandbox, library
from tests.routes.bodies import PLAN, SOURCE, TRACK, TWELVE
from tests.visitor import Visitor

P = library.PLAYLIST_NAMES["twelve"]
S = library.PLAYLIST_NAMES["hundred_twenty"]
OTHER = library.PLAYLISTS["shared"]


class Stage:
    """Mira with one of everything, and Spotify as she left it."""

    def __init__(self, mira: Visitor, sandbox: Sandbox) -> None:
        self.mira = mira
        self.sandbox = sandbox
        self.start = sandbox.uris(TWELVE)
        mira.post(f"/playlist/{TWELVE}/upstream-sources", {"source_playlist_id": SOURCE})
        self.schedule = self._made("/schedules/create", PLAN | {"job_type": "raid"} | NO_RECIPE)
        self.snapshot = self._made(f"/playlist/{TWELVE}/snapshots", {})
        self.session = self._made(
            f"/workshop/{TWELVE}/sessions", {"session_name": "Draft", "track_uris": [TRACK]}
        )
        assert mira.post(f"/shuffle/{TWELVE}", {"seed": 1}).status_code == 200
        self.base = sandbox.snapshot_id(TWELVE)

    def _made(self, path: str, body: dict[str, Any]) -> str:
        answer = self.mira.post(path, body)
        assert answer.status_code == 201, answer.text
        (thing,) = [value for value in answer.json.values() if isinstance(value, dict)]
        return f"{thing['id']}"


NO_RECIPE: dict[str, Any] = {"algorithm_name": None, "algorithm_params": {}}

Row = tuple[str, str]
Act = Callable[[Stage], TestResponse]


@dataclass(frozen=True)
class Path:
    """What a user does, the rows of it, some of what the last one tells, and the second time."""

    act: Act
    rows: list[Row]
    told: dict[str, Any] = field(default_factory=dict)
    again: list[Row] = field(default_factory=list)


def saved(occasion: str) -> Row:
    return "snapshot_create", f"Saved '{P}' before {occasion}"


def sent(method: str, path: str, body: dict[str, Any] | None = None) -> Act:
    """Return an act; `{names}` in the path are things of the stage."""
    return lambda stage: stage.mira.send(method, path.format(**vars(stage)), body or {})


def commit(stage: Stage) -> TestResponse:
    body = {"track_uris": stage.start[1:], "base_snapshot_id": stage.base}
    return stage.mira.post(f"/workshop/{TWELVE}/commit", body)


def log_out(stage: Stage) -> TestResponse:
    return stage.mira.client.post("/logout", data={"csrf_token": stage.mira.token()})


def log_in(stage: Stage) -> TestResponse:
    return stage.mira.client.get(stage.mira.consent(stage.mira.begin_login()))


def failing_run(stage: Stage) -> TestResponse:
    stage.sandbox.fault("error_before", method="POST", path=f"/v1/playlists/{TWELVE}/*", count=9)
    return stage.mira.post(f"/schedules/{stage.schedule}/run")


LOGGED_IN = ("login", "Logged in via Spotify OAuth")
SHUFFLED = ("shuffle", f"Shuffled '{P}' using Balanced")
TOGGLED = ("schedule_toggle", f"Disabled raid schedule for '{P}'")
RUN = ("schedule_run", f"Manually ran raid schedule for '{P}'")
SNAPSHOT = ("snapshot_create", f"Created snapshot of '{P}' (12 tracks)")
SESSION = ("workshop_session_save", "Saved workshop session 'New'")
DRAFT = {"session_name": "New", "track_uris": [TRACK, TRACK]}
SHUFFLE_PLAN = PLAN | {"job_type": "shuffle", "source_playlist_ids": []}
CREATED = ("schedule_create", f"Created shuffle schedule for '{P}'")

PATHS: dict[str, Path] = {
    "P1 login": Path(log_in, [LOGGED_IN], {"first_login": False}, [LOGGED_IN]),
    "P2 logout": Path(log_out, [("logout", "Logged out")], {"everywhere": False}),
    "P4 shuffle": Path(
        sent("POST", f"/shuffle/{TWELVE}",
             {"algorithm_name": "BalancedShuffle", "algorithm_params": {}, "seed": 9}),
        [saved("shuffle"), SHUFFLED],
        {"algorithm": "BalancedShuffle", "seed": 9, "track_count": 12, "outcome": "applied"},
        [saved("shuffle"), SHUFFLED],
    ),
    "P5 undo": Path(
        sent("POST", f"/undo/{TWELVE}"),
        [saved("restore"), ("snapshot_restore", f"Undid the last change to '{P}'")],
        {"undo": True, "snapshot_type": "auto_pre_shuffle", "track_count": 12},
    ),
    "P6 commit": Path(
        commit,
        [saved("workshop commit"), ("workshop_commit", f"Committed workshop changes to '{P}'")],
        {"added": 0, "removed": 1, "track_count": 11, "outcome": "applied"},
    ),
    "P7 save workshop session": Path(
        sent("POST", f"/workshop/{TWELVE}/sessions", DRAFT), [SESSION],
        {"session_name": "New", "track_count": 2, "operation": "create"}, [SESSION],
    ),
    "P8 update it": Path(
        sent("PUT", "/workshop/sessions/{session}", {"track_uris": []}),
        [("workshop_session_save", "Updated workshop session 'Draft'")],
        {"track_count": 0, "operation": "update"},
    ),
    "P8 rename it": Path(
        sent("PUT", "/workshop/sessions/{session}", {"session_name": "New"}),
        [("workshop_session_save", "Renamed workshop session 'Draft' to 'New'")],
        {"session_name": "New", "track_count": 1},
    ),
    "P9 delete it": Path(
        sent("DELETE", "/workshop/sessions/{session}"),
        [("workshop_session_delete", "Deleted workshop session 'Draft'")],
        {"session_name": "Draft", "track_count": 1},
    ),
    "P10 add source": Path(
        sent("POST", f"/playlist/{TWELVE}/upstream-sources", {"source_playlist_id": OTHER}),
        [("upstream_source_add",
          f"Added upstream source '{library.PLAYLIST_NAMES['shared']}' to '{P}'")],
        {"source_playlist_id": OTHER, "source_type": "external"},
    ),
    "P12 create schedule": Path(
        sent("POST", "/schedules/create", SHUFFLE_PLAN), [CREATED],
        {"job_type": "shuffle", "algorithm_name": "BalancedShuffle", "is_enabled": True},
        [CREATED],
    ),
    "P13 update schedule": Path(
        sent("PUT", "/schedules/{schedule}", {"schedule_value": "weekly", "is_enabled": True}),
        [("schedule_update", f"Updated raid schedule for '{P}' (schedule_value)")],
        {"updated_fields": ["schedule_value"]},
    ),
    "P14 delete schedule": Path(
        sent("DELETE", "/schedules/{schedule}"),
        [("schedule_delete", f"Deleted raid schedule for '{P}'")],
        {"job_type": "raid", "schedule_value": "daily"},
    ),
    "P15 toggle": Path(
        sent("POST", "/schedules/{schedule}/toggle"), [TOGGLED], {"is_enabled": False},
        [("schedule_toggle", f"Enabled raid schedule for '{P}'")],
    ),
    "P15 update of is_enabled alone": Path(
        sent("PUT", "/schedules/{schedule}", {"is_enabled": False}), [TOGGLED],
        {"is_enabled": False},
    ),
    "P16 manual run": Path(
        sent("POST", "/schedules/{schedule}/run"), [saved("raid"), RUN],
        {"triggered_by": "manual", "job_type": "raid", "outcome": "success"}, [RUN],
    ),
    "P17 manual run that fails": Path(
        failing_run,
        [saved("raid"),
         ("schedule_run", f"Manual run of raid schedule for '{P}' failed: ")],
        {"triggered_by": "manual", "outcome": "failed"},
        [saved("raid"),
         ("schedule_run", f"Manual run of raid schedule for '{P}' failed: ")],
    ),
    "P18 manual snapshot": Path(
        sent("POST", f"/playlist/{TWELVE}/snapshots"), [SNAPSHOT],
        {"snapshot_type": "manual", "automatic": False, "track_count": 12}, [SNAPSHOT],
    ),
    "P19 restore": Path(
        sent("POST", "/snapshots/{snapshot}/restore"),
        [saved("restore"), ("snapshot_restore", f"Restored '{P}' to the snapshot of ")],
        {"undo": False, "snapshot_type": "manual"},
    ),
    "P20 delete snapshot": Path(
        sent("DELETE", "/snapshots/{snapshot}"),
        [("snapshot_delete", f"Deleted snapshot of '{P}' from ")],
        {"snapshot_type": "manual", "automatic": False},
    ),
    "P21 change settings": Path(
        sent("POST", "/settings", {"theme": "dark", "timezone": "Asia/Tokyo"}),
        [("settings_change", "Changed settings (theme, timezone)")],
    ),
}

OF_NO_PLAYLIST = {"login", "logout", "settings_change"}


def rows_since(outside: Session, last: int) -> list[ActivityLog]:
    outside.rollback()
    query = select(ActivityLog).where(ActivityLog.id > last).order_by(ActivityLog.id)
    return list(outside.scalars(query))


def check(found: list[ActivityLog], expected: list[Row], answer: TestResponse) -> None:
    assert [row.activity_type for row in found] == [kind for kind, _ in expected], [
        row.description for row in found
    ]
    for row, (kind, sentence) in zip(found, expected, strict=True):
        # What ends with a blank goes on with a moment or a reason.
        is_whole = not sentence.endswith(" ")
        assert row.description == sentence if is_whole else row.description.startswith(sentence)
        of_playlist = (None, None) if kind in OF_NO_PLAYLIST else (TWELVE, P)
        assert (row.playlist_id, row.playlist_name) == of_playlist
        assert (row.source, row.request_id) == ("web", answer.headers["X-Request-ID"])
        assert "actor" not in (row.metadata_json or {})


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leaves_exactly_its_rows_also_when_done_twice(
    mira: Visitor, sandbox: Sandbox, outside: Session, path: str
) -> None:
    stage, wanted = Stage(mira, sandbox), PATHS[path]
    *_, newest = rows_since(outside, 0)
    last, user_id = newest.id, newest.user_id
    answer = wanted.act(stage)
    found = rows_since(outside, last)
    check(found, wanted.rows, answer)
    assert {row.user_id for row in found} == {user_id}
    told = found[-1].metadata_json or {}
    assert {name: told.get(name) for name in wanted.told} == wanted.told
    last = found[-1].id
    second = wanted.act(stage)
    check(rows_since(outside, last), wanted.again, second)


def test_p3_a_first_login_leaves_the_login_alone(
    visitor: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    answer = visitor.client.get(visitor.consent(visitor.begin_login()))
    (row,) = rows_since(outside, 0)
    check([row], [LOGGED_IN], answer)
    assert (row.metadata_json or {})["first_login"] is True


def test_p11_a_source_is_removed_once_no_schedule_names_it(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    stage = Stage(mira, sandbox)
    (source,) = mira.get(f"/playlist/{TWELVE}/upstream-sources").json["sources"]
    last = rows_since(outside, 0)[-1].id
    path = f"/upstream-sources/{source['id']}"
    assert mira.delete(path).json["code"] == "source_in_use"
    assert rows_since(outside, last) == []
    mira.delete(f"/schedules/{stage.schedule}")
    last = rows_since(outside, last)[-1].id
    answer = mira.delete(path)
    removed = ("upstream_source_delete", f"Removed upstream source '{S}' from '{P}'")
    check(rows_since(outside, last), [removed], answer)
    assert mira.delete(path).status_code == 404
    assert rows_since(outside, last + 1) == []


@pytest.mark.parametrize("path", ["P4 shuffle", "P5 undo", "P6 commit", "P19 restore"])
def test_a_write_that_fails_half_way_leaves_the_row_of_its_snapshot_alone(
    mira: Visitor, sandbox: Sandbox, outside: Session, path: str
) -> None:
    stage, wanted = Stage(mira, sandbox), PATHS[path]
    before = sandbox.uris(TWELVE)
    last = rows_since(outside, 0)[-1].id
    sandbox.fault("error_before", method="PUT", path=f"/v1/playlists/{TWELVE}/*", count=5)
    answer = wanted.act(stage)
    assert (answer.status_code, answer.json["code"]) == (502, "write_failed")
    assert (answer.json["restored"], sandbox.uris(TWELVE)) == (True, before)
    check(rows_since(outside, last), wanted.rows[:1], answer)


def test_s8_retention_tells_what_it_removes(
    mira: Visitor, sandbox: Sandbox, outside: Session
) -> None:
    mira.post("/settings", {"max_snapshots_per_playlist": 1})
    mira.post(f"/shuffle/{TWELVE}", {"seed": 1})
    last = rows_since(outside, 0)[-1].id
    answer = mira.post(f"/shuffle/{TWELVE}", {"seed": 2})
    found = rows_since(outside, last)
    *written, removed = found
    assert [row.activity_type for row in written] == ["snapshot_create", "shuffle"]
    assert removed.activity_type == "snapshot_delete"
    assert removed.description.startswith(f"Removed old snapshot of '{P}' from ")
    assert (removed.source, removed.playlist_name) == ("retention", P)
    assert (removed.metadata_json or {})["reason"] == "retention"
    assert {row.request_id for row in found} == {answer.headers["X-Request-ID"]}
