"""The default policy, cell by cell, and what a declaration changes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, Change, NotAudited, bind
from tests.audit.stage import Json, Stage, log_of, staged


class Base(DeclarativeBase):
    """The watched base."""


ActivityLog = log_of(Base)


def _now() -> datetime:
    return datetime(2026, 1, 1)


class TrackLock(Base):
    """Says nothing."""

    __tablename__ = "track_locks"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_key: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    playlist_id: Mapped[str | None] = mapped_column(String(40))
    playlist_name: Mapped[str | None] = mapped_column(String(80))
    display_name: Mapped[str | None] = mapped_column(String(80))
    track_lock_name: Mapped[str | None] = mapped_column(String(80))
    nick_name: Mapped[str | None] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    api_token: Mapped[str | None] = mapped_column(String(80))
    params: Mapped[Any] = mapped_column(Json, nullable=True)
    picture: Mapped[bytes | None] = mapped_column(LargeBinary)
    essay: Mapped[str | None] = mapped_column(Text)
    boundless: Mapped[str | None]
    wide: Mapped[str | None] = mapped_column(String(1025))
    narrow: Mapped[str | None] = mapped_column(String(1024))
    updated_at: Mapped[datetime] = mapped_column(default=_now, onupdate=_now)


class HTTPCall(Base):
    """Named without a label; its user is a plain column."""

    __tablename__ = "calls"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None]
    at: Mapped[int]


class Room(Base):
    __tablename__ = "rooms"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]


def _kind(change: Change) -> str | None:
    return "seat_moved" if change.changed == {"number"} else None


class Seat(Base):
    """Says all that can be said."""

    __tablename__ = "seats"
    __audit__ = Audited(
        entity="chair", types={"create": "chair_bought", "update": _kind, "delete": None},
        label="room.title", owner="room.user_id", playlist=("number", "room.title"),
        describe=lambda change: f"{change.operation} {change.label} {change.before('number')}",
        ignore={"worn"}, secret={"price"}, shown={"plan"},
        extra=("number", {"where": "room.title"}, lambda change: {"n": len(change.changed)}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id"))
    number: Mapped[int]
    worn: Mapped[int] = mapped_column(default=0)
    price: Mapped[int] = mapped_column(default=1)
    plan: Mapped[Any] = mapped_column(Json, nullable=True)
    room: Mapped[Room] = relationship()


class Diary(Base):
    __tablename__ = "diaries"
    __audit__ = NotAudited("nobody's business")

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


def _add(stage: Stage, thing: Any, **who: Any) -> Any:
    with bind(**(who or {"user_id": 7})), stage.session() as session:
        session.add(thing)
        session.commit()
    return stage.last()


def test_entity_and_types_are_the_class_name_in_snake_case(stage: Stage) -> None:
    with bind(user_id=7), stage.session() as session:
        for thing in (TrackLock(), HTTPCall(at=1)):
            session.add(thing)
            session.commit()
            setattr(thing, "position" if isinstance(thing, TrackLock) else "at", 5)
            session.commit()
            session.delete(thing)
            session.commit()

    assert stage.said() == [
        f"{entity}_{verb}" for entity in ("track_lock", "http_call")
        for verb in ("create", "update", "delete")
    ]
    assert [row.description for row in stage.rows()[3:]] == [
        "Created http call '#1'", "Updated http call '#1' (at)", "Deleted http call '#1'"
    ]
    assert {row.entity_type for row in stage.rows()[:3]} == {"track_lock"}


@pytest.mark.parametrize(("values", "label"), [
    ({"display_name": "D", "track_lock_name": "T", "nick_name": "N"}, "D"),
    ({"display_name": "", "track_lock_name": "T", "nick_name": "N"}, "T"),
    ({"nick_name": "N"}, "N"),
    ({"playlist_name": "P", "nick_name": "N"}, "P"),
    ({}, "#1"),
])
def test_the_label_is_the_first_name_that_is_not_empty(
    stage: Stage, values: dict[str, str], label: str
) -> None:
    assert _add(stage, TrackLock(**values)).description == f"Created track lock '{label}'"


def test_the_owner_is_the_user_when_nobody_is_bound(stage: Stage) -> None:
    by_key = _add(stage, TrackLock(owner_key=8), kind="system")
    by_name = _add(stage, HTTPCall(user_id=8, at=1), kind="job", label="job:3")
    by_path = _add(stage, Seat(number=1, room=Room(user_id=8, title="Hall")), kind="cli")

    assert by_key.user_id == by_name.user_id == by_path.user_id == 8
    assert by_key.metadata_json["actor"] == {"kind": "system", "id": None, "label": "system"}
    assert by_name.metadata_json["actor"]["label"] == "job:3"
    assert _add(stage, TrackLock(owner_key=8)).user_id == 7, "who acts comes before who owns"


def test_the_playlist_is_read_from_its_columns(stage: Stage) -> None:
    row = _add(stage, TrackLock(playlist_id="p1", playlist_name="Morning"))

    assert (row.playlist_id, row.playlist_name) == ("p1", "Morning")


@pytest.mark.report(72)
def test_content_is_digested_secrets_masked_keys_and_clocks_left_out(stage: Stage) -> None:
    texts = dict.fromkeys(("essay", "boundless", "wide", "narrow"), "word")
    row = _add(
        stage, TrackLock(owner_key=7, api_token="t", params=[1, 2], picture=b"abc", **texts)
    )

    changes = {name: after for name, (_, after) in row.metadata_json["changes"].items()}
    assert changes["api_token"] == "[secret]"
    assert changes["narrow"] == "word"
    assert {name: changes[name]["count"] for name in changes if isinstance(changes[name], dict)
            } == {"params": 2, "picture": 3, "essay": 4, "boundless": 4, "wide": 4}
    assert changes.keys().isdisjoint({"id", "owner_key", "updated_at"})


def test_every_cell_can_be_declared(stage: Stage) -> None:
    with bind(kind="cli", label="cli:ops"), stage.session() as session:
        seat = Seat(number=4, plan={"a": 1}, room=Room(user_id=8, title="Hall"))
        session.add(seat)
        session.commit()
        seat.number = 5
        session.commit()
        seat.number, seat.price = 6, 2
        session.commit()
        seat.worn = 9
        session.commit()
        session.delete(seat)
        session.commit()

    bought, moved = [row for row in stage.rows() if row.entity_type == "chair"]
    assert (bought.activity_type, bought.description) == ("chair_bought", "create Hall None")
    assert (bought.playlist_id, bought.playlist_name, bought.user_id) == ("4", "Hall", 8)
    assert bought.metadata_json["changes"] == {
        "room_id": [None, 1], "number": [None, 4], "price": [None, "[secret]"],
        "plan": [None, {"a": 1}],
    }
    assert {key: bought.metadata_json[key] for key in ("number", "where", "n")} == {
        "number": 4, "where": "Hall", "n": 4
    }
    assert (moved.activity_type, moved.description) == ("seat_moved", "update Hall 4")


def test_a_model_that_is_not_audited_leaves_nothing(stage: Stage) -> None:
    with stage.session() as session:
        session.add(Diary(text="dear"))
        session.commit()

    assert stage.rows() == []
    assert stage.count("unknown_actor") == 0


BROKEN: dict[str, tuple[Audited, str, str]] = {
    "description": (Audited(describe=lambda change: 1 / 0), "description",
                    "Created frail 'N'"),
    "no sentence": (Audited(describe=lambda change: ""), "", "Created frail 'N'"),
    "types": (Audited(types={"create": lambda change: 1 / 0}), "types", "Created frail 'N'"),
    "extra": (Audited(extra=("name", lambda change: 1 / 0)), "extra", "Created frail 'N'"),
    "extra that is no mapping": (Audited(extra=lambda change: 5), "extra", "Created frail 'N'"),
    "a wrong column": (Audited(describe=lambda change: change.values["nam"]), "description",
                       "Created frail 'N'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_function_that_raises_costs_its_own_cell(stage: Stage, case: str) -> None:
    policy, cell, sentence = BROKEN[case]

    class Fragile(DeclarativeBase):
        metadata = Base.metadata

    class Frail(Fragile):
        __tablename__ = "frail"
        __audit__ = policy
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))

    stage.trail.watch(stage.Session, base=Fragile)
    Fragile.metadata.create_all(stage.engine)
    try:
        row = _add(stage, Frail(name="N"))
    finally:
        Base.metadata.drop_all(stage.engine, [Frail.__table__])
        Base.metadata.remove(Frail.__table__)

    assert (row.activity_type, row.description) == ("frail_create", sentence)
    assert row.metadata_json["changes"] == {"name": [None, "N"]}
    degraded = {key: count for key, count in stage.trail.counters().items()
                if key.startswith("degraded") and count}
    assert degraded == ({f"degraded.{cell}": 1} if cell else {})
    assert not any(count for key, count in stage.trail.counters().items() if "losses" in key)
