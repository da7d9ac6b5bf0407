"""A killed process leaves no row without its change, and no change without its row (A1)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from tests import databases
from tests.audit.nursery import NAME
from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Note, Playlist, World

pytestmark = pytest.mark.slow

Kill = Callable[[str, float], None]

PATIENCE = 30.0
"""Seconds that a killed child's connection may take to end."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a watched world on PostgreSQL for all the tests; they take `stage`."""
    with databases.new_database() as url:
        engine = databases.connect(url)
        world = World(engine, tmp_path_factory.mktemp("kill") / "spool.jsonl")
        yield world
        world.close()
        engine.dispose()


@pytest.fixture
def stage(home: World) -> World:
    """Return the world with one playlist in it."""
    with home.session() as session:
        for playlist in session.scalars(select(Playlist)):
            session.delete(playlist)
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()
    return home


@pytest.fixture(scope="module")
def kill(home: World) -> Iterator[Kill]:
    """Return what lets a child work up to a moment, and kills it."""
    root = Path(__file__).parents[2]
    url = home.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.audit.nursery", url], cwd=root, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as nursery:
        assert nursery.stdin is not None and nursery.stdout is not None
        orders, answers = nursery.stdin, nursery.stdout

        def kill(moment: str, delay: float) -> None:
            orders.write(moment + "\n")
            orders.flush()
            child = int(answers.readline())
            # No waiting for something to happen: the moment itself is what is chosen.
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
            while answers.readline().strip() != "dead":
                pass
            wait_for_the_server(home)

        yield kill
        orders.close()


def wait_for_the_server(stage: World) -> None:
    """Wait until the server has noticed: a COMMIT that it has received is still carried out."""
    until = time.monotonic() + PATIENCE
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    with stage.engine.connect() as connection:
        while connection.execute(query, {"name": NAME}).scalar_one():
            assert time.monotonic() < until, "the killed child's connection did not end"
            connection.rollback()


def observer(stage: World) -> Witness:
    """Return what compares the tables with the log, from now on."""
    witness = Witness(
        stage.engine, ActivityLog, [Subject(Playlist, "playlist"), Subject(Note, "note")]
    )
    witness.restart()
    return witness


@pytest.mark.parametrize("moment", ["flushed", "written"])
def test_killed_before_the_commit_nothing_stands(
    stage: World, kill: Kill, moment: str
) -> None:
    witness = observer(stage)
    for _ in range(10):
        kill(moment, 0.0)
        assert witness.check() == []


def test_killed_after_the_commit_all_of_it_stands(stage: World, kill: Kill) -> None:
    witness = observer(stage)
    for number in range(10):
        kill("done", 0.0)
        assert sorted(witness.check()) == [
            "note_create", *["note_delete"] * (number > 0), "playlist_update"
        ]


def test_killed_at_any_moment_of_many_commits_rows_and_changes_agree(
    stage: World, kill: Kill
) -> None:
    for _ in range(20):
        witness = observer(stage)
        kill("racing", random.uniform(0.0, 0.03))
        agree(stage, witness)


def agree(stage: World, witness: Witness) -> None:
    """Demand that each transaction left all of its rows, and the last of them the tables."""
    with stage.engine.connect() as connection:
        rows = connection.execute(text(
            "SELECT activity_type, metadata_json FROM activity_log WHERE id > :since ORDER BY id"
        ), {"since": witness.last_id}).all()
        position = connection.execute(text("SELECT position FROM playlists")).scalar_one()
        titles = connection.execute(text("SELECT title FROM notes")).scalars().all()
    (before,) = [row["position"] for key, row in witness.before.items() if key[0] == "playlist"]
    told = [row.metadata_json["changes"] for row in rows if row.activity_type != "note_delete"]
    positions = [change["position"] for change in told if "position" in change]
    made = [change["title"][1] for change in told if "title" in change]
    assert positions == [[one, one + 1] for one in range(before, position)]
    assert made == [f"at {one}" for one in range(before + 1, position + 1)]
    assert list(titles) == (made or list(titles))[-1:]
