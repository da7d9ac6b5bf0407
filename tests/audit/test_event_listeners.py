"""The caller listens too: before the trail or after it, and may write in its own listeners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Base, Playlist, World

pytestmark = pytest.mark.usefixtures("mira")

Listener = Callable[[Session], None]


@pytest.fixture(params=["before the trail", "after the trail", "after it, on the session"])
def listen(request: pytest.FixtureRequest, world: World) -> Callable[[Session, Listener], None]:
    """Return what registers a before_commit listener in one of the possible orders."""
    listeners: list[Listener] = []

    def call(session: Session) -> None:
        for listener in listeners:
            listener(session)

    if request.param == "before the trail":
        world.trail.unwatch()
        event.listen(world.Session, "before_commit", call)
        world.trail.watch(world.Session, base=Base)
    elif request.param == "after the trail":
        event.listen(world.Session, "before_commit", call)

    def register(session: Session, listener: Listener) -> None:
        listeners.append(listener)
        if request.param == "after it, on the session":
            event.listen(session, "before_commit", call)

    return register


Listen = Callable[[Session, Listener], None]


def test_what_a_before_commit_listener_adds_is_recorded(
    world: World, witness: Witness, listen: Listen
) -> None:
    with world.session() as session:
        listen(session, lambda session: session.add(Playlist(user_id=7, name="Evening")))
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()

    assert witness.check() == ["playlist_create", "playlist_create"]


def test_what_a_before_commit_listener_flushes_is_recorded(
    world: World, witness: Witness, listen: Listen
) -> None:
    def flush(session: Session) -> None:
        session.add(Playlist(user_id=7, name="Evening"))
        session.flush()

    with world.session() as session:
        listen(session, flush)
        session.add(Playlist(user_id=7, name="Morning"))
        session.commit()

    assert witness.check() == ["playlist_create", "playlist_create"]


def test_a_before_commit_listener_sees_what_is_pending(world: World, listen: Listen) -> None:
    seen: list[object] = []
    with world.session() as session:
        listen(session, lambda session: seen.extend(session.new))
        playlist = Playlist(user_id=7, name="Morning")
        session.add(playlist)
        session.commit()

    assert seen == [playlist]


def test_what_is_pending_beside_a_before_commit_listener_joins_what_was_flushed(
    world: World, witness: Witness, listen: Listen
) -> None:
    with world.session() as session:
        listen(session, lambda session: None)
        playlist = Playlist(user_id=7, name="Morning")
        session.add(playlist)
        session.flush()
        playlist.name = "Evening"
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_what_a_before_commit_listener_edits_joins_what_was_flushed(
    world: World, witness: Witness, listen: Listen
) -> None:
    with world.session() as session:
        playlist = Playlist(user_id=7, name="Morning")
        listen(session, lambda session: setattr(playlist, "position", 9))
        session.add(playlist)
        session.flush()
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_after_a_before_commit_listener_raised_a_second_commit_tells_all(
    world: World, witness: Witness, listen: Listen
) -> None:
    def refuse_once(session: Session) -> None:
        if not session.info.setdefault("refused", False):
            session.info["refused"] = True
            raise ZeroDivisionError

    with world.session() as session:
        listen(session, refuse_once)
        session.add(Playlist(user_id=7, name="Morning"))
        with pytest.raises(ZeroDivisionError):
            session.commit()
        session.add(Playlist(user_id=7, name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create", "playlist_create"]


def test_after_a_before_commit_listener_raised_a_rollback_forgets_all(
    world: World, witness: Witness, listen: Listen
) -> None:
    def refuse(session: Session) -> None:
        if any(one.name == "Morning" for one in session.query(Playlist)):
            raise ZeroDivisionError

    with world.session() as session:
        listen(session, refuse)
        session.add(Playlist(user_id=7, name="Morning"))
        with pytest.raises(ZeroDivisionError):
            session.commit()
        session.rollback()
        session.add(Playlist(user_id=7, name="Evening"))
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_an_after_flush_listener_that_raises_takes_the_row_along(
    world: World, witness: Witness
) -> None:
    def refuse(session: Session, _: object) -> None:
        if any(isinstance(one, Playlist) and one.name == "lost" for one in session.new):
            raise ZeroDivisionError

    with world.session() as session:
        event.listen(session, "after_flush", refuse)
        session.add(Playlist(user_id=7, name="Morning"))
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.add(Playlist(user_id=7, name="lost"))
        session.commit()

    assert witness.check() == ["playlist_create"]


def test_an_after_commit_listener_that_raises_leaves_the_rows_standing(
    world: World, witness: Witness
) -> None:
    def refuse(session: Session) -> None:
        raise ZeroDivisionError

    session = world.session()
    event.listen(session, "after_commit", refuse, once=True)
    session.add(Playlist(user_id=7, name="Morning"))
    with pytest.raises(ZeroDivisionError):
        session.commit()
    session.close()
    session.add(Playlist(user_id=7, name="Evening"))
    session.commit()
    session.close()

    assert witness.check() == ["playlist_create", "playlist_create"]
    assert world.trail.counters()["rows"] == 2


def test_sqlite_in_its_legacy_mode_would_prove_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """Why engines need a real BEGIN: here a savepoint that comes first survives a rollback."""
    engine = create_engine(sqlite_url)
    world = World(engine, tmp_path / "spool.jsonl")
    with world.session() as session:
        with session.begin_nested():
            session.add(Playlist(user_id=7, name="Morning"))
        session.rollback()
        session.commit()

    with pytest.raises(AssertionError, match="not told"):
        Witness(engine, ActivityLog, [Subject(Playlist, "playlist")]).check()
    world.close()
    engine.dispose()
