"""A session inside a transaction of the caller's: rows follow its outcome (A1)."""

from __future__ import annotations

import gc
from typing import Literal
from weakref import ref

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.audit.unit import Unit
from tests.audit.witness import Witness
from tests.audit.world import Base, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")

Mode = Literal["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]

MODES = ["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]


def evening() -> Playlist:
    """Return a new playlist."""
    return Playlist(user_id=7, name="Evening")


def joined(world: World, connection: Connection, mode: Mode) -> Session:
    """Return a watched session inside the connection's transaction."""
    return world.Session(bind=connection, join_transaction_mode=mode)


@pytest.mark.report(15)
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


@pytest.mark.report(16)
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

    assert len(witness.check()) == world.count(Playlist) == world.trail.counters()["rows"]


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

    assert len(witness.check()) == world.count(Playlist) == 1 + in_savepoint
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

    assert len(witness.check()) == world.count(Playlist) == (mode in ("rollback_only", MODES[0]))


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

    assert len(witness.check()) == world.count(Playlist) == (mode in ("rollback_only", MODES[0]))


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
    assert world.count(Playlist) == committed


def test_a_refused_row_is_forgotten_with_the_savepoint_that_a_session_had_joined(
    world: World
) -> None:
    with world.engine.connect() as connection, connection.begin():
        with connection.begin_nested() as savepoint:
            with joined(world, connection, "create_savepoint") as session, bind(user_id=999):
                session.add(evening())
                session.commit()
            savepoint.rollback()

    assert world.count(Playlist) == 0
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

    assert world.count(Playlist) == 2
    assert len(world.trail.spool) == world.trail.counters()["rows"] == 1


def test_a_session_that_joined_by_binds_is_told_of_a_commit_around_it(
    world: World, witness: Witness
) -> None:
    with world.engine.connect() as connection:
        outer = connection.begin()
        with world.Session(bind=None, binds={Base: connection}) as session:
            session.add(evening())
            session.flush()
            outer.commit()

    assert witness.check() == ["playlist_create"]


@pytest.mark.filterwarnings("ignore:nested transaction already deassociated")
@pytest.mark.parametrize("mode", MODES)
def test_what_an_open_session_flushed_is_forgotten_when_the_outer_transaction_is_undone(
    world: World, witness: Witness, mode: Mode
) -> None:
    with world.engine.connect() as connection, joined(world, connection, mode) as session:
        outer = connection.begin()
        session.add(evening())
        session.flush()
        outer.rollback()
        outer = connection.begin()
        session.add(Playlist(id=77, user_id=7, name="Another"))
        session.flush()
        outer.commit()

    assert witness.check() == ["playlist_create"]
    assert world.trail.counters()["rows"] == 1


@pytest.mark.filterwarnings("ignore:nested transaction already deassociated")
@pytest.mark.parametrize("mode", MODES)
def test_what_an_open_session_flushed_is_forgotten_with_the_savepoint_around_it(
    world: World, witness: Witness, mode: Mode
) -> None:
    with world.engine.connect() as connection, connection.begin():
        savepoint = connection.begin_nested()
        session = joined(world, connection, mode)
        session.add(evening())
        session.flush()
        savepoint.rollback()  # To close the session now would fail without a trail, too.

    assert witness.check() == []


@pytest.mark.filterwarnings("ignore:nested transaction already deassociated")
@pytest.mark.parametrize("mode", MODES)
def test_what_was_committed_around_an_open_session_stays_when_the_next_is_undone(
    world: World, mode: Mode
) -> None:
    with world.engine.connect() as connection, joined(world, connection, mode) as session:
        outer = connection.begin()
        session.add(evening())
        session.flush()
        with bind(user_id=999):
            session.add(evening())
            session.flush()
        outer.commit()
        outer = connection.begin()
        session.add(evening())
        session.flush()
        outer.rollback()

    assert world.trail.counters()["rows"] + len(world.trail.spool) == world.count(Playlist) == 2


@pytest.mark.parametrize("is_refused", [False, True])
@pytest.mark.parametrize("in_savepoint", [False, True])
def test_a_session_that_joined_and_was_dropped_is_told_of_and_kept_by_nobody(
    world: World, in_savepoint: bool, is_refused: bool
) -> None:
    def drop() -> ref[Session]:
        with bind(user_id=999 if is_refused else 7):
            session = world.Session(bind=connection)
            if in_savepoint:
                session.begin_nested()
            session.add(evening())
            session.flush()
        return ref(session)

    with world.engine.connect() as connection:
        outer = connection.begin()
        dropped = drop()
        gc.collect()
        outer.commit()
        gc.collect()
        assert dropped() is None
        # Its open savepoint has kept it until now; who waited for it goes with the next end.
        connection.begin().commit()
        gc.collect()
        assert not any(type(one) is Unit for one in gc.get_objects())
    assert world.count(Playlist) == 1
    assert (world.trail.counters()["rows"], len(world.trail.spool)) == (
        (0, 1) if is_refused else (1, 0)
    )


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_connection_that_its_caller_drops_waits_for_no_garbage_collection(
    world: World, ending: str
) -> None:
    def drop() -> ref[Connection]:
        connection = world.engine.connect()
        outer = connection.begin()
        with world.Session(bind=connection) as session:
            session.add(evening())
            session.commit()
        getattr(outer, ending)()
        return ref(connection)

    gc.disable()
    try:
        assert drop()() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("ending", ["commit", "rollback", "nothing", "commit around it"])
def test_a_connection_keeps_nothing_of_the_sessions_that_joined_it(
    world: World, ending: str
) -> None:
    def kept() -> tuple[int, int]:
        gc.collect()
        units = sum(type(one) is Unit for one in gc.get_objects())
        return units, len(list(connection.dispatch.commit))

    def join() -> None:
        outer = connection.begin()
        with world.Session(bind=connection) as session:
            session.add(evening())
            session.flush()
            if ending == "commit around it":
                outer.commit()
            elif ending != "nothing":
                getattr(session, ending)()
        if outer.is_active:
            outer.commit()

    with world.engine.connect() as connection:
        join()
        before = kept()
        join()
        assert kept() == before


def test_a_session_that_stays_follows_one_transaction_of_its_connection_after_the_other(
    world: World, witness: Witness
) -> None:
    with world.engine.connect() as connection, world.Session(bind=connection) as session:
        for _ in range(2):
            outer = connection.begin() if not connection.in_transaction() else None
            session.add(evening())
            session.flush()
            if outer is not None:
                outer.commit()
            else:
                connection.commit()

    assert witness.check() == ["playlist_create", "playlist_create"]
