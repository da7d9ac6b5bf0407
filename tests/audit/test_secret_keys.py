"""Objects whose key is a secret: named by digests, and followed from one key to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import Engine, String, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import Audited, bind
from shuffify.audit.errors import RevertError
from shuffify.audit.recall import NotKept
from tests.audit.bookcase import found
from tests.audit.stage import Stage, log_of, staged

HOUR = timedelta(hours=1)


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Login(Base):
    __tablename__ = "logins"
    __audit__ = Audited(shown={"note"})

    token: Mapped[str] = mapped_column(String(50), primary_key=True)
    place: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(String(9000))


class Door(Base):
    """One part of its key is secret."""

    __tablename__ = "doors"
    __audit__ = Audited(secret={"code"})

    house: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    colour: Mapped[str | None] = mapped_column(String(20))


class Street(Base):
    """Its key is no secret, and may be long."""

    __tablename__ = "streets"
    __audit__ = Audited(shown={"note"})

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(9000))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


@pytest.fixture
def clock() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time("2026-05-01 10:00:00") as clock:
        yield clock


def kept(session: Session, clock: FrozenDateTimeFactory, *objects: Any) -> None:
    session.add_all(objects)
    session.commit()
    clock.tick(HOUR)


def test_a_history_goes_on_through_changes_of_a_secret_key(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory
) -> None:
    login, other = Login(token="secret-1", place="here"), Login(token="secret-0")
    kept(session, clock, login, other)
    then = datetime.now()
    clock.tick(HOUR)
    login.token = "secret-2"
    kept(session, clock)
    login.token, login.place = "secret-3", "there"
    kept(session, clock)
    kept(session, clock, Login(token="secret-1", place="another's"))

    events = list(stage.trail.history(login))
    assert [one.operation for one in events] == ["create", "update", "update"]
    assert [one.key for one in events] == [(NotKept("secret"),)] * 2 + [("secret-3",)]
    assert stage.trail.as_of(login, then) == {
        "token": NotKept("secret"), "place": "here", "note": None
    }
    assert [one.operation for one in stage.trail.history(other)] == ["create"]
    assert "secret-" not in repr(stage.rows())


@pytest.mark.parametrize("flushes", [1, 2], ids=["in one flush", "in two"])
def test_a_changed_secret_key_is_no_finding(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory, flushes: int
) -> None:
    login = Login(token="one", place="here")
    kept(session, clock, login)
    for number in range(flushes):
        login.token = f"two{number}"
        session.flush()
    kept(session, clock)

    assert len(list(stage.trail.history(login))) == 2
    assert found(stage)[0] == []


@pytest.mark.audit_bypass("somebody removes a row past the trail")
def test_one_that_vanished_after_its_key_changed_is_a_finding(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory
) -> None:
    login = Login(token="one")
    kept(session, clock, login)
    login.token = "two"
    kept(session, clock)
    with stage.engine.begin() as connection:
        connection.execute(Login.__table__.delete())

    (kind, entity, entity_id, _), = found(stage)[0]
    assert (kind, entity, entity_id) == ("vanished", "login", stage.last().entity_id)


def test_one_part_of_a_key_may_be_secret(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory
) -> None:
    door = Door(house=4, code="sesame", colour="red")
    kept(session, clock, door)
    door.code = "abracadabra"
    kept(session, clock)

    assert [one.key for one in stage.trail.history(door)] == [
        (4, NotKept("secret")), (4, "abracadabra")
    ]
    assert found(stage)[0] == []


def test_a_bulk_statement_that_moves_it_is_followed_as_well(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory
) -> None:
    kept(session, clock, Login(token="one"))
    session.execute(update(Login).values(token="two"))
    kept(session, clock)

    events = list(stage.trail.history(("login", "two"), session=session))
    assert [one.operation for one in events] == ["create", "update"]
    assert found(stage)[0] == []


@pytest.mark.parametrize("name", ["Lane", "L" * 90], ids=["short", "long"])
def test_a_cut_row_still_says_what_the_key_was_before(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory, name: str
) -> None:
    street, login = Street(name=name), Login(token="one")
    kept(session, clock, street, login)
    street.name, street.note = "Road", "n" * 9000
    login.token, login.note = "two", "n" * 9000
    kept(session, clock)
    assert all(row.metadata_json["truncated"] for row in stage.rows()[-2:])

    for one in (street, login):
        assert [each.operation for each in stage.trail.history(one)] == ["create", "update"]
    former = next(stage.trail.history(street)).key
    assert former == ((name,) if len(name) <= 64 else (NotKept("truncated"),))
    assert found(stage)[0] == []


def test_what_happened_under_a_secret_key_of_before_is_not_reverted(
    stage: Stage, session: Session, clock: FrozenDateTimeFactory
) -> None:
    login = Login(token="one", place="here")
    kept(session, clock, login)
    login.place = "there"
    kept(session, clock)
    login.token = "two"
    kept(session, clock)
    _, placed, _ = stage.trail.history(login)

    with pytest.raises(RevertError, match="does not keep the key it had: token"):
        stage.trail.revert(placed, session=session)
    assert session.get_one(Login, "two").place == "there"
