"""The engine's tests need neither Flask nor the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from shuffify.audit import bind
from tests.audit.witness import Subject, Witness
from tests.audit.world import ActivityLog, Note, Playlist, World


# For `pytest tests/audit --hypothesis-profile=proof`: an hour's search instead of a minute's.
settings.register_profile("proof", max_examples=5000)


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


@pytest.fixture
def mira() -> Iterator[None]:
    """Bind user 7 as the actor of the whole test."""
    with bind(user_id=7, source="test", request_id="r-1"):
        yield
