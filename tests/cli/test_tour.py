"""The tour notices what the trail holds that was not done, and what it lacks."""

from collections.abc import Iterator
from dataclasses import replace
import logging
from pathlib import Path

import pytest
from sqlalchemy import text

from shuffify.cli.demo_world import Demo, running_demo
from shuffify.cli.tour.account_steps import LOGINS, SETTINGS
from shuffify.cli.tour.acts import rewrite, send, spare
from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.rows import Known, Row
from shuffify.cli.tour.steps import STEPS
from shuffify.cli.tour.walk import Step, Walk, take_tour
from shuffify.models.db import db
from shuffify.sandbox import library

LOGIN = LOGINS[3]
CHANGE, UNCHANGED = SETTINGS[:2]

FORGERY = """
    INSERT INTO activity_log (user_id, activity_type, description, created_at, event_id)
    SELECT id, 'login', 'Logged in by night', '2026-11-23 03:00:00', 'forged' FROM users
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Demo]:
    alembic = logging.getLogger("alembic")
    level = alembic.level
    with running_demo(
        tmp_path, port=0, profile="dev2026", keep=False, scheduler="off"
    ) as world:
        yield world
    alembic.setLevel(level)


def execute(walk: Walk, *statements: str) -> None:
    with walk.world.app.app_context(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement).execution_options(audit="behind the app's back"))


def forge(walk: Walk) -> Outcome:
    """Write a row of the trail behind the app's back."""
    execute(walk, FORGERY)
    return walk.browser("home").fetch("/settings")


def change_without_a_log(walk: Walk) -> Outcome:
    """Change settings while the database refuses rows of the trail."""
    execute(walk, "ALTER TABLE activity_log RENAME TO away")
    outcome = walk.browser("home").send("POST", "/settings", {"theme": "light"})
    execute(walk, "ALTER TABLE away RENAME TO activity_log")
    return outcome


def edit(walk: Walk) -> Outcome:
    """Let somebody else move a playlist."""
    playlist_id = library.PLAYLISTS["foreign_public"]
    walk.world.sandbox.edit(playlist_id, "move", range_start=0, insert_before=3)
    return walk.browser("home").fetch("/settings")


def test_every_step_has_a_name_of_its_own() -> None:
    names = [step.name for step in STEPS]
    assert sorted(names) == sorted(set(names))


def test_a_tour_that_agrees_says_so(world: Demo) -> None:
    report = take_tour(world, [LOGIN, CHANGE, UNCHANGED])
    assert report.differences == []
    assert [row["activity_type"] for row in report.rows] == ["login", "settings_change"]
    assert report.summary == "3 steps, 2 rows: exactly as expected."


def test_types_that_no_step_leaves_are_named(world: Demo) -> None:
    report = take_tour(world, [LOGIN], ["login", "logout"])
    assert report.differences == ["No step leaves a row of type logout."]


def test_whatever_differs_is_in_the_report(world: Demo) -> None:
    steps = [
        LOGIN,
        replace(CHANGE, rows=()),
        replace(UNCHANGED, rows=CHANGE.rows),
        replace(UNCHANGED, status=201),
        Step("use what nobody learned", send("PUT", "/workshop/sessions/{nothing}", x=Known("y"))),
        Step("find a row that nobody wrote", forge),
        Step("lose a row", change_without_a_log, [Row("settings_change", "Changed", {})]),
        Step("move nothing", rewrite("one", send("POST", "/shuffle/{one}"))),
        Step("move all the same", spare("foreign_public", edit)),
    ]
    report = take_tour(world, steps)
    assert report.differences == [
        "Step 2, change two settings: "
        "not expected: settings_change “Changed settings (theme, timezone)”",
        "Step 3, save the same settings again: "
        "missing: settings_change “Changed settings (theme, timezone)”",
        "Step 4, save the same settings again: "
        "the answer was 200 instead of 201 Nothing had to change.",
        "Step 5, use what nobody learned: it could not be done (KeyError('nothing'))",
        "Step 6, find a row that nobody wrote: not expected: login “Logged in by night”",
        "Step 7, lose a row: missing: settings_change “Changed”",
        "Step 8, move nothing: the playlist did not move at Spotify",
        "Step 9, move all the same: the playlist moved at Spotify",
        "The trail counted losses.insert: 1.",
    ]
    assert report.summary == "9 steps, 3 rows: 9 differences."
