"""Savepoints of the session and of its connection: a row shares its change's fate (A1, A4)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from shuffify.audit import bind
from tests.audit.witness import Witness
from tests.audit.world import Playlist, World

pytestmark = pytest.mark.usefixtures("mira")


def committed(session: Session, witness: Witness) -> Playlist:
    """Return a playlist that is in the table and in the trail."""
    playlist = Playlist(user_id=7, name="Morning", position=1)
    session.add(playlist)
    session.commit()
    witness.check()
    return playlist


def test_pending_work_is_flushed_before_the_savepoint_and_survives_it(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        session.add(Playlist(user_id=7, name="Morning"))
        savepoint = session.begin_nested()
        savepoint.rollback()
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_what_a_released_savepoint_did_is_netted_with_what_is_around_it(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        playlist.position = 2
        for position in (3, 4):
            with session.begin_nested():
                playlist.position = position
                with session.begin_nested():
                    session.add(Playlist(user_id=7, name=f"Evening {position}"))
        playlist.name = "Dawn"
        session.commit()

    assert witness.check() == ["playlist_update", "playlist_create", "playlist_create"]


@pytest.mark.report(13)
@pytest.mark.parametrize("around", ["Morning", "Noon"])
def test_after_a_savepoint_with_a_flush_is_rolled_back_writing_goes_on(
    world: World, witness: Witness, around: str
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        playlist.name = around
        savepoint = session.begin_nested()
        playlist.name, playlist.position = "lost", 9
        session.add(Playlist(user_id=7, name="lost too"))
        session.flush()
        savepoint.rollback()
        playlist.position = 2
        session.add(Playlist(user_id=7, name="Evening"))
        session.commit()

    assert sorted(witness.check()) == ["playlist_create", "playlist_update"]


def test_a_flush_that_fails_inside_a_savepoint_block_undoes_that_block_only(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        playlist.name = "kept"
        with pytest.raises(IntegrityError), session.begin_nested():
            playlist.position = 5
            session.flush()
            session.add(Playlist(user_id=999, name="of nobody"))
            session.flush()
        playlist.tags = ["written again"]
        session.commit()
        assert (playlist.name, playlist.position) == ("kept", 1)

    assert witness.check() == ["playlist_update"]


def test_a_release_whose_flush_fails_undoes_that_block_only(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        with pytest.raises(IntegrityError), session.begin_nested():
            playlist.position = 5
            with session.begin_nested():
                playlist.name = "released"
            session.add(Playlist(user_id=999, name="of nobody"))
        playlist.position = 6
        session.commit()

    assert witness.check() == ["playlist_update"]


def test_a_refused_statement_inside_a_savepoint_block_undoes_that_block_only(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        with pytest.raises(DBAPIError), session.begin_nested():
            playlist.position = 5
            session.flush()
            session.execute(text("SELECT nothing FROM nowhere"))
        playlist.position = 6
        session.commit()

    assert witness.check() == ["playlist_update"]


def test_an_outer_savepoint_rolled_back_takes_the_open_inner_along(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        outer = session.begin_nested()
        playlist.position = 5
        session.begin_nested()
        playlist.position = 6
        session.add(Playlist(user_id=7, name="lost"))
        session.flush()
        outer.rollback()
        playlist.name = "Evening"
        session.commit()

    assert witness.check() == ["playlist_update"]


def test_an_outer_savepoint_rolled_back_takes_the_released_inner_along(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        outer = session.begin_nested()
        with session.begin_nested():
            playlist.position = 6
            session.add(Playlist(user_id=7, name="lost"))
        outer.rollback()
        playlist.name = "Evening"
        session.commit()

    assert witness.check() == ["playlist_update"]


def test_a_savepoint_that_is_closed_is_undone(world: World, witness: Witness) -> None:
    """No event tells of its rollback: only that it ended, and that nobody released it."""
    with world.session() as session:
        playlist = committed(session, witness)
        savepoint = session.begin_nested()
        playlist.position = 6
        session.flush()
        savepoint.close()
        session.expire_all()
        playlist.name = "Evening"
        session.commit()

    assert witness.check() == ["playlist_update"]


def count_up(*playlists: Any) -> None:
    for playlist in playlists:
        playlist.position = Playlist.position + 1


@pytest.mark.parametrize("ends", ["closed", "with the one around it"])
@pytest.mark.parametrize("then, said", [
    (lambda s, one, two: setattr(one, "name", "Evening"), ["Updated playlist 'Evening' (name)"]),
    (lambda s, one, two: setattr(one, "comment", "x"), ["Updated playlist 'Morning' (comment)"]),
    (lambda s, one, two: setattr(one, "name", "Morning"), []),
    (lambda s, *both: count_up(*both), ["Updated playlist 'Morning' (position)"] * 2),
    (lambda s, one, two: s.delete(one), ["Deleted playlist 'Morning'"]),
    (lambda s, one, two: s.delete(one) or s.add(Playlist(id=one.id, name="Noon", user_id=7)),
     ["Updated playlist 'Noon' (name)"]),
])
def test_what_an_undone_savepoint_left_in_an_object_is_not_taken_for_its_value(
    world: World, witness: Witness, ends: str, then: Any, said: list[str]
) -> None:
    """SQLAlchemy expires nothing then, though the object holds what the database never kept."""
    with world.session() as session:
        playlists = committed(session, witness), committed(session, witness)
        assert all((one.name, one.comment) == ("Morning", None) for one in playlists)
        outer = session.begin_nested()
        inner = session.begin_nested()
        for playlist in playlists:
            playlist.name, playlist.position = "lost", 6
        session.flush()
        inner.close() if ends == "closed" else outer.rollback()
        then(session, *playlists)
        assert playlists[1].name == "lost"
        session.commit()

    assert len(witness.check()) == len(said)
    assert [row.description for row in world.rows()[2:]] == said


def test_a_root_rollback_takes_released_and_open_savepoints_along(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        with session.begin_nested():
            playlist.position = 6
        session.begin_nested()
        session.delete(playlist)
        session.flush()
        session.rollback()
        playlist.name = "Evening"
        session.commit()

    assert witness.check() == ["playlist_update"]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_commit_of_the_session_commits_the_savepoints_that_are_open(
    world: World, witness: Witness, depth: int
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        for position in range(5, 5 + depth):
            session.begin_nested()
            playlist.position = position
        session.commit()

    assert witness.check() == ["playlist_update"]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_block_that_ends_commits_the_savepoints_that_are_open(
    world: World, witness: Witness, depth: int
) -> None:
    """The root commits by itself here, and its savepoints only while it prepares."""
    with world.session() as session:
        with session.begin():
            session.add(Playlist(user_id=7, name="Morning"))
            for position in range(5, 5 + depth):
                session.begin_nested()
                session.add(Playlist(user_id=7, name="Evening", position=position))
                session.flush()
            session.add(Playlist(user_id=7, name="Night"))

    assert witness.check() == ["playlist_create"] * (depth + 2)
    assert world.trail.counters()["rows"] == depth + 2


@pytest.mark.report(18)
def test_a_savepoint_release_inside_an_open_one_writes_nothing_yet(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        outer = session.begin_nested()
        middle = session.begin_nested()
        session.begin_nested()
        playlist.position = 5
        middle.commit()
        playlist.position = 6
        outer.commit()
        playlist.position = 1
        session.commit()

    assert witness.check() == []


def test_the_row_takes_the_time_and_actor_of_its_first_change_that_counts(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = committed(session, witness)
        with bind(user_id=8), session.begin_nested() as savepoint:
            playlist.position = 5
            session.flush()
            savepoint.rollback()
        with bind(user_id=7), session.begin_nested():
            playlist.position = 6
        with bind(user_id=8):
            playlist.name = "Evening"
            session.commit()

    assert witness.check() == ["playlist_update"]
    assert world.rows()[-1].user_id == 7
