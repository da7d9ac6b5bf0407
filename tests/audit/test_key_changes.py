"""Keys that pass from one object to another: whose history is whose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from shuffify.audit import bind
from tests import databases
from tests.audit.bookcase import by_hand, found
from tests.audit.stage import Stage, staged
from tests.audit.streets import (
    ActivityLog, Base, Seat, Street, clock, operations, session, stage, told,
)

__all__ = ["clock", "session", "stage"]


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
                assert [one.key for one in stage.trail.history(seat)] \
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
