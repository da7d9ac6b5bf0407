"""The engine's tests need neither Flask nor the app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, object_session

from shuffify.audit import AuditTrail, bind, bypass
from shuffify.audit.bypass import Bypass
from tests import databases
from tests.audit import bookcase as bookcases, shop as shops
from tests.audit.depot import Depot
from tests.audit.sealed import Archive
from tests.audit.stage import Stage, staged
from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Note, Playlist, World


BYPASSES = {
    "test_bypass.py": "what the detector says of it is looked at",
    "test_bypass_cursor.py": "what the detector sees at the cursor is looked at",
    "test_bypass_engines.py": "whether the detector sees each engine is looked at",
    "test_bypass_flush.py": "whether the detector sees what goes past a flush is looked at",
    "test_fault_hooks.py": "a part that breaks may take a flush for a bypass",
    "test_fault_realities.py": "the table is altered and emptied past the trail",
    "test_faults.py": "the tables are emptied after each fault",
    "test_reconcile.py": "what was done past the trail is found afterwards",
    "test_reconcile_limits.py": "what was done past the trail is found afterwards",
    "test_testing_plugin.py": "the runs inside the tests write past their trail",
    "test_who_sees_what.py": "every write is tried, and how it comes to be known",
}
"""The files whose subject is what goes past a trail, and how they look at it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these files write past their own small trails; all others are held to them."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.path.name in BYPASSES:
            item.add_marker(pytest.mark.audit_bypass(BYPASSES[item.path.name]))


@pytest.fixture
def world(engine: Engine, tmp_path: Path) -> Iterator[World]:
    """Return a watched world on an empty database, once on each kind."""
    world = World(engine, tmp_path / "spool.jsonl")
    yield world
    world.close()


@pytest.fixture
def witness(world: World) -> Witness:
    """Return what compares the committed tables of `world` with its log."""
    subjects = [Subject(Playlist, "playlist"), Subject(Note, "note")]
    return Witness(world.engine, ActivityLog, subjects)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Return a shop on a database of the module's own; tests take `shop`."""
    with shops.opened(request.param, tmp_path_factory.mktemp("shop")) as stage:
        # The first test of the module may write before any watched session has begun.
        stage.trail.guard(stage.engine)
        yield stage


@pytest.fixture
def shop(module_shop: Stage, mira: None) -> Stage:
    """Return the module's shop, with its first stock again and counters at nothing."""
    shops.restock(module_shop)
    module_shop.count_anew()
    return module_shop


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on an SQLite file with the shop's tables, unknown to every trail."""
    engine = databases.connect(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    shops.Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def trail() -> Iterator[AuditTrail]:
    """Return a trail that knows no engine yet."""
    trail = AuditTrail(log=shops.Log)
    trail.watch(type("Own", (Session,), {}), base=shops.Base)
    yield trail
    trail.unwatch()


@pytest.fixture
def found() -> Iterator[list[Bypass]]:
    """Return the writes past any trail that are detected during the test."""
    seen: list[Bypass] = []
    bypass.observers.append(seen.append)
    yield seen
    bypass.observers.remove(seen.append)


@pytest.fixture
def mira() -> Iterator[None]:
    """Bind user 7 as the actor of the whole test."""
    with bind(user_id=7, source="test", request_id="r-1"):
        yield


@pytest.fixture
def bookcase(engine: Engine, mira: None) -> Iterator[Stage]:
    """Return a bookcase with nothing in it; `books` fills it."""
    with staged(engine, bookcases.Base, bookcases.ActivityLog) as stage:
        yield stage


@pytest.fixture
def books(bookcase: Stage) -> None:
    """Put the first books into `bookcase`."""
    bookcases.put_books(bookcase)


@pytest.fixture
def sqlite_bookcase(sqlite_url: str, mira: None) -> Iterator[Stage]:
    """Return a filled bookcase whose columns take anything: PostgreSQL knows types."""
    engine = databases.connect(sqlite_url)
    with staged(engine, bookcases.Base, bookcases.ActivityLog) as stage:
        bookcases.put_books(stage)
        yield stage
    engine.dispose()


@pytest.fixture
def archive(engine: Engine) -> Archive:
    """Return a log with seals, and nothing in either."""
    return Archive(engine)


@pytest.fixture
def sealed(archive: Archive) -> Archive:
    """Fill `archive` with twelve rows in three seals."""
    archive.fill()
    return archive


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_depot(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
                 ) -> Iterator[Depot]:
    """Return what `depot` restocks: one on each kind of database for all tests."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            url = stack.enter_context(databases.new_database())
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp('depot') / 'depot.sqlite'}"
        engine = databases.connect(url)
        stack.callback(engine.dispose)
        depot = Depot(engine)
        stack.callback(depot.trail.unwatch)
        yield depot


@pytest.fixture
def depot(shared_depot: Depot) -> Iterator[Depot]:
    """Return a watched depot with its data put back, and user 7 as the actor of the whole test."""
    shared_depot.restock()
    with bind(user_id=7):
        yield shared_depot


@pytest.fixture
def hook() -> Iterator[Callable[..., None]]:
    """Let something happen at an event for one test: it gets the session and the object."""
    done: list[Any] = []

    def listen(target: Any, name: str, act: Callable[[Session, Any], Any], **options: Any) -> None:
        def of_model(mapper: Any, connection: Any, instance: Any) -> None:
            session = object_session(instance)
            assert session is not None
            act(session, instance)

        def of_session(session: Session, *_: Any) -> None:
            act(session, None)

        listener = of_session if "flush" in name else of_model
        event.listen(target, name, listener, **options)
        done.append((target, name, listener))

    yield listen
    for one in done:
        event.remove(*one)
