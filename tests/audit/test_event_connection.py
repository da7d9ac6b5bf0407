"""Savepoints of the connection's, of which no session event tells: a row shares their fate."""

from __future__ import annotations

import pytest

from shuffify.audit import bind
from tests.audit.world import Playlist, World

pytestmark = pytest.mark.usefixtures("mira")


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_the_connections_savepoint(world: World, ending: str) -> None:
    with world.session() as session:
        session.add(Playlist(user_id=7, name="Evening"))
        session.flush()
        savepoint = session.connection().begin_nested()
        session.add(Playlist(user_id=7, name="Evening"))
        session.flush()
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == world.count(Playlist) == (2 if ending == "commit" else 1)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_a_savepoint_around_the_sessions_own(
    world: World, ending: str
) -> None:
    with world.session() as session:
        savepoint = session.connection().begin_nested()
        with session.begin_nested():
            session.add(Playlist(user_id=7, name="Evening"))
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == world.count(Playlist) == (ending == "commit")


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_row_shares_the_fate_of_a_savepoint_inside_the_sessions_own(
    world: World, ending: str
) -> None:
    with world.session() as session:
        with session.begin_nested():
            savepoint = session.connection().begin_nested()
            session.add(Playlist(user_id=7, name="Evening"))
            session.flush()
            getattr(savepoint, ending)()
            session.expire_all()
        session.commit()

    assert len(world.rows()) == world.count(Playlist) == (ending == "commit")


def test_a_savepoint_that_the_session_opens_late_may_stand_inside_the_callers(
    world: World
) -> None:
    """`begin_nested` sends no SAVEPOINT before the first statement."""
    with world.session() as session:
        connection = session.connection()
        own = session.begin_nested()
        savepoint = connection.begin_nested()
        session.add(Playlist(user_id=7, name="Evening"))
        own.commit()
        savepoint.rollback()
        session.expire_all()
        session.commit()

    assert len(world.rows()) == world.count(Playlist) == 0


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_refused_row_is_retried_only_if_the_callers_savepoint_was_released(
    world: World, ending: str
) -> None:
    with world.session() as session:
        savepoint = session.connection().begin_nested()
        with bind(user_id=999):
            session.add(Playlist(user_id=7, name="Evening"))
            session.flush()
        getattr(savepoint, ending)()
        session.expire_all()
        session.commit()

    assert len(world.trail.spool) == world.count(Playlist) == (ending == "commit")
