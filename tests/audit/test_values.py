"""What counts as a change: values are compared as the database would compare them (A5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    JSON, Boolean, Date, DateTime, Engine, Float, Integer, Interval, LargeBinary, Numeric,
    PickleType, String, Time, TypeDecorator, Uuid, update,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from shuffify.audit import Audited
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged

pytestmark = pytest.mark.usefixtures("mira")


class Base(DeclarativeBase):
    """The watched base."""


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    pass


class Colour(Enum):
    RED = 1
    BLUE = 2


class Mood(StrEnum):
    CALM = "calm"
    LOUD = "loud"


class Blob:
    """An object whose `str` tells its place in memory."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Blob) and other.held == self.held


class UtcInstant(TypeDecorator[datetime]):
    """Keep naive UTC in the database; hand out and take aware times too."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is not None and value.tzinfo is not None:
            return value.astimezone(timezone.utc).replace(tzinfo=None)
        return value


def later() -> datetime:
    return datetime(2026, 1, 1)


class Thing(Base):
    __tablename__ = "things"
    __audit__ = Audited(
        ignore={"seen"}, shown={"payload", "shown"}, types={"create": None, "delete": None}
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    whole: Mapped[Any] = mapped_column(Integer, nullable=True)
    money: Mapped[Any] = mapped_column(Numeric(12, 2), nullable=True)
    ratio: Mapped[Any] = mapped_column(Float(53), nullable=True)
    flag: Mapped[Any] = mapped_column(Boolean, nullable=True)
    text: Mapped[Any] = mapped_column(String(80), nullable=True)
    colour: Mapped[Any] = mapped_column(EnumType(Colour), nullable=True)
    mood: Mapped[Any] = mapped_column(String(20), nullable=True)
    moment: Mapped[Any] = mapped_column(UtcInstant, nullable=True)
    day: Mapped[Any] = mapped_column(Date, nullable=True)
    hour: Mapped[Any] = mapped_column(Time, nullable=True)
    span: Mapped[Any] = mapped_column(Interval, nullable=True)
    mark: Mapped[Any] = mapped_column(Uuid, nullable=True)
    blob: Mapped[Any] = mapped_column(LargeBinary, nullable=True)
    payload: Mapped[Any] = mapped_column(Json, nullable=True)
    hidden: Mapped[Any] = mapped_column(Json, nullable=True)
    pickle: Mapped[Any] = mapped_column(PickleType, nullable=True)
    shown: Mapped[Any] = mapped_column(PickleType, nullable=True)
    api_key: Mapped[Any] = mapped_column(Json, nullable=True)
    seen: Mapped[Any] = mapped_column(Integer, nullable=True)
    touched: Mapped[Any] = mapped_column(DateTime, onupdate=later, nullable=True)


UUID_ = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2026, 3, 1, 12)
EAST = timezone(timedelta(hours=5))

SAME = [
    ("whole", 1, "1"),
    ("whole", 1, True),
    ("whole", 1, 1.0),
    ("money", Decimal("1.50"), Decimal("1.5")),
    ("money", Decimal("1.50"), 1.5),
    ("money", Decimal("100"), Decimal("1E+2")),
    ("money", Decimal("0"), Decimal("-0.00")),
    ("ratio", 0.5, Decimal("0.5")),
    ("ratio", 2.0, 2),
    ("flag", True, 1),
    ("flag", False, 0),
    ("text", "calm", Mood.CALM),
    ("colour", Colour.RED, "RED"),
    ("mood", "calm", Mood.CALM),
    ("moment", NOON, NOON.replace(tzinfo=timezone.utc)),
    ("moment", NOON, datetime(2026, 3, 1, 17, tzinfo=EAST)),
    ("day", date(2026, 3, 1), date(2026, 3, 1)),
    ("hour", time(12), time(12)),
    ("span", timedelta(minutes=1), timedelta(seconds=60)),
    ("mark", UUID_, UUID(str(UUID_))),
    ("blob", b"abc", bytearray(b"abc")),
    ("payload", {"a": 1, "bb": 2}, {"bb": 2, "a": 1}),
    ("payload", [1, (2, 3)], [1, [2, 3]]),
    ("hidden", {"a": 1, "bb": 2}, {"bb": 2, "a": 1}),
    ("hidden", [1, (2, 3)], [1, [2, 3]]),
    ("payload", None, JSON.NULL),
    ("hidden", None, JSON.NULL),
    ("api_key", None, JSON.NULL),
    ("pickle", Blob("held"), Blob("held")),
    ("pickle", {"a": Blob(1)}, {"a": Blob(1)}),
    ("shown", Blob(["a", "a"]), Blob(["a", "".join("a")])),
    ("shown", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
]

DIFFERENT = [
    ("whole", 1, 2, [1, 2]),
    ("whole", -1, -2, [-1, -2]),
    ("whole", None, 0, [None, 0]),
    ("money", Decimal("1.50"), Decimal("1.51"), ["1.5", "1.51"]),
    ("money", Decimal("100"), None, ["100", None]),
    ("ratio", 0.5, 0.25, [0.5, 0.25]),
    ("flag", False, None, [False, None]),
    ("flag", False, True, [False, True]),
    ("text", "", None, ["", None]),
    ("text", "1", "1 ", ["1", "1 "]),
    ("colour", Colour.RED, Colour.BLUE, ["RED", "BLUE"]),
    ("mood", Mood.CALM, Mood.LOUD, ["calm", "loud"]),
    ("moment", NOON, NOON + timedelta(microseconds=1),
     ["2026-03-01T12:00:00+00:00", "2026-03-01T12:00:00.000001+00:00"]),
    ("day", date(2026, 3, 1), date(2026, 3, 2), ["2026-03-01", "2026-03-02"]),
    ("hour", time(12), time(12, 30), ["12:00:00", "12:30:00"]),
    ("span", timedelta(minutes=1), timedelta(minutes=2), [60.0, 120.0]),
    ("payload", {"a": [1]}, {"a": [1, 2]}, [{"a": [1]}, {"a": [1, 2]}]),
    ("payload", {"a": 1}, None, [{"a": 1}, None]),
]


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


def _assign(stage: Stage, name: str, first: Any, then: Any, is_loaded: bool) -> None:
    with stage.session() as session:
        thing = Thing(**{name: first})
        session.add(thing)
        session.commit()
        if is_loaded:
            getattr(thing, name)
        setattr(thing, name, then)
        session.commit()


@pytest.mark.report(69, 70, 75)
@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded", "expired"])
def test_a_value_that_the_database_calls_equal_is_no_change(
    stage: Stage, is_loaded: bool, subtests: pytest.Subtests
) -> None:
    for name, first, then in SAME:
        with subtests.test(f"{name}: {first!r} = {then!r}"):
            _assign(stage, name, first, then, is_loaded)
            assert stage.rows() == []


@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded", "expired"])
def test_a_value_that_differs_is_recorded_before_and_after(
    stage: Stage, is_loaded: bool, subtests: pytest.Subtests
) -> None:
    for number, (name, first, then, said) in enumerate(DIFFERENT, 1):
        with subtests.test(f"{name}: {first!r} to {then!r}"):
            _assign(stage, name, first, then, is_loaded)
            assert stage.said() == ["thing_update"] * number
            assert stage.changes() == {name: said}


@pytest.mark.parametrize(("name", "first", "then", "count"), [
    ("blob", b"abc", b"abcd", 4),
    ("hidden", {"a": 1}, {"a": 1, "b": 2}, 2),
    ("hidden", ["x"], ["y"], 1),
    ("pickle", ["x"], ["y"], 1),
])
def test_digested_content_differs_by_its_digest_alone(
    stage: Stage, name: str, first: Any, then: Any, count: int
) -> None:
    _assign(stage, name, first, then, False)

    before, after = stage.changes()[name]
    assert set(before) == set(after) == {"count", "bytes", "sha256"}
    assert after["count"] == count
    assert before["sha256"] != after["sha256"]


@pytest.mark.parametrize("name", ["pickle", "shown"])
@pytest.mark.parametrize("is_loaded", [True, False], ids=["loaded", "expired"])
def test_a_pickled_object_is_known_by_its_pickle(
    stage: Stage, name: str, is_loaded: bool
) -> None:
    _assign(stage, name, Blob(1), Blob(2), is_loaded)
    before, after = stage.changes()[name]
    assert set(before) == set(after) == {"count", "bytes", "sha256"}
    assert before["sha256"] != after["sha256"]
    assert list(stage.trail.reconcile().run(stage.engine)) == []
    stage.turn_page()
    with stage.session() as session:
        session.execute(update(Thing).values(text="a"))
        session.commit()

    assert stage.changes() == {"text": [None, "a"]}


def test_not_a_number_equals_itself(stage: Stage) -> None:
    with stage.session(expire_on_commit=False) as session:
        thing = Thing(ratio=float("nan"))
        session.add(thing)
        session.commit()
        thing.ratio = float("nan")
        session.commit()

    assert stage.rows() == []


def test_a_date_column_keeps_the_day_of_a_datetime(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(day=date(2026, 3, 1))
        session.add(thing)
        session.commit()
        thing.day = datetime(2026, 3, 1, 12)
        session.commit()

    assert stage.rows() == []


@pytest.mark.report(65)
def test_changing_and_changing_back_leaves_nothing(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(text="a", payload={"a": 1})
        session.add(thing)
        session.commit()
        thing.text, thing.payload = "b", {"a": 2}
        session.flush()
        thing.text, thing.payload = "a", {"a": 1}
        session.commit()

    assert stage.rows() == []


@pytest.mark.report(74)
@pytest.mark.parametrize("name", ["seen", "touched"])
def test_ignored_and_onupdate_columns_never_count(stage: Stage, name: str) -> None:
    value: Any = 3 if name == "seen" else datetime(2020, 1, 1)
    _assign(stage, name, None, value, True)

    assert stage.rows() == []


def test_a_counted_change_does_not_drag_ignored_columns_along(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(text="a", seen=1)
        session.add(thing)
        session.commit()
        thing.text, thing.seen = "b", 2
        session.commit()
        assert thing.touched == later()

    assert stage.changes() == {"text": ["a", "b"]}
    assert stage.last().description.endswith("(text)")


@pytest.mark.report(66)
def test_json_that_is_edited_in_place_leaves_what_the_table_says(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(payload={"a": 1})
        session.add(thing)
        session.commit()
        before = len(stage.rows())
        payload = thing.payload
        assert payload is not None
        payload["a"] = 2
        session.commit()
        payload = thing.payload
        assert payload == {"a": 1}, "SQLAlchemy has saved nothing"
        payload["a"] = 3
        thing.payload = payload
        session.commit()
        assert thing.payload == {"a": 1}

    assert len(stage.rows()) == before


@pytest.mark.report(65)
def test_flag_modified_without_a_change_leaves_nothing(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(payload={"a": 1}, hidden={"b": 1})
        session.add(thing)
        session.commit()
        for name in ("payload", "hidden"):
            getattr(thing, name)
            flag_modified(thing, name)
        session.commit()

    assert stage.rows() == []


def test_reading_refreshing_and_merging_what_stands_leave_nothing(stage: Stage) -> None:
    with stage.session() as session:
        thing = Thing(text="a", mark=uuid4(), money=Decimal("3.10"), moment=NOON)
        session.add(thing)
        session.commit()
        session.refresh(thing)
        session.expunge(thing)
    with stage.session() as session:
        session.merge(thing)
        session.commit()
        session.query(Thing).all()
        session.execute(update(User).where(User.id == 7).values(id=7))
        session.commit()

    assert stage.rows() == []
