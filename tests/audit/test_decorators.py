"""Types that alter what they are given: what is told is what is read back (A5, A6, A16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from enum import IntEnum
from typing import Any

import pytest
from sqlalchemy import (
    CHAR, Engine, Integer, String, Text, TypeDecorator, delete, insert, text, update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shuffify.audit import Audited
from tests.audit.stage import Stage, log_of, staged

pytestmark = pytest.mark.usefixtures("mira")


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Small(TypeDecorator[str]):
    """An address in small letters; nothing is done when it is read."""

    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value and value.lower()


class Cents(TypeDecorator[float]):
    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else round(value * 100)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value / 100


class Fives(Cents):
    """A decorator below a decorator: stored in fives of cents."""

    impl = Cents
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value / 5

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value * 5


class Seconds(TypeDecorator[datetime]):
    """A time, stored as a whole number."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else int(value.replace(tzinfo=timezone.utc).timestamp())

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        if value is None:
            return None
        return datetime.fromtimestamp(value, timezone.utc).replace(tzinfo=None)


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Ranks(TypeDecorator[Rank]):
    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Rank(value)


class Point:
    """An object of the model's own, which equals by what it holds."""

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and vars(other) == vars(self)


class Points(TypeDecorator[Point]):
    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else f"{value.x},{value.y}"

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else Point(*map(int, value.split(",")))


class Words(TypeDecorator[tuple[str, ...]]):
    """Several in a text; null is read as none of them."""

    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else " ".join(value)

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return tuple((value or "").split())


class Fickle(TypeDecorator[str]):
    """Of a database that is not ours: neither function can be asked outside of it."""

    impl = String(50)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        if dialect.name == "default":
            raise Exception("ask another")
        return value

    process_result_value = process_bind_param


