"""Two-phase transactions: the rows are prepared with their changes, or not at all (A1)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from tests import databases
from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")


def evening() -> Playlist:
    """Return a new playlist."""
    return Playlist(user_id=7, name="Evening")


@pytest.fixture
def two_phase(postgres_url: str, tmp_path: Path) -> Iterator[World]:
    """Return a watched world on PostgreSQL, which alone of the two can prepare."""
    engine = databases.connect(postgres_url)
    world = World(engine, tmp_path / "spool.jsonl")
    yield world
    world.close()
    engine.dispose()


def observer(engine: Engine) -> Witness:
    """Return what compares the playlists with the log."""
    return Witness(engine, ActivityLog, [Subject(Playlist, "playlist")])


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_prepared_transaction_ends_with_its_rows(two_phase: World, ending: str) -> None:
    with two_phase.Session(twophase=True) as session:
        playlist = evening()
        session.add(playlist)
        session.flush()
        playlist.position = 2
        session.prepare()
        assert two_phase.trail.counters()["rows"] == 0
        getattr(session, ending)()

    expected = ["playlist_create"] if ending == "commit" else []
    assert observer(two_phase.engine).check() == expected
    assert two_phase.trail.counters()["rows"] == len(expected)


@pytest.mark.parametrize("prepared", [True, False])
def test_a_prepared_transaction_has_what_later_listeners_write(
    two_phase: World, prepared: bool
) -> None:
    with two_phase.Session(twophase=True) as session:
        event.listen(session, "before_commit", lambda session: session.add(evening()), once=True)
        session.add(evening())
        if prepared:
            session.prepare()
        session.commit()

    assert observer(two_phase.engine).check() == ["playlist_create"] * 2


def test_a_two_phase_commit_without_prepare_and_a_prepared_one_that_is_closed(
    two_phase: World
) -> None:
    witness = observer(two_phase.engine)
    with two_phase.Session(twophase=True) as session:
        session.add(evening())
        session.commit()
        assert witness.check() == ["playlist_create"]
        session.add(evening())
        session.prepare()
        session.close()

    assert witness.check() == []


def test_a_flush_that_fails_in_prepare_leaves_nothing(two_phase: World) -> None:
    with two_phase.Session(twophase=True) as session:
        session.add(evening())
        session.flush()
        session.add(Playlist(user_id=999, name="of nobody"))
        with pytest.raises(IntegrityError):
            session.prepare()
        session.rollback()

    assert observer(two_phase.engine).check() == []
