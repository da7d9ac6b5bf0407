import multiprocessing
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from shuffify.spotify.errors import LockBusyError, PlaylistBusyError
from shuffify.spotify.locks import named_lock, playlist_lock
from tests import databases


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "memory":
        engine = create_engine("sqlite://")
    else:
        name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
        engine = databases.connect(request.getfixturevalue(name))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("wait", [0, 0.06])
def test_a_held_lock_is_refused_to_everybody_else(engine, wait):
    with playlist_lock(engine, "A" * 22, wait=1):
        with pytest.raises(PlaylistBusyError), playlist_lock(engine, "A" * 22, wait=wait):
            raise AssertionError("two hold one lock")


@pytest.mark.parametrize("wait", [0, 1])
def test_a_lock_can_be_taken_again_after_its_holder_left(engine, wait):
    for _ in range(3):
        with named_lock(engine, "turn", wait=wait):
            pass


def test_a_lock_is_free_again_after_an_error(engine):
    with pytest.raises(ZeroDivisionError), named_lock(engine, "turn", wait=0):
        raise ZeroDivisionError
    with named_lock(engine, "turn", wait=0):
        pass


def test_locks_of_different_playlists_do_not_meet(engine):
    with playlist_lock(engine, "A" * 22, wait=0), playlist_lock(engine, "B" * 22, wait=0):
        pass


def test_who_waits_gets_the_lock_when_its_holder_leaves(engine):
    order = []
    waiting = threading.Event()

    def wait_in_line() -> None:
        waiting.set()
        with named_lock(engine, "line", wait=10):
            order.append("second")

    with named_lock(engine, "line", wait=0):
        thread = threading.Thread(target=wait_in_line)
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_many_threads_never_hold_one_lock_together(engine):
    inside = []
    crowds = []

    def enter() -> None:
        for _ in range(5):
            with named_lock(engine, "door", wait=30):
                inside.append(1)
                crowds.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowds == [1] * 30


def test_a_busy_lock_names_itself(engine):
    with named_lock(engine, "refresh:7", wait=0):
        with pytest.raises(LockBusyError) as raised, named_lock(engine, "refresh:7", wait=0):
            raise AssertionError("two hold one lock")
    assert raised.value.name == "refresh:7"


def hold_and_die(url: str, held: "multiprocessing.synchronize.Event") -> None:
    with named_lock(databases.connect(url), "mortal", wait=0):
        held.set()
        threading.Event().wait()


def test_the_lock_of_a_killed_process_is_free(database_url):
    engine = databases.connect(database_url)
    spawned = multiprocessing.get_context("spawn")
    held = spawned.Event()
    process = spawned.Process(target=hold_and_die, args=(database_url, held))
    process.start()
    assert held.wait(30)
    with pytest.raises(LockBusyError), named_lock(engine, "mortal", wait=0):
        raise AssertionError("two hold one lock")
    process.kill()
    process.join()
    with named_lock(engine, "mortal", wait=10):
        pass
    engine.dispose()


def test_a_lock_on_postgresql_takes_no_place_in_the_pool(postgres_url):
    engine = create_engine(postgres_url, pool_size=1, max_overflow=0, pool_timeout=1)
    with named_lock(engine, "one", wait=0), named_lock(engine, "two", wait=1):
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
            in_transaction = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE state = 'idle in transaction' AND datname = current_database()"
                )
            )
    assert in_transaction == 0
    engine.dispose()
