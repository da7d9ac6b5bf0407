"""Every path that changes something, through the served app: exactly its rows, and no others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from shuffify.audit_trail import trail
from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.acts import Act, failing, fetch, log_out, send, spare
from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.rows import Known
from shuffify.cli.tour.walk import Step, Walk, take_tour
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.db import JobExecution
from shuffify.services import JobExecutorService, PlaylistSnapshotService
from tests.e2e.paths import (
    CREATED,
    IN,
    MORNING,
    NIGHT,
    PATHS,
    READ,
    SHARED_NAME,
    SOURCED,
    TOUR,
)
from tests.e2e.refusals import refused
from tests.visitor import on_sqlite

on_postgresql = pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)

WITHOUT_PLAYLIST = {"login", "logout", "settings_change"}


def test_all_twenty_nine_paths_are_here() -> None:
    assert [*PATHS] == [*(f"P{n}" for n in range(1, 22)), *(f"S{n}" for n in range(1, 9))]


@pytest.mark.parametrize("number", PATHS)
def test_each_path_leaves_exactly_its_rows(world: Demo, number: str) -> None:
    path = PATHS[number]

    report = take_tour(world, [*path.arranged, path.step])

    assert report.differences == []
    left = report.rows[-len(path.step.rows):]
    alike = [r for r in left if (r["activity_type"], r["source"]) == (path.type, path.source)]
    [row] = [row for row in alike if row["description"].startswith(path.sentence)]
    assert set(path.facts.split()) <= row["metadata"].keys()
    assert row["user_id"] is not None
    assert (row["playlist_id"] is None) == (row["playlist_name"] is None)
    assert (row["playlist_id"] is None) == (path.type in WITHOUT_PLAYLIST)
    assert {other["request_id"] for other in left} == {row["request_id"]}
    earlier = report.rows[:-len(left)]
    assert row["request_id"] not in {other["request_id"] for other in earlier}


def claim_again(walk: Walk) -> Outcome:
    """Let another process claim a due time that has been run."""
    with walk.world.app.app_context():
        run = db.session.scalars(select(JobExecution)).one()
        schedule_id, due_at = run.schedule_id, run.due_at
        db.session.rollback()
        assert due_at is not None
        assert JobExecutorService.execute(schedule_id, due_at) is None
    return Outcome(200, "")


TWICE: dict[str, tuple[int, Act | None]] = {
    "P2": (302, None),
    "P5": (409, send("POST", "/undo/{hundred_twenty}")),
    "P6": (409, None),
    "P8": (200, None),
    "P9": (404, None),
    "P10": (200, None),
    "P11": (404, None),
    "P13": (200, None),
    "P14": (404, None),
    "P15": (200, None),
    "P19": (200, send("POST", "/snapshots/{party number}/restore")),
    "P20": (404, None),
    "P21": (200, None),
    "S1": (200, claim_again),
    "S2": (200, claim_again),
    "S6": (200, claim_again),
}
"""What the second time answers, and how it is done where that is not the same."""


@on_sqlite
@pytest.mark.parametrize("number", TWICE)
def test_what_is_done_already_leaves_no_second_row(world: Demo, number: str) -> None:
    path = PATHS[number]
    status, act = TWICE[number]
    again = Step("do it again", act or path.step.request, status=status)

    report = take_tour(world, [*path.arranged, path.step, again])

    assert report.differences == []


SAME_LIST = send(
    "POST", "/workshop/{twelve}/commit",
    track_uris=Known("twelve uris"), base_snapshot_id=Known("twelve version"),
)
VERSION = Step(
    "learn the version", fetch("/playlist/{twelve}"),
    learns={"twelve version": "playlist.snapshot_id"},
)

UNCHANGED: dict[str, tuple[Sequence[str | Step], Step]] = {
    "P2 by a stranger": (("open the landing page",), Step("l", log_out(), status=302)),
    "P4 of one song": (IN, TOUR["shuffle a playlist of one song"]),
    "P4 of nothing": (IN, Step("s", spare("empty", send("POST", "/shuffle/{empty}")))),
    "P4 of somebody else's": (IN, TOUR["shuffle a playlist of Jonas"]),
    "P5 of nothing": (IN, Step("u", send("POST", "/undo/{hundred_twenty}"), status=409)),
    "P6 of the same list": ((*READ, VERSION), Step("c", spare("twelve", SAME_LIST))),
    "P10 of itself": (IN, TOUR["add the playlist itself"]),
    "P12 tried out": (SOURCED, TOUR["try out a schedule"]),
    "P13 tried out": (
        CREATED,
        Step("t", send("PUT", "/schedules/{schedule}", schedule_value="weekly", dry_run=True)),
    ),
    "P15 as it is": (
        CREATED, Step("e", send("PUT", "/schedules/{schedule}", is_enabled=True)),
    ),
    "P19 of what stands": (
        (*IN, TOUR["take a snapshot"]), TOUR["restore what stands already"],
    ),
    "P21 of nothing": (IN, Step("n", send("POST", "/settings"))),
    "P21 of what is": (IN, Step("s", send("POST", "/settings", theme="system"))),
}


@on_sqlite
@pytest.mark.parametrize("case", UNCHANGED)
def test_what_changes_nothing_leaves_no_row(world: Demo, case: str) -> None:
    before, step = UNCHANGED[case]
    arranged = [TOUR[one] if isinstance(one, str) else one for one in before]

    assert take_tour(world, [*arranged, replace(step, rows=())]).differences == []


def unmoved(outcome: Outcome) -> Outcome:
    """Take no offence at a playlist that did not change, for it must not."""
    still = ("the playlist did not move", "the playlist went from", "the playlist is another")
    return replace(
        outcome, problems=tuple(p for p in outcome.problems if not p.startswith(still))
    )


SHARED_STEPS = {"S3", "S4", "S5", "S7"}
"""Paths that are a part of P4, P6, P19 and P16."""


@on_postgresql
@pytest.mark.parametrize("number", [number for number in PATHS if number not in SHARED_STEPS])
def test_refused_commit_leaves_no_row_and_nothing_in_the_way(world: Demo, number: str) -> None:
    path = PATHS[number]
    act = refused(path.step.request, 1)
    status = 302 if number in ("P1", "P3") else 200 if path.source == "scheduler" else 503
    in_vain = Step("try in vain", lambda walk: unmoved(act(walk)), status=status)

    report = take_tour(world, [*path.arranged, in_vain, BACK, path.step])

    assert report.differences == []


WITHOUT_SPOTIFY = ("P2", "P8", "P9", "P11", "P14", "P20", "P21")
ASKING = ("P4", "P5", "P6", "P10", "P12", "P15", "P18", "P19")


def away(walk: Walk) -> Outcome:
    walk.world.sandbox.fault("error_before", path="/v1/*", count=None, status=400)
    return Outcome(200, "")


def back(walk: Walk) -> Outcome:
    walk.world.sandbox.clear_faults()
    return Outcome(200, "")


AWAY, BACK = Step("let Spotify fail", away), Step("let Spotify work", back)


@on_sqlite
@pytest.mark.parametrize("number", WITHOUT_SPOTIFY)
def test_what_needs_no_spotify_works_without_it(world: Demo, number: str) -> None:
    path = PATHS[number]

    assert take_tour(world, [*path.arranged, AWAY, path.step]).differences == []


@on_sqlite
@pytest.mark.parametrize("number", ASKING)
def test_what_spotify_refuses_leaves_no_row_and_nothing_in_the_way(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    act = path.step.request
    in_vain = Step("try in vain", lambda walk: unmoved(act(walk)), status=502)

    report = take_tour(world, [*path.arranged, AWAY, in_vain, BACK, path.step])

    assert report.differences == []


HALF_WAY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "P4": ("hundred_twenty", "error_before", {"method": "POST", "status": 400}),
    "P5": ("hundred_twenty", "error_before", {"method": "POST", "status": 400}),
    "P6": ("emoji", "partial", {"method": "PUT", "applied": 5, "count": 3}),
    "P19": ("shared", "error_before", {"method": "PUT", "status": 400}),
}


@on_sqlite
@pytest.mark.parametrize("number", HALF_WAY)
def test_write_that_is_put_back_leaves_the_row_of_its_snapshot_alone(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    playlist, kind, details = HALF_WAY[number]
    act = failing(path.step.request, kind, f"/v1/playlists/{{{playlist}}}/items", **details)
    failed = Step(
        "fail", lambda walk: unmoved(act(walk)), path.step.rows[:1], status=502
    )

    assert take_tour(world, [*path.arranged, failed]).differences == []


UNRECORDED = {
    "P4": f"shuffle “Shuffled '{MORNING}' using Basic”",
    "P5": f"snapshot_restore “Undid the last change to '{MORNING}'”",
    "P6": f"workshop_commit “Committed workshop changes to '{NIGHT}'”",
    "P19": f"snapshot_restore “Restored '{SHARED_NAME}' to the snapshot of ",
}
"""The rows of writes whose last commit is refused, as recovery writes them."""

LOST = "The trail counted losses.commit: 1."


def unrecorded(number: str) -> Step:
    """Do what Spotify does and the database then refuses to record."""
    step = PATHS[number].step
    act = refused(step.request, 2)

    def remembered(walk: Walk) -> Outcome:
        outcome = act(walk)
        walk.facts["unrecorded"] = outcome.request_id
        return outcome

    return Step("write unrecorded", remembered, step.rows[:1], status=500)


def recover(walk: Walk) -> Outcome:
    """Let recovery come by when the write is old enough."""
    with walk.world.app.app_context():
        PlaylistSnapshotService.recover(utcnow() + timedelta(minutes=3))
    return Outcome(200, "")


def replay(walk: Walk) -> Outcome:
    """Replay the spool, whose rows belong to the request that could not write them."""
    with walk.world.app.app_context():
        trail.replay(db.engine)
    return Outcome(200, walk.facts["unrecorded"])


RECOVER, REPLAY = Step("recover", recover), Step("replay", replay)


@pytest.mark.parametrize("number", UNRECORDED)
def test_write_that_could_not_be_recorded_is_by_recovery_and_once(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    before = [*path.arranged, unrecorded(number)]

    report = take_tour(world, [*before, RECOVER, REPLAY, RECOVER])

    found, *losses = report.differences
    assert found.startswith(f"Step {len(before) + 1}, recover: not expected: {UNRECORDED[number]}")
    assert losses == ([LOST] if number in ("P4", "P6") else [])
    assert report.rows[-1]["metadata"]["reason"] == "recovery"
    assert report.rows[-1]["user_id"] == report.rows[-2]["user_id"]


@pytest.mark.parametrize("number", ["P4", "P6"])
def test_write_that_could_not_be_recorded_is_by_replay_exactly_and_once(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    replayed = replace(REPLAY, rows=path.step.rows[1:])

    report = take_tour(world, [*path.arranged, unrecorded(number), replayed, RECOVER, REPLAY])

    assert report.differences == [LOST, "The trail counted replayed: 1."]
