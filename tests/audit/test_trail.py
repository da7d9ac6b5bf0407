"""The trail keeps itself: a flush is all it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sys
from types import FrameType

import pytest
from sqlalchemy import select

from shuffify import audit
from shuffify.audit import bind
from tests.audit.world import ActivityLog, Base, Note, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")


def test_a_model_that_says_nothing_leaves_a_row_for_each_change(world: World) -> None:
    with world.session() as session:
        playlist = Playlist(user_id=7, name="Morning")
        session.add(playlist)
        session.commit()
        playlist.position = 3
        session.commit()
        session.delete(playlist)
        session.commit()

    created, updated, deleted = world.rows()
    assert created.activity_type == "playlist_create"
    assert created.description == "Created playlist 'Morning'"
    assert created.metadata_json == {
        "changes": {"name": [None, "Morning"], "position": [None, 0]}
    }
    assert (created.user_id, created.source, created.request_id) == (7, "test", "r-1")
    assert updated.description == "Updated playlist 'Morning' (position)"
    assert updated.metadata_json == {"changes": {"position": [0, 3]}}
    assert deleted.description == "Deleted playlist 'Morning'"
    assert deleted.metadata_json["changes"]["position"] == [3, None]
    assert {row.entity_id for row in world.rows()} == {str(playlist.id)}


def test_reading_and_assigning_the_same_value_leave_nothing(world: World) -> None:
    with world.session() as session:
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()
        playlist = session.query(Playlist).one()
        playlist.name = "Morning"
        session.commit()

    assert [kind for kind, _ in world.said()] == ["playlist_create"]


@pytest.mark.report(14, 47)
def test_one_transaction_costs_three_statements_and_a_read_one_none(world: World) -> None:
    with world.session() as session:
        playlist = Playlist(user_id=7, name="Morning")
        session.add(playlist)
        session.flush()
        playlist.position = 1
        session.flush()
        session.add(Playlist(user_id=7, name="Evening"))
        world.statements.clear()
        session.commit()
        ours = [_verb(statement) for statement in world.statements
                if "audit_trail" in statement or "activity_log" in statement]
        world.statements.clear()
        session.query(Playlist).all()
        session.commit()

    assert ours == ["SAVEPOINT", "INSERT", "RELEASE"]
    assert [verb for verb in map(_verb, world.statements) if verb != "BEGIN"] == ["SELECT"]


def _verb(statement: str) -> str:
    return statement.split()[0]


@pytest.mark.report(48)
def test_reading_asks_the_engine_the_same_few_times_however_many_rows_there_are(
    world: World
) -> None:
    with world.session() as session:
        session.add_all(Playlist(user_id=7, name=f"Mix {number}") for number in range(200))
        session.commit()

    def read(limit: int, times: int = 1) -> int:
        with world.session() as session:
            with calls_of_the_engine() as seen:
                for _ in range(times):
                    found = session.scalars(select(Playlist).limit(limit)).all()
                session.commit()
        assert len(found) == limit
        return len(seen)

    read(1)  # What is done once for a class or a text of a statement.
    assert read(200) == read(1)
    assert read(1, times=11) <= read(1) + 10 * 3


@contextmanager
def calls_of_the_engine() -> Iterator[list[str]]:
    """Note the engine's functions that are called, in their order."""
    home = str(Path(audit.__file__).parent)
    seen: list[str] = []

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code.co_filename.startswith(home):
            seen.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def test_children_name_their_playlist_and_owner_over_relationships(world: World) -> None:
    with world.session() as session:
        playlist = Playlist(user_id=8, name="Morning", notes=[Note(title="slow start")])
        session.add(playlist)
        session.commit()
        session.delete(playlist)
        with bind(kind="job", label="job:1"):
            session.commit()

    made, gone = [row for row in world.rows() if row.entity_type == "note"]
    assert (made.playlist_id, made.playlist_name) == (str(playlist.id), "Morning")
    assert made.user_id == 7
    assert gone.playlist_name == "Morning"
    assert gone.user_id == 8
    assert gone.metadata_json["actor"] == {"kind": "job", "id": None, "label": "job:1"}


def test_watching_twice_records_once(world: World) -> None:
    world.trail.watch(world.Session, base=Base)
    with world.session() as session:
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()

    assert len(world.rows()) == 1
    assert world.trail.counters()["rows"] == 1


def test_the_log_itself_is_not_audited(world: World) -> None:
    with world.session() as session:
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()
        assert session.query(ActivityLog).count() == 1
