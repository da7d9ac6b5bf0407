"""Transactions that are not the session's own: joined ones, two-phase, a caller's savepoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shuffify.audit import bind
from tests import databases
from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")

Mode = Literal["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]

MODES = ["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]


def evening() -> Playlist:
    """Return a new playlist."""
    return Playlist(user_id=7, name="Evening")


def joined(world: World, connection: Connection, mode: Mode) -> Session:
    """Return a watched session inside the connection's transaction."""
    return world.Session(bind=connection, join_transaction_mode=mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_a_joined_session_follows_an_outer_commit(
    world: World, witness: Witness, mode: Mode, in_savepoint: bool
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        savepoint = connection.begin_nested() if in_savepoint else None
        with joined(world, connection, mode) as session:
            session.add(evening())
            session.commit()
            session.add(evening())
            session.commit()
        if savepoint is not None and savepoint.is_active:
            savepoint.commit()
        if outer.is_active:
            outer.commit()

    assert witness.check() == ["playlist_create", "playlist_create"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_a_joined_session_follows_an_outer_rollback(
    world: World, witness: Witness, mode: Mode, in_savepoint: bool
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        savepoint = connection.begin_nested() if in_savepoint else None
        with joined(world, connection, mode) as session:
            session.add(evening())
            session.commit()
        if savepoint is not None and savepoint.is_active:
            savepoint.rollback()
            outer.commit()
        elif outer.is_active:
            outer.rollback()

    # Only control_fully lets the session itself commit what is around it.
    decides = mode == "control_fully" and not in_savepoint
    assert witness.check() == (["playlist_create"] if decides else [])


@pytest.mark.parametrize("mode", MODES)
def test_a_joined_session_that_rolls_back_leaves_no_row_and_goes_on(
    world: World, witness: Witness, mode: Mode
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        with joined(world, connection, mode) as session:
            session.add(evening())
            session.flush()
            session.rollback()
            session.add(evening())
            session.commit()
        if outer.is_active:
            outer.commit()

    assert set(witness.check()) <= {"playlist_create"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("in_savepoint", [False, True])
@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_what_a_closed_session_left_in_the_outer_transaction_is_told_with_it(
    world: World, witness: Witness, mode: Mode, in_savepoint: bool, ending: str
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        savepoint = connection.begin_nested() if in_savepoint else outer
        with joined(world, connection, mode) as session:
            session.add(evening())
            session.flush()
        if savepoint.is_active:
            getattr(savepoint, ending)()
        if outer.is_active:
            outer.commit()

    assert len(witness.check()) == stands(world) == world.trail.counters()["rows"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_what_an_open_session_flushed_is_told_when_the_outer_transaction_commits(
    world: World, witness: Witness, mode: Mode, in_savepoint: bool
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        session = joined(world, connection, mode)
        session.add(evening())
        session.flush()
        if in_savepoint:
            session.begin_nested()
            session.add(evening())
            session.flush()
        outer.commit()
        session.close()

    assert len(witness.check()) == stands(world) == 1 + in_savepoint
    assert world.trail.counters()["rows"] == 1 + in_savepoint


@pytest.mark.parametrize("mode", MODES)
def test_a_closed_session_that_had_released_a_savepoint_tells_what_is_left_of_it(
    world: World, witness: Witness, mode: Mode
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        with joined(world, connection, mode) as session, session.begin_nested():
            session.add(evening())
        if outer.is_active:
            outer.commit()

    assert len(witness.check()) == stands(world) == (mode in ("rollback_only", MODES[0]))


@pytest.mark.parametrize("mode", MODES)
def test_a_savepoint_that_a_closed_session_left_open_is_undone(
    world: World, witness: Witness, mode: Mode
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        with joined(world, connection, mode) as session:
            session.add(evening())
            session.begin_nested()
            session.add(evening())
            session.flush()
        if outer.is_active:
            outer.commit()

    assert len(witness.check()) == stands(world) == (mode in ("rollback_only", MODES[0]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_refused_row_in_a_joined_session_is_spooled_when_it_is_committed(
    world: World, mode: Mode, ending: str
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        with joined(world, connection, mode) as session, bind(user_id=999):
            session.add(evening())
            session.commit()
        assert mode == "control_fully" or not world.spool.exists()
        if outer.is_active:
            getattr(outer, ending)()

    committed = mode == "control_fully" or ending == "commit"
    assert len(world.trail.spool) == committed
    assert world.trail.counters()["losses.insert"] == committed
    assert stands(world) == committed


def test_a_refused_row_is_forgotten_with_the_savepoint_that_a_session_had_joined(
    world: World
) -> None:
    with world.engine.connect() as connection, connection.begin():
        with connection.begin_nested() as savepoint:
            with joined(world, connection, "create_savepoint") as session, bind(user_id=999):
                session.add(evening())
                session.commit()
            savepoint.rollback()

    assert stands(world) == 0
    assert len(world.trail.spool) == 0


def test_a_later_savepoint_rolled_back_takes_nothing_along_that_came_before_it(
    world: World
) -> None:
    with world.engine.connect() as connection, connection.begin():
        with joined(world, connection, "create_savepoint") as session:
            session.add(evening())
            session.commit()
            with bind(user_id=999):
                session.add(evening())
                session.commit()
        connection.begin_nested().rollback()

    assert stands(world) == 2
    assert len(world.trail.spool) == world.trail.counters()["rows"] == 1


def stands(world: World) -> int:
    """Return how many playlists are committed."""
    with world.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM playlists")).scalar_one()


# -- a savepoint of the caller's that the session does not know -----------------------------------


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_the_connections_savepoint(
    world: World, witness: Witness, ending: str
) -> None:
    with world.session() as session:
        session.add(evening())
        session.flush()
        savepoint = session.connection().begin_nested()
        session.add(evening())
        session.flush()
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == stands(world) == (2 if ending == "commit" else 1)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_a_savepoint_around_the_sessions_own(
    world: World, ending: str
) -> None:
    with world.session() as session:
        savepoint = session.connection().begin_nested()
        with session.begin_nested():
            session.add(evening())
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == stands(world) == (ending == "commit")


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_a_savepoint_inside_the_sessions_own(
    world: World, ending: str
) -> None:
    with world.session() as session:
        with session.begin_nested():
            savepoint = session.connection().begin_nested()
            session.add(evening())
            session.flush()
            getattr(savepoint, ending)()
            session.expire_all()
        session.commit()

    assert len(world.rows()) == stands(world) == (ending == "commit")


def test_a_savepoint_that_the_session_opens_late_may_stand_inside_the_callers(
    world: World
) -> None:
    """`begin_nested` sends no SAVEPOINT before the first statement."""
    with world.session() as session:
        connection = session.connection()
        own = session.begin_nested()
        savepoint = connection.begin_nested()
        session.add(evening())
        own.commit()
        savepoint.rollback()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == stands(world) == 0


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_refused_row_is_retried_only_if_the_callers_savepoint_was_released(
    world: World, ending: str
) -> None:
    with world.session() as session:
        savepoint = session.connection().begin_nested()
        with bind(user_id=999):
            session.add(evening())
            session.flush()
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.trail.spool) == stands(world) == (ending == "commit")


# -- two-phase -----------------------------------------------------------------------------------


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