class Squeezed(TypeDecorator[str]):
    """A long text without needless blanks."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else " ".join(value.split())


class Lines(Words):
    impl = Text
    cache_ok = True


class Item(Base):
    __tablename__ = "items"
    __audit__ = Audited(label="email")

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[Any] = mapped_column(Small, nullable=True)
    price: Mapped[Any] = mapped_column(Cents, nullable=True)
    fives: Mapped[Any] = mapped_column(Fives, nullable=True)
    since: Mapped[Any] = mapped_column(Seconds, nullable=True)
    rank: Mapped[Any] = mapped_column(Ranks, nullable=True)
    spot: Mapped[Any] = mapped_column(Points, nullable=True)
    words: Mapped[Any] = mapped_column(Words, nullable=True)
    fickle: Mapped[Any] = mapped_column(Fickle, nullable=True)
    body: Mapped[Any] = mapped_column(Squeezed, nullable=True)


class Leaf(Base):
    __tablename__ = "leaves"

    id: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[Any] = mapped_column(Lines, nullable=True)


class Tag(Base):
    __tablename__ = "tags"

    code: Mapped[str] = mapped_column(Small, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(50))


class Land(Base):
    __tablename__ = "lands"

    code: Mapped[str] = mapped_column(CHAR(5), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(50))


VALUES: dict[str, tuple[Any, Any, list[Any]]] = {
    "email": ("A@X", "B@X", ["a@x", "b@x"]),
    "price": (1.5, 2.0, [1.5, 2]),
    "fives": (0.05, 0.55, [0.05, 0.55]),
    "since": (datetime(2026, 3, 1, 12), datetime(2026, 3, 2),
              ["2026-03-01T12:00:00+00:00", "2026-03-02T00:00:00+00:00"]),
    "rank": (Rank.LOW, Rank.HIGH, [1, 2]),
    "spot": (Point(1, 2), Point(3, 4), ["1,2", "3,4"]),
    "words": (("a", "b"), ("c",), [["a", "b"], ["c"]]),
    "fickle": ("a", "b", ["a", "b"]),
}


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


def _found(stage: Stage) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.kind, one.entity_id, one.columns)
            for one in stage.trail.reconcile().run(stage.engine)]


def _make(stage: Stage, *items: Any) -> None:
    with stage.Session.begin() as session:
        session.add_all(items)


@pytest.mark.parametrize("name", VALUES)
def test_what_is_told_is_what_is_read_back(stage: Stage, name: str) -> None:
    first, then, said = VALUES[name]
    _make(stage, Item(id=1, **{name: first}))
    with stage.Session.begin() as session:
        item = session.get_one(Item, 1)
        was = getattr(item, name)
        setattr(item, name, then)

    assert stage.changes() == {name: said}
    assert _found(stage) == []
    with stage.Session() as session:
        event = list(stage.trail.history(("item", 1), session=session))[-1]
        read = getattr(session.get_one(Item, 1), name)
        assert (event.before, event.after) == ({name: was}, {name: read})
        assert type(event.after[name]) is type(read)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("operation", ["update", "delete"])
def test_what_is_taken_back_is_what_was_there(stage: Stage, name: str, operation: str) -> None:
    first, then, _ = VALUES[name]
    _make(stage, Item(id=1, **{name: first}))
    with stage.Session.begin() as session:
        item = session.get_one(Item, 1)
        was = getattr(item, name)
        if operation == "update":
            setattr(item, name, then)
        else:
            session.delete(item)
    with stage.Session.begin() as session:
        event = list(stage.trail.history(("item", 1), session=session))[-1]
        stage.trail.revert(event, session=session)

    with stage.Session() as session:
        assert getattr(session.get_one(Item, 1), name) == was
    assert _found(stage) == []


@pytest.mark.parametrize("in_bulk", [False, True])
def test_what_is_bound_alike_is_no_change(stage: Stage, in_bulk: bool) -> None:
    _make(stage, Item(id=1, email="a@x", price=1.5, fives=0.05, body="a  b"))
    stage.turn_page()
    same = {"email": "A@X", "price": 1.501, "fives": 0.07, "words": [], "body": " a b "}
    with stage.Session.begin() as session:
        if in_bulk:
            session.execute(update(Item).values(**same))
        else:
            for name, value in same.items():
                setattr(session.get_one(Item, 1), name, value)

    assert stage.rows() == []


def test_content_that_null_is_read_as_is_no_change(stage: Stage) -> None:
    _make(stage, Leaf(id=1))
    assert _found(stage) == []
    stage.turn_page()
    with stage.Session.begin() as session:
        session.get_one(Leaf, 1).lines = []

    assert stage.rows() == []


@pytest.mark.audit_bypass("what was done past the trail is found afterwards")
@pytest.mark.parametrize("column", ["email", "price", "words", "body"])
def test_what_somebody_alters_by_hand_is_found(stage: Stage, column: str) -> None:
    _make(stage, Item(id=1, email="A@X", price=1.5, words=["a"], body="a  b"))
    assert _found(stage) == []
    with stage.engine.begin() as connection:
        connection.execute(text(f"UPDATE items SET {column} = '150000'"))

    assert _found(stage) == [("altered", "1", (column,))]


@pytest.mark.parametrize(("made", "given", "kept"), [(Tag, "ABC", "abc"), (Land, "AB", "AB")])
def test_an_object_has_one_name_however_its_key_was_given(
    stage: Stage, made: Any, given: str, kept: str
) -> None:
    with stage.Session() as session:
        one = made(code=given)
        session.add(one)
        session.flush()
        session.execute(update(made).values(name="a"))
        session.commit()
        one.name = "b"
        session.commit()
    assert stage.changes() == {"name": ["a", "b"]}
    with stage.Session.begin() as session:
        session.execute(update(made), [{"code": given, "name": "c"}])
    assert _found(stage) == []
    with stage.Session.begin() as session:
        session.execute(delete(made))
        session.execute(insert(made), [{"code": given, "name": "d"}])
        session.add(made(code=given + "D"))
    assert _found(stage) == []

    entity, other = made.__name__.lower(), f"{kept}d" if made is Tag else f"{kept}D"
    assert [(row.activity_type, row.entity_id) for row in stage.rows()] == [
        (f"{entity}_create", kept), (f"{entity}_update", kept), (f"{entity}_update", kept),
        (f"{entity}_update", kept), (f"{entity}_create", other),
    ]
    with stage.Session() as session:
        key = (entity, given)
        assert [event.after.get("name") for event in stage.trail.history(key, session=session)] \
            == ["a", "b", "c", "d"]
        assert len(list(stage.trail.history(session.get_one(made, given)))) == 4


def test_a_function_that_fails_is_logged_without_what_it_was_given(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "shuffify.audit"):
        _make(stage, Item(id=1, fickle="a word"))
    assert "Fickle cannot be asked: Exception" in caplog.text
    assert "a word" not in caplog.text and stage.trail.counters()["losses.capture"] == 0
