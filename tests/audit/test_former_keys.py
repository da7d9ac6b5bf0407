"""What is asked of a key that an object has no more, and what becomes of its events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from shuffify.audit import RevertError
from tests.audit.stage import Stage
from tests.audit.streets import HOUR, Street, clock, operations, session, stage

__all__ = ["clock", "session", "stage"]


class Renamed:
    """An object that had another key, which another object may have by now."""

    def __init__(self, stage: Stage, session: Session) -> None:
        self.trail, self.session = stage.trail, session
        with freeze_time("2026-05-01 10:00:00") as clock:
            assert isinstance(clock, FrozenDateTimeFactory)
            self.a = Street(key="k1", name="A")
            self._save(clock, self.a)
            self.made_at = datetime.now()
            clock.tick(HOUR / 2)
            self.a.name = "A2"
            self._save(clock)
            self.renamed_at = datetime.now()
            clock.tick(HOUR / 2)
            self.a.key = "k2"
            self._save(clock)
            self.moved_at = datetime.now()
            clock.tick(HOUR / 2)
            self.b = Street(key="k1", name="A2")
            self._save(clock, self.b)
            self.taken_at = datetime.now()
            clock.tick(HOUR / 2)
        self.made, self.renamed, self.moved = self.trail.history(self.a)

    def _save(self, clock: FrozenDateTimeFactory, *objects: Any) -> None:
        self.session.add_all(objects)
        self.session.commit()
        clock.tick(HOUR / 2)

    def at(self, key: str, when: datetime) -> Any:
        values = self.trail.as_of(("street", key), when, session=self.session)
        return values and (values["key"], values["name"])


@pytest.fixture
def renamed(stage: Stage, session: Session) -> Renamed:
    return Renamed(stage, session)


def test_a_key_at_a_time_is_that_of_who_bore_it_then(renamed: Renamed) -> None:
    assert [renamed.at("k1", when) for when in (
        renamed.made_at - 2 * HOUR, renamed.made_at, renamed.renamed_at, renamed.moved_at,
        renamed.taken_at,
    )] == [None, ("k1", "A"), ("k1", "A2"), None, ("k1", "A2")]
    assert [renamed.at("k2", when) for when in (renamed.made_at, renamed.taken_at)] \
        == [("k1", "A"), ("k2", "A2")]


def test_who_takes_a_key_has_none_of_its_history(stage: Stage, renamed: Renamed) -> None:
    assert operations(stage, renamed.b) == ["create"]
    assert operations(stage, ("street", "k1"), renamed.session) == ["create"]
    assert operations(stage, renamed.a) == ["create", "update", "update"]


def test_what_happened_under_a_former_key_is_reverted_where_the_object_is(
    renamed: Renamed
) -> None:
    a, b = renamed.a, renamed.b
    assert renamed.trail.revert(renamed.renamed, session=renamed.session) is a
    assert (a.key, a.name, b.name) == ("k2", "A", "A2")
    renamed.session.rollback()
    with pytest.raises(RevertError, match="It was changed since") as error:
        renamed.trail.revert(renamed.made.event_id, session=renamed.session)
    assert error.value.columns == ("name", "key")
    assert renamed.trail.revert(renamed.made, session=renamed.session, force=True) is None
    assert renamed.session.scalars(select(Street.key)).all() == ["k1"]
    assert renamed.session.scalars(select(Street)).one() is b


def test_a_key_that_another_has_is_not_taken_back(renamed: Renamed) -> None:
    with pytest.raises(RevertError, match="Another object has its former key") as error:
        renamed.trail.revert(renamed.moved, session=renamed.session)
    assert error.value.columns == ("key",)
    assert renamed.session.in_transaction(), "and the transaction goes on"
    renamed.b.key = "k3"
    renamed.session.flush()
    renamed.trail.revert(renamed.moved, session=renamed.session)
    assert (renamed.a.key, renamed.b.key) == ("k1", "k3")
    renamed.session.commit()


def test_an_event_before_a_deletion_stays_with_the_deleted(
    stage: Stage, session: Session, clock: Callable[[], None]
) -> None:
    for name in ("first", "second"):
        one = Street(key="k1", name=name)
        session.add(one)
        session.commit()
        clock()
        one.name = f"{name} again"
        session.commit()
        clock()
        if name == "first":
            _, changed = stage.trail.history(one)
            session.delete(one)
            session.commit()
            clock()
    one.key = "k2"
    session.commit()
    with pytest.raises(RevertError, match="The object is gone"):
        stage.trail.revert(changed, session=session)


def test_what_is_flushed_is_found_under_the_key_that_the_log_knows(
    stage: Stage, session: Session
) -> None:
    one = Street(key="k1", name="A")
    session.add(one)
    session.commit()
    then = stage.last().created_at
    one.name = "B"
    session.commit()
    one.key = "k2"
    session.flush()
    assert operations(stage, one) == ["create", "update"]
    assert stage.trail.as_of(one, then - HOUR) is None
    assert stage.trail.as_of(one, then) == {"key": "k2", "name": "A"}, "what is flushed is now"
    one.key = "k3"
    session.flush()
    assert operations(stage, one) == ["create", "update"]
    session.rollback()
    assert operations(stage, one) == ["create", "update"]


def test_who_never_moved_is_found_without_looking_at_all_others(
    stage: Stage, session: Session
) -> None:
    one = Street(key="k1", name="A")
    session.add(one)
    session.commit()
    then = stage.last().created_at
    one.name = "B"
    session.commit()
    _, changed = stage.trail.history(one)
    seen: list[str] = []

    @event.listens_for(stage.engine, "before_cursor_execute")
    def see(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    assert stage.trail.as_of(("street", "k1"), then, session=session) == {"key": "k1", "name": "A"}
    stage.trail.revert(changed, session=session)
    session.delete(one)
    session.commit()
    assert stage.trail.as_of(("street", "k1"), then, session=session) == {"key": "k1", "name": "A"}
    assert len(seen) > 5
    assert not [one for one in seen if "former_id" in one]
