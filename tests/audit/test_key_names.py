"""An object has one name in the log however its key was given, and is found by it again."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    CHAR, Date, DateTime, Engine, Enum, Float, Integer, Interval, Numeric, String, Uuid, select,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from shuffify.audit import bind
from shuffify.audit.errors import HistoryError
from shuffify.audit.recall import NotKept
from tests import databases
from tests.audit.bookcase import by_hand, found
from tests.audit.stage import Stage, log_of, staged

FUTURE = datetime(2090, 1, 1)
TEXT_ID = "abcdef00000040008000000000000001"


class Mood(enum.Enum):
    CALM = "c"
    WILD = "w"


class Size(str, enum.Enum):
    S = "s"


class Plain(TypeDecorator[int]):
    """Converts nothing."""

    impl = Integer
    cache_ok = True


class Inner(TypeDecorator[int]):
    """Around one that converts nothing, either."""

    impl = Plain
    cache_ok = True


@contextmanager
def things(engine: Engine, kind: TypeEngine[Any], hidden: bool = False
           ) -> Iterator[tuple[Stage, Any]]:
    """Open a stage with things whose key is of this type."""

    class Base(DeclarativeBase):
        pass

    log = log_of(Base)

    class Thing(Base):
        __tablename__ = "things"
        key = mapped_column("token" if hidden else "key", kind, primary_key=True,
                            autoincrement=False)
        name = mapped_column(String(20))

    with staged(engine, Base, log) as stage, bind(user_id=7):
        yield stage, Thing


KEYS: dict[str, tuple[TypeEngine[Any], Any, str, Any]] = {
    "a float for a decimal": (Numeric(10, 2), 5.0, "5", 5.1),
    "a decimal with more places": (Numeric(10, 2), Decimal("5.006"), "5.01", Decimal("7.004")),
    "a decimal read as a float": (Numeric(10, 2, asdecimal=False), 5, "5.0", 6),
    "a member by its name": (Enum(Mood, native_enum=False), "CALM", "Mood.CALM", "WILD"),
    "a member by its value": (
        Enum(Mood, native_enum=False, values_callable=lambda kind: [one.value for one in kind]),
        "c", "Mood.CALM", "w"),
    "a number for a float": (Float(), 1, "1.0", 2),
    "a flag for a number": (Integer(), True, "1", 7),
    "a member for a text": (String(9), Size.S, "s", "t"),
    "a text for a UUID": (Uuid(as_uuid=False), TEXT_ID, "abcdef00-0000-4000-8000-000000000001",
                          TEXT_ID.replace("1", "2")),
    "a time for a date": (Date(), datetime(2026, 1, 2, 3), "2026-01-02", date(2026, 1, 3)),
    "a time of UTC": (DateTime(timezone=True), datetime(2026, 1, 1, 12, tzinfo=UTC),
                      "2026-01-01 12:00:00+00:00", datetime(2026, 1, 1, 13, tzinfo=UTC)),
    "blanks": (CHAR(10), "a  ", "a", "b "),
    "an empty text": (String(10), "", "", "x"),
    "below decorators": (Inner(), 5, "5", 6),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_named_as_it_is_read_back(engine: Engine, name: str) -> None:
    kind, given, id_, other = KEYS[name]
    if name == "a decimal with more places" and engine.dialect.name == "sqlite":
        kind, given, id_ = Numeric(10, 2), Decimal("5.010"), "5.01"  # Nor does it find others.
        other = Decimal("7")
    with things(engine, kind) as (stage, thing):
        with stage.session() as session:
            session.add(thing(key=given, name="one"))
            session.commit()
        with stage.session() as session:
            one = session.scalars(select(thing)).one()
            one.name = "two"
            session.commit()
            assert [row.entity_id for row in stage.rows()] == [id_, id_]
            assert found(stage)[0] == []
            # A time names no day when somebody asks, though the column takes one.
            for key in (one.key if isinstance(given, datetime) else given, one.key):
                events = list(stage.trail.history(("thing", key), session=session))
                assert [event.after.get("name") for event in events] == ["one", "two"]
                told = stage.trail.as_of(("thing", key), FUTURE, session=session)
                assert told == {"key": one.key, "name": "two"}
            one.key = other
            session.commit()
            assert [event.operation for event in stage.trail.history(one)] \
                == ["create", "update", "update"]
            assert found(stage)[0] == []


@pytest.mark.audit_bypass("somebody alters another by hand")
def test_an_empty_text_is_a_name_and_excuses_nothing(engine: Engine) -> None:
    with things(engine, String(10)) as (stage, thing), stage.session() as session:
        session.add_all([thing(key="", name="one"), thing(key="x", name="x")])
        session.commit()
        by_hand(stage, "UPDATE things SET name = 'by hand' WHERE key = 'x'")
        assert found(stage)[0] == [("altered", "thing", "x", ("name",))]


def test_a_time_of_another_zone_is_named_in_utc(postgres_url: str) -> None:
    engine = databases.connect(postgres_url)
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with things(engine, DateTime(timezone=True)) as (stage, thing):
        with stage.session() as session:
            session.add(thing(key=there, name="one"))
            session.commit()
        assert stage.last().entity_id == "2026-01-01 10:00:00+00:00"
        assert found(stage)[0] == []
    engine.dispose()


@pytest.mark.parametrize("given", [5, "5"])
def test_a_text_names_an_object_below_decorators(engine: Engine, given: Any) -> None:
    with things(engine, Inner()) as (stage, thing), stage.session() as session:
        session.add(thing(key=5, name="one"))
        session.commit()
        assert stage.trail.as_of(("thing", given), FUTURE, session=session) \
            == {"key": 5, "name": "one"}
        assert stage.trail.revert(stage.last().event_id, session=session) is None


def test_a_type_of_one_database_names_an_object(postgres_url: str) -> None:
    engine = databases.connect(postgres_url)
    with things(engine, INET()) as (stage, thing), stage.session() as session:
        session.add(thing(key="10.0.0.1", name="one"))
        session.commit()
        told = stage.trail.as_of(("thing", "10.0.0.1"), FUTURE, session=session)
        assert told is not None
        assert told["name"] == "one"
    engine.dispose()


@pytest.mark.parametrize(("kind", "key"), [
    (Interval(), timedelta(hours=1)), (String(200), "K" * 100), (String(200), "ab" * 32),
], ids=["an interval", "a digest", "like a digest"])
def test_what_tells_no_key_is_refused_by_its_id(engine: Engine, kind: Any, key: Any) -> None:
    with things(engine, kind) as (stage, thing), stage.session() as session:
        session.add(thing(key=key, name="one"))
        session.commit()
        with pytest.raises(HistoryError, match=r"take it from history\(object\)"):
            stage.trail.revert(stage.last().event_id, session=session)
        assert found(stage)[0] == []
        event, = stage.trail.history(("thing", key), session=session)
        assert stage.trail.revert(event, session=session) is None


def test_what_differs_by_nul_alone_has_one_name(sqlite_url: str) -> None:
    engine = databases.connect(sqlite_url)
    with things(engine, String(10)) as (stage, thing), stage.session() as session:
        one = thing(key="a\0b", name="one")
        session.add(one)
        session.commit()
        one.name = "two"
        session.commit()
        assert [row.entity_id for row in stage.rows()] == ["ab", "ab"]
        assert len(list(stage.trail.history(one))) == 2
        assert found(stage)[0] == []
    engine.dispose()


def test_a_secret_key_is_told_at_no_time(engine: Engine) -> None:
    with things(engine, String(50), hidden=True) as (stage, thing), stage.session() as session:
        one = thing(key="the-token", name="one")
        session.add(one)
        session.commit()
        then = stage.last().created_at
        assert stage.trail.as_of(one, then) == {"key": NotKept("secret"), "name": "one"}
        session.delete(one)
        session.commit()
        assert stage.trail.as_of(one, then, session=session) \
            == {"key": NotKept("secret"), "name": "one"}
