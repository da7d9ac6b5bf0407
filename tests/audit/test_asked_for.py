"""What is asked for in odd ways: the same answer as for the plain one, or a clear refusal."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, Enum, Numeric, String, Uuid, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from shuffify.audit import NotAudited, bind
from shuffify.audit.errors import AuditError, HistoryError
from tests.audit.bookcase import found
from tests.audit.stage import Stage, log_of, staged

ONE = UUID("00000000-0000-4000-8000-000000000001")
NOON = datetime(2030, 1, 1, 12)


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Number(Base):
    __tablename__ = "numbers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Ident(Base):
    __tablename__ = "idents"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class Text(Base):
    __tablename__ = "texts"
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)


class Seat(Base):
    __tablename__ = "seats"
    row: Mapped[str] = mapped_column(String(5), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)


class Mood(enum.Enum):
    CALM = "c"


class Tune(Base):
    __tablename__ = "tunes"
    mood: Mapped[Mood] = mapped_column(Enum(Mood, native_enum=False), primary_key=True)
    live: Mapped[bool] = mapped_column(primary_key=True)


class Price(Base):
    __tablename__ = "prices"
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))


class Day(Base):
    __tablename__ = "days"
    day: Mapped[date] = mapped_column(primary_key=True)


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        session.add_all([Number(id=1, name="one"), Ident(id=ONE), Text(id=str(ONE)),
                         Seat(row="A", number=1), Day(day=date(2026, 1, 2)),
                         Price(amount=Decimal("5.0")), Tune(mood=Mood.CALM, live=False)])
        session.commit()
        yield session


@pytest.mark.parametrize("of", [
    ("number", 1), ("number", 1.0), ("number", "1"), ("number", True), ("number", (1,)),
    ("ident", ONE), ("ident", str(ONE)), ("ident", ONE.hex),
    ("text", str(ONE)), ("text", ONE),
    ("seat", ("A", 1)), ("seat", ("A", "1")), ("seat", ["A", 1]),
    ("day", date(2026, 1, 2)), ("day", "2026-01-02"),
    ("price", 5), ("price", Decimal("5.000")), ("price", "5.00"), ("price", 5.0),
    ("tune", (Mood.CALM, False)), ("tune", ("CALM", "False")), ("tune", ("c", 0)),
    ("tune", ("Mood.CALM", False)),
], ids=repr)
def test_a_key_is_one_in_whatever_form_it_is_given(
    stage: Stage, session: Session, of: Any
) -> None:
    event, = stage.trail.history(of, session=session)
    assert event.operation == "create"
    values = stage.trail.as_of(of, NOON, session=session)
    assert values is not None and values.items() >= {
        name: part for name, part in zip(
            {"seat": ("row", "number"), "day": ("day",), "price": ("amount",),
             "tune": ("mood", "live")}.get(of[0], ("id",)), event.key, strict=True,
        )
    }.items()
    assert event.event_id is not None
    assert stage.trail.revert(event.event_id, session=session, force=True) is None


def test_a_number_is_one_key_with_however_many_noughts(stage: Stage, session: Session) -> None:
    price = session.get_one(Price, 5)
    session.refresh(price)
    price.note = "dear"
    session.commit()
    assert [one.operation for one in stage.trail.history(price)] == ["create", "update"]
    price.amount = Decimal("6.50")
    session.commit()
    session.execute(update(Price).values(note="cheap"))
    session.commit()
    session.delete(price)
    session.commit()
    told = list(stage.trail.history(("price", "6.5"), session=session))
    assert [one.operation for one in told] == ["create", *["update"] * 3, "delete"]
    assert found(stage)[0] == []


@pytest.mark.parametrize("key", [
    ("number", 2**70), ("number", 2**40), ("seat", ("\ud800", 1)), ("seat", ("Z\0", 1)),
    ("seat", ("x" * 10**6, 1)),
], ids=["above 64 bits", "above 32 bits", "half a character", "NUL", "long"])
def test_a_key_that_no_row_can_have_has_no_history_and_harms_nobody(
    stage: Stage, session: Session, key: Any
) -> None:
    session.get_one(Number, 1).name = "two"
    session.flush()
    assert list(stage.trail.history(key, session=session)) == []
    with suppress(HistoryError):
        assert stage.trail.as_of(key, NOON, session=session) is None
    for event_id in ("\0", "\ud800", "x" * 10**6):
        with pytest.raises(HistoryError, match="There is no event"):
            stage.trail.revert(event_id, session=session)
    session.commit()
    assert stage.changes() == {"name": ["one", "two"]}


@pytest.mark.parametrize(("of", "said"), [
    (("number",), r"('number',) names no object. Give an audited object or (entity, key)."),
    (("number", 1, 2), "('number', 1, 2) names no object. Give an audited object or"),
    ((), "() names no object. Give"),
    ((Number, 1), "is no audited entity. Use one of day, ident, number"),
    (("tune", ("LOUD", True)), "tune.mood: 'LOUD' is no Mood"),
    (("tune", ("CALM", "no")), "tune.live: 'no' is no bool"),
    (("nubmer", 1), "'nubmer' is no audited entity. Use one of day, ident, number"),
    (("number", 1.5), "number.id: 1.5 is no int"),
    (("number", "one"), "number.id: 'one' is no int"),
    (("number", None), "number.id: None is no int"),
    (("number", b"1"), "number.id: b'1' is no int"),
    (("ident", "x"), "ident.id: 'x' is no UUID"),
    (("ident", 5), "ident.id: 5 is no UUID"),
    (("seat", "A"), "A key of seat has 2 parts: give (row, number)"),
    (("seat", (5, 1)), "seat.row: 5 is no str"),
    (("day", datetime(2026, 1, 2, 3)), "day.day: datetime.datetime(2026, 1, 2, 3, 0) is no date"),
    (Number, "is not audited. Give an audited object or (entity, key)"),
    (aliased(Number), "is not audited. Give an audited object or (entity, key)"),
    (None, "None is not audited"),
    ("number", "'number' is not audited"),
    (NotAudited("x"), "is not audited"),
])
def test_what_names_no_object_is_refused(
    stage: Stage, session: Session, of: Any, said: str
) -> None:
    for ask in (lambda: stage.trail.history(of, session=session),
                lambda: stage.trail.as_of(of, NOON, session=session)):
        with pytest.raises(HistoryError) as refused:
            ask()
        assert said in str(refused.value)


@pytest.mark.parametrize("when", [date(2026, 1, 2), "2026-01-02", 5, None], ids=repr)
def test_a_time_is_a_datetime(stage: Stage, session: Session, when: Any) -> None:
    with pytest.raises(HistoryError, match="is no time: give a datetime"):
        stage.trail.as_of(("number", 1), when, session=session)
    with pytest.raises(AuditError, match="is no time: give a datetime"):
        stage.trail.custody.prune(stage.engine, when)
    assert len(stage.rows()) == 7


def test_a_time_may_be_aware(stage: Stage, session: Session) -> None:
    asked = stage.trail.as_of(("number", 1), NOON.replace(tzinfo=UTC), session=session)
    assert asked == {"id": 1, "name": "one"}


@pytest.mark.parametrize("event", [None, 5, ("number", 1), b"x"], ids=repr)
def test_only_an_event_is_reverted(stage: Stage, session: Session, event: Any) -> None:
    with pytest.raises(HistoryError, match="is no event. Give one of history"):
        stage.trail.revert(event, session=session)


def test_an_event_may_be_named_by_a_uuid(stage: Stage, session: Session) -> None:
    event, = stage.trail.history(("number", 1), session=session)
    assert event.event_id is not None
    stage.trail.revert(UUID(event.event_id), session=session)
    assert session.get(Number, 1) is None
