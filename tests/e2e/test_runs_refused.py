"""Runs whose commits the database refuses, one after the other: recorded once and rightly."""

from dataclasses import replace

import pytest

from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.walk import Step, Walk, take_tour
from tests.e2e.paths import PATHS
from tests.e2e.refusals import refused

RUNS = ("P16", "S1", "S6")
SAVING, CLOSING = 2, 3
"""The commits after the claim: the snapshot's, and the one that settles write and run."""


@pytest.mark.parametrize("number", RUNS)
def test_run_whose_last_commit_is_refused_is_closed_by_another(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    step = replace(path.step, request=refused(path.step.request, CLOSING))

    assert take_tour(world, [*path.arranged, step]).differences == []


@pytest.mark.parametrize("number", RUNS)
def test_run_that_cannot_save_the_list_first_writes_nothing_and_has_failed(
    world: Demo, number: str
) -> None:
    path = PATHS[number]
    act = refused(path.step.request, SAVING)
    before = len(path.arranged)
    sandbox = world.sandbox

    def spared(walk: Walk) -> Outcome:
        lists = sandbox.describe()["playlists"]
        outcome = act(walk)
        assert sandbox.describe()["playlists"] == lists
        return replace(outcome, problems=())

    status = 503 if number == "P16" else 200
    report = take_tour(world, [*path.arranged, Step("run", spared, status=status)])

    [difference] = report.differences
    assert difference.startswith(f"Step {before + 1}, run: not expected: schedule_run")
    metadata = report.rows[-1]["metadata"]
    assert (metadata["outcome"], metadata["tracks_total"]) == ("failed", None)
    assert metadata["error"] == (
        "The playlist could not be saved before the change. Nothing was changed; try again."
    )
