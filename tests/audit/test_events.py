"""Every order of session events: what is committed and what the log says agree (A1, A4)."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from tests.audit.witness import Witness
from tests.audit.world import Note, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")


def morning(**values: object) -> Playlist:
    """Return a new playlist."""
    return Playlist(user_id=7, **{"name": "Morning", **values})


def test_a_commit_writes_what_its_own_flush_found(world: World, witness: Witness) -> None:
    with world.session() as session:
        session.add(morning())
        session.commit()

    assert witness.check() == ["playlist_create"]


@pytest.mark.report(21)
def test_many_flushes_of_one_transaction_leave_one_row_each_object(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        first, second = morning(), morning(name="Evening")
        session.add(first)
        session.flush()
        session.add(second)
        first.position = 1
        session.flush()
        second.tags = ["slow"]
        first.name = "Dawn"
        session.flush()
        session.commit()
        assert witness.check() == ["playlist_create", "playlist_create"]
        first.position, second.position = 5, 6
        session.flush()
        first.position, second.position = 1, 0
        second.name = "Night"
        session.commit()

    assert witness.check() == ["playlist_update"]


def test_what_comes_and_goes_in_one_transaction_leaves_nothing(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = morning(notes=[Note(title="slow start")])
        session.add(playlist)
        session.flush()
        session.delete(playlist)
        session.commit()

    assert witness.check() == []


def test_an_update_before_a_delete_leaves_the_delete_with_the_values_before_both(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = morning(position=1)
        session.add(playlist)
        session.commit()
        assert witness.check() == ["playlist_create"]
        playlist.position = 2
        session.flush()
        session.delete(playlist)
        session.commit()

    assert witness.check() == ["playlist_delete"]


@pytest.mark.parametrize("flushed_between", [True, False])
@pytest.mark.parametrize("name", ["Morning", "Evening"])
def test_a_deleted_key_that_is_taken_again_is_an_update_or_nothing(
    world: World, witness: Witness, name: str, flushed_between: bool
) -> None:
    with world.session() as session:
        playlist = morning(position=4)
        session.add(playlist)
        session.commit()
        witness.check()
        session.delete(playlist)
        if flushed_between:
            session.flush()
        session.add(Playlist(id=playlist.id, user_id=7, name=name, position=4))
        session.commit()

    assert witness.check() == (["playlist_update"] if name == "Evening" else [])


def test_a_new_object_on_a_deleted_one_keeps_what_nobody_said_of_it(
    world: World, witness: Witness
) -> None:
    """In one flush the unit of work turns it into an UPDATE of the columns that were set."""
    with world.session() as session:
        playlist = morning(position=4, tags=["slow"], comment="before breakfast")
        session.add(playlist)
        session.commit()
        witness.check()
        session.delete(playlist)
        session.add(Playlist(id=playlist.id, user_id=7, name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_update"]


@pytest.mark.report(19, 27)
def test_a_root_rollback_leaves_nothing_and_the_session_goes_on(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        session.add(morning())
        session.flush()
        session.rollback()
        session.add(morning(name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_a_rollback_forgets_updates_and_deletes_and_later_ones_start_from_the_table(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist, other = morning(position=1), morning(name="Evening")
        session.add_all([playlist, other])
        session.commit()
        witness.check()
        playlist.position = 2
        session.delete(other)
        session.flush()
        session.rollback()
        playlist.position = 3
        other.name = "Night"
        session.commit()

    assert witness.check() == ["playlist_update", "playlist_update"]


def test_a_rollback_without_a_transaction_is_harmless(world: World, witness: Witness) -> None:
    with world.session() as session:
        session.rollback()
        session.commit()
        session.add(morning())
        session.commit()

    assert witness.check() == ["playlist_create"]


@pytest.mark.parametrize("end", [Session.close, Session.reset, Session.invalidate])
def test_closing_with_uncommitted_work_leaves_nothing(
    world: World, witness: Witness, end: object
) -> None:
    assert callable(end)
    with world.session() as session:
        session.add(morning())
        session.flush()
        end(session)
        assert witness.check() == []
        session.add(morning(name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create"]
    assert world.trail.counters()["rows"] == 1


def test_a_flush_that_fails_inside_commit_leaves_nothing_then_the_session_goes_on(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        session.add(morning(id=101))
        session.commit()
        session.expunge_all()
        session.add(morning(name="first", id=102))
        session.flush()
        session.add(morning(name="same key", id=101))
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
        assert witness.check() == ["playlist_create"]
        session.add(morning(name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_a_refused_statement_leaves_nothing_then_the_session_goes_on(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        session.add(morning())
        session.flush()
        with pytest.raises((OperationalError, ProgrammingError)):
            session.execute(text("SELECT nothing FROM nowhere"))
        session.rollback()
        session.add(morning(name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_begin_blocks_commit_and_roll_back_with_their_rows(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        with session.begin():
            session.add(morning())
        with pytest.raises(ZeroDivisionError), session.begin():
            session.add(morning(name="Evening"))
            session.flush()
            raise ZeroDivisionError

    assert witness.check() == ["playlist_create"]


@pytest.mark.report(28)
def test_edits_after_a_flush_are_flushed_once_more_and_netted(
    world: World, witness: Witness
) -> None:
    with world.session() as session:
        playlist = morning()

        def edit(*_: object) -> None:
            if playlist.position < 3:
                playlist.position += 1

        event.listen(session, "after_flush_postexec", edit)
        session.add(playlist)
        session.commit()
        assert witness.check() == ["playlist_create"]
        playlist.name, playlist.position = "Evening", 1
        session.commit()

    assert witness.check() == ["playlist_update"]


@pytest.mark.report(18)
def test_rows_are_counted_when_they_are_durable_and_not_before(world: World) -> None:
    with world.session() as session:
        session.add(morning())
        session.flush()
        assert world.trail.counters()["rows"] == 0
        session.commit()
        session.add(morning())
        session.flush()
        session.rollback()

    assert world.trail.counters()["rows"] == 1
