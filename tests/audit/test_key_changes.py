"""Keys that pass from one object to another: whose history is whose, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import Engine, String, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import NotAudited, RevertError, bind
from tests import databases
from tests.audit.bookcase import by_hand, found
from tests.audit.stage import LogColumns, Stage, UserColumns, staged

HOUR = timedelta(hours=1)


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    __audit__ = NotAudited("it is the trail")


class Street(Base):
    __tablename__ = "streets"
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(20))


class Seat(Base):
    __tablename__ = "seats"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


@pytest.fixture(params=["at one time", "one after another"])
def clock(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Let time pass when it is called, or never."""
    with freeze_time("2026-05-01 10:00:00") as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield lambda: frozen.tick(HOUR) if request.param == "one after another" else None


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


def operations(stage: Stage, of: Any, session: Session | None = None) -> list[str]:
    return [event.operation for event in stage.trail.history(of, session=session)]


def told(stage: Stage, of: Any) -> list[Any]:
    """Return what an object's history says of its name, and under which keys."""
    return [(event.key[0], event.after.get("name", ...)) for event in stage.trail.history(of)]


def exchange(flush: Callable[[], None], a: Street, b: Street) -> None:
    a.key = "tmp"
    flush()
    b.key = "k1"
    flush()
    a.key = "k2"


def hand_over_what_was_touched(flush: Callable[[], None], a: Street, b: Street) -> None:
    a.name = "A2"
    flush()
    b.key = "k8"
    flush()
    a.key = "k2"


def hand_over_what_was_deleted(flush: Callable[[], None], a: Street, b: Street) -> None:
    a.name = "A2"
    flush()
    session = Session.object_session(b)
    assert session is not None
    session.delete(b)
    flush()
    a.key = "k2"


def in_a_circle(flush: Callable[[], None], a: Street, b: Street) -> None:
    hand_over_what_was_touched(flush, a, b)
    flush()
    b.key = "k1"


CASES: dict[str, tuple[Any, dict[str, list[Any]]]] = {
    "exchanged": (exchange, {
        "A": [("k1", "A"), ("k2", ...)], "B": [("k2", "B"), ("k1", ...)]}),
    "touched": (hand_over_what_was_touched, {
        "A2": [("k1", "A"), ("k2", "A2")], "B": [("k2", "B"), ("k8", ...)]}),
    "deleted": (hand_over_what_was_deleted, {"A2": [("k1", "A"), ("k2", "A2")]}),
    "in a circle": (in_a_circle, {
        "A2": [("k1", "A"), ("k2", "A2")], "B": [("k2", "B"), ("k1", ...)]}),
}


@pytest.mark.parametrize("case", CASES)
def test_keys_that_pass_on_in_one_transaction_take_no_history_along(
    stage: Stage, session: Session, clock: Callable[[], None], case: str
) -> None:
    def flush() -> None:
        session.flush()
        clock()

    act, expected = CASES[case]
    a, b = Street(key="k1", name="A"), Street(key="k2", name="B")
    session.add_all([a, b])
    session.commit()
    clock()
    act(flush, a, b)
    session.commit()

    assert {one.name: told(stage, one) for one in session.scalars(select(Street))} == expected
    session.rollback()
    assert found(stage)[0] == []


@pytest.mark.audit_bypass("somebody removes it past the trail")
@pytest.mark.parametrize("case", ["exchanged", "touched", "in a circle"])
def test_one_that_vanished_from_a_key_that_was_passed_on_is_found(
    stage: Stage, session: Session, clock: Callable[[], None], case: str
) -> None:
    test_keys_that_pass_on_in_one_transaction_take_no_history_along(stage, session, clock, case)
    gone = session.scalars(select(Street.key)).all()
    session.rollback()
    by_hand(stage, "DELETE FROM streets")
    assert sorted(found(stage)[0]) == [("vanished", "street", key, ()) for key in sorted(gone)]


@pytest.mark.audit_bypass("somebody removes it past the trail")
def test_a_new_object_may_take_a_key_that_is_given_up(
    stage: Stage, session: Session, clock: Callable[[], None]
) -> None:
    b = Street(key="k2", name="B")
    session.add(b)
    session.commit()
    clock()
    c = Street(key="k5", name="C")
    session.add(c)
    session.flush()
    clock()
    b.key = "k8"
    session.flush()
    clock()
    c.key = "k2"
    session.commit()

    assert told(stage, b) == [("k2", "B"), ("k8", ...)]
    assert told(stage, c) == [("k2", "C")]
    session.rollback()
    assert found(stage)[0] == []
    by_hand(stage, "DELETE FROM streets WHERE key = 'k2'")
    assert found(stage)[0] == [("vanished", "street", "k2", ())]


@pytest.mark.parametrize("moved", ["number + 1", "5 - number"], ids=["shifted", "turned round"])
def test_one_statement_may_move_many(postgres_url: str, moved: str) -> None:
    engine = databases.connect(postgres_url)
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        by_hand(stage, "ALTER TABLE seats DROP CONSTRAINT seats_pkey, "
                       "ADD PRIMARY KEY (number) DEFERRABLE INITIALLY DEFERRED")
        with stage.session() as session:
            session.add_all([Seat(number=number, name=str(number)) for number in range(1, 5)])
            session.commit()
            session.execute(update(Seat).values(number=text(moved)),
                            execution_options={"synchronize_session": False})
            session.commit()
            session.expire_all()
            for seat in session.scalars(select(Seat)):
                former = int(seat.name)
                assert [event.key for event in stage.trail.history(seat)] \
                    == [(former,), (seat.number,)]
            session.rollback()
        assert found(stage)[0] == []
    engine.dispose()


def test_keys_pass_on_between_sessions(postgres_url: str) -> None:
    engine = databases.connect(postgres_url)
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        with stage.session() as one, stage.session() as two:
            one.add_all([Street(key="k1", name="A"), Street(key="k2", name="B")])
            one.commit()
            a, b = one.get_one(Street, "k1"), two.get_one(Street, "k2")
            a.name = "A2"
            one.flush()
            b.key = "k8"
            two.commit()
            a.key = "k2"
            one.commit()
            assert told(stage, a) == [("k1", "A"), ("k2", "A2")]
            assert told(stage, b) == [("k2", "B"), ("k8", ...)]
            for each in (one, two):
                each.rollback()
        assert found(stage)[0] == []
    engine.dispose()


def test_two_in_turn_may_be_given_one_key(
    stage: Stage, session: Session, clock: Callable[[], None]
) -> None:
    for former in ("b", "d"):
        one = Street(key=former)
        session.add(one)
        session.commit()
        clock()
        one.key = "a"
        session.commit()
        clock()
        if former == "b":
            session.delete(one)
            session.commit()
            clock()
    assert operations(stage, one) == ["create", "update"]
    session.rollback()
    assert found(stage)[0] == []


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
