"""Reading the log back: an object's events, and its values at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
import enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from sqlalchemy import (
    DateTime, Enum, Engine, ForeignKey, LargeBinary, Numeric, String, TypeDecorator, Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

from shuffify.audit import Audited, AuditTrail, HistoryError, NotAudited, NotKept, bind
from tests.audit.stage import Json, LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    __audit__ = NotAudited("it is the trail")


class Mood(enum.Enum):
    CALM = "calm"
    LOUD = "loud"


class Shout(TypeDecorator[str]):
    """Stored in capitals."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value.upper()

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value.lower()


class Song(Base):
    """A column of each kind that has a form of its own in the log."""

    __tablename__ = "songs"
    __audit__ = Audited(shown={"credits"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(100))
    is_live: Mapped[bool] = mapped_column(default=False)
    plays: Mapped[int | None]
    gain: Mapped[float | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 3))
    made_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    released_on: Mapped[date | None]
    starts_at: Mapped[time | None]
    lasts: Mapped[timedelta | None]
    mood: Mapped[Mood | None] = mapped_column(Enum(Mood, native_enum=False, length=10))
    code: Mapped[UUID | None] = mapped_column(Uuid)
    call: Mapped[str | None] = mapped_column(Shout)
    credits: Mapped[dict[str, Any] | None] = mapped_column(Json)
    lyrics: Mapped[str | None] = mapped_column(String)
    cover: Mapped[bytes | None] = mapped_column(LargeBinary)
    api_key: Mapped[str | None] = mapped_column(String(50))


class Pair(Base):
    __tablename__ = "pairs"

    left: Mapped[int] = mapped_column(primary_key=True)
    right: Mapped[str] = mapped_column(String(20), primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20))
    user_id: Mapped[int] = mapped_column(default=7)


FULL: dict[str, Any] = {
    "title": "Intro",
    "is_live": True,
    "plays": 3,
    "gain": -1.5,
    "price": Decimal("9.500"),
    "made_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
    "released_on": date(2026, 1, 2),
    "starts_at": time(1, 2, 3),
    "lasts": timedelta(minutes=3, microseconds=5),
    "mood": Mood.LOUD,
    "code": uuid4(),
    "call": "hey",
    "credits": {"bass": ["Ana"], "year": 2026},
}


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage:
        yield stage


@pytest.fixture
def clock() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time("2026-11-01 12:00") as clock, bind(user_id=7):
        yield clock


HOUR = timedelta(hours=1)


def song(session: Any, clock: FrozenDateTimeFactory, **values: Any) -> Song:
    """Make a song, and let an hour pass."""
    made = Song(user_id=7, **{"title": "Intro", **values})
    session.add(made)
    session.commit()
    clock.tick(HOUR)
    return made


def test_events_of_an_object_come_oldest_first_with_values_of_its_types(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        made = song(session, clock, **FULL)
        for name, value in {**dict.fromkeys(FULL), "title": "Outro", "is_live": False}.items():
            setattr(made, name, value)
        session.commit()
        clock.tick(HOUR)
        session.delete(made)
        session.commit()
        created, updated, deleted = stage.trail.history(("song", made.id), session=session)
    assert [one.operation for one in (created, updated, deleted)] == ["create", "update", "delete"]
    assert [one.type for one in (created, updated, deleted)] == [
        "song_create", "song_update", "song_delete"
    ]
    assert created.at == datetime(2026, 11, 1, 12) and updated.at == datetime(2026, 11, 1, 13)
    assert dict(created.after) == FULL
    assert all(isinstance(created.after[name], type(value)) for name, value in FULL.items())
    assert updated.before["price"] == Decimal("9.5") and updated.after["price"] is None
    assert dict(deleted.before) == {"title": "Outro", "is_live": False}
    assert deleted.key == (made.id,) and deleted.user_id == 7


def test_values_at_a_time_are_those_of_that_time(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        before = datetime.now()
        clock.tick(HOUR)
        made = song(session, clock, **FULL)
        first = datetime.now()
        clock.tick(HOUR)
        made.title, made.credits, made.mood = "Second", None, None
        session.commit()
        clock.tick(HOUR)
        second = datetime.now()
        clock.tick(HOUR)
        session.delete(made)
        session.commit()
        clock.tick(HOUR)

        def as_of(when: datetime) -> Any:
            return stage.trail.as_of(("song", made.id), when, session=session)

        assert as_of(before) is None
        assert as_of(datetime.now()) is None
        full = dict.fromkeys(("lyrics", "cover", "api_key")) | {"id": made.id} | FULL
        assert as_of(first) == full
        # Aware times mean the same instant, whatever zone they are told in.
        east = timezone(timedelta(hours=9))
        told = second.replace(tzinfo=timezone.utc).astimezone(east)
        assert as_of(told) == full | {"title": "Second", "credits": None, "mood": None}


def test_the_present_comes_from_the_table_and_what_the_trail_never_saw_stays_as_it_is(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.unwatched() as unwatched:
        unwatched.add(Song(id=1, user_id=7, title="Old", lyrics="la la", plays=1))
        unwatched.commit()
    long_ago = datetime(2000, 1, 1)
    with stage.session() as session:
        old = session.get_one(Song, 1)
        assert list(stage.trail.history(old)) == []
        # Nothing says that it was made later: for all that is known, it stood.
        assert stage.trail.as_of(old, long_ago)["lyrics"] == "la la"  # type: ignore[index]
        old.plays = 2
        session.commit()
        assert stage.trail.as_of(old, long_ago)["plays"] == 1  # type: ignore[index]
        assert stage.trail.as_of(old, datetime.now())["plays"] == 2  # type: ignore[index]


def test_secrets_digests_and_cut_metadata_say_that_they_are_not_kept(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        made = song(session, clock, lyrics="la", cover=b"\0", api_key="k", credits={"token": "t"})
        then = datetime.now() - HOUR
        made.lyrics, made.cover, made.api_key, made.credits = "lala", None, "k2", None
        session.commit()
        values = stage.trail.as_of(made, then)
        assert values is not None
        assert values["api_key"] == NotKept("secret") and values["credits"] == NotKept("secret")
        assert values["lyrics"].why == values["cover"].why == "digest"
        assert values["lyrics"].digest["count"] == 2
        made.lyrics, made.credits = "la la", {"token": "t", "by": "m"}
        session.commit()
        now = stage.trail.as_of(made, datetime.now())
        assert now is not None
        assert now["api_key"] == now["credits"] == NotKept("secret"), "whoever reads the table"
        assert (now["lyrics"], now["cover"]) == ("la la", None), "content that still stands"

        clock.tick(HOUR)
        made.credits = {"all": "x" * 9000}
        session.commit()
        *_, newest = stage.trail.history(made)
        assert newest.truncated and newest.columns == ("credits",)
        assert newest.before["credits"] == NotKept("truncated")


@pytest.mark.parametrize("mask", ["[secret]", "[unknown]"])
def test_a_text_that_reads_like_a_mask_is_spelt_out(
    stage: Stage, clock: FrozenDateTimeFactory, mask: str
) -> None:
    credits: dict[str, Any] = {"text": mask, "token": None, "all": [{"text": [mask]}, mask]}
    with stage.session() as session:
        made = song(session, clock, title=mask, call=mask, credits=credits, api_key=mask)
        told = stage.changes()
        assert told["title"] == [None, {"text": mask}]
        assert told["api_key"] == [None, "[secret]"]
        event, = stage.trail.history(made)
        assert event.after["title"] == event.after["call"] == mask
        assert event.after["credits"] == credits
        assert event.after["api_key"] == NotKept("secret")
        made.title = "a"
        session.commit()
        event = list(stage.trail.history(made))[-1]
        stage.trail.revert(event, session=session)
        session.commit()
        assert made.title == mask
        clock.tick(HOUR)
        made.credits = {"text": mask, "token": mask}
        session.commit()
        assert stage.changes()["credits"][1] == {"text": {"text": mask}, "token": "[secret]"}
        assert list(stage.trail.history(made))[-1].after["credits"] == NotKept("secret")


def test_a_history_goes_on_through_changes_of_the_key_and_not_into_anothers(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        session.add(Pair(left=1, right="b", note="another's"))
        session.commit()
        clock.tick(HOUR)
        session.delete(session.get_one(Pair, (1, "b")))
        session.commit()
        clock.tick(HOUR)
        pair = Pair(left=1, right="a", note="first")
        session.add(pair)
        session.commit()
        clock.tick(HOUR)
        then = datetime.now()
        clock.tick(HOUR)
        pair.right, pair.note = "b", "second"
        session.commit()
        events = list(stage.trail.history(pair))
        assert [one.key for one in events] == [(1, "a"), (1, "b")]
        assert [one.operation for one in events] == ["create", "update"]
        assert stage.trail.as_of(pair, then) == {"left": 1, "right": "a", "note": "first"}


def test_a_deleted_and_remade_object_has_one_history(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        made = song(session, clock, title="One")
        key = made.id
        session.delete(made)
        session.commit()
        clock.tick(HOUR)
        between = datetime.now()
        clock.tick(HOUR)
        song(session, clock, id=key, title="Two")
        events = [one.operation for one in stage.trail.history(("song", key), session=session)]
        assert events == ["create", "delete", "create"]
        assert stage.trail.as_of(("song", key), between, session=session) is None


@pytest.mark.audit_bypass("somebody removes a row past the trail")
def test_a_row_that_somebody_removed_past_the_trail_is_told_as_far_as_it_is_known(
    stage: Stage, clock: FrozenDateTimeFactory
) -> None:
    with stage.session() as session:
        made = song(session, clock)
        key, then = made.id, datetime.now()
        clock.tick(HOUR)
        made.title = "Later"
        session.commit()
    with stage.engine.begin() as connection:
        connection.execute(Song.__table__.delete())
    with stage.session() as session:
        values = stage.trail.as_of(("song", key), then, session=session)
        assert values is not None and values["title"] == "Intro" and values["id"] == key


def test_the_watched_scoped_session_reads_when_nobody_names_one(
    engine: Engine, clock: FrozenDateTimeFactory
) -> None:
    with staged(engine, Base, ActivityLog) as stage:
        scoped = scoped_session(sessionmaker(engine))
        stage.trail.watch(scoped, base=Base)
        made = song(scoped, clock)
        assert [one.type for one in stage.trail.history(("song", made.id))] == ["song_create"]
        scoped.remove()


@pytest.mark.parametrize(("what", "said"), [
    (("sonf", 1), "'sonf' is no audited entity. Use one of pair, song."),
    (("pair", 1), "A key of pair has 2 parts: give (left, right)."),
    (7, "7 is not audited. Give an audited object or (entity, key)."),
    (User(id=7), "is not audited"),
    (Song(title="new"), "has never been flushed: it has no history."),
])
def test_what_has_no_history_is_refused_by_name(stage: Stage, what: Any, said: str) -> None:
    with stage.session() as session:
        with pytest.raises(HistoryError) as refused:
            stage.trail.history(what, session=session)
        assert said in str(refused.value)


def test_somebody_must_read(stage: Stage) -> None:
    with pytest.raises(HistoryError, match="give session="):
        stage.trail.history(("song", 1))


def test_a_log_without_the_columns_says_which_it_lacks(engine: Engine) -> None:
    class Bare(DeclarativeBase):
        pass

    class Log(Bare):
        __tablename__ = "log"
        id: Mapped[int] = mapped_column(primary_key=True)
        activity_type: Mapped[str] = mapped_column(String(50))
        created_at: Mapped[datetime]

    class Thing(Bare):
        __tablename__ = "things"
        id: Mapped[int] = mapped_column(primary_key=True)

    Bare.metadata.create_all(engine)
    trail = AuditTrail(log=Log)
    factory = sessionmaker(engine)
    trail.watch(factory, base=Bare)
    try:
        with factory() as session, pytest.raises(HistoryError, match="entity_type, entity_id"):
            trail.history(("thing", 1), session=session)
    finally:
        trail.unwatch()


@pytest.mark.parametrize("kind", [Uuid(), Uuid(as_uuid=False), String(36), None])
def test_an_event_is_named_by_its_id_whatever_type_the_logs_column_has(
    engine: Engine, kind: Any
) -> None:
    class Other(DeclarativeBase):
        pass

    class Users(UserColumns, Other):
        pass

    class Log(LogColumns, Other):
        __audit__ = NotAudited("it is the trail")
        event_id = kind and mapped_column(kind, unique=True)

    class Thing(Other):
        __tablename__ = "things"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(20))

    with staged(engine, Other, Log) as stage, bind(user_id=7), stage.session() as session:
        thing = Thing(id=1, name="first")
        session.add(thing)
        session.commit()
        thing.name = "second"
        session.commit()
        *_, event = stage.trail.history(thing)
        if kind is None:
            with pytest.raises(HistoryError, match="activity_log has no event ids"):
                stage.trail.revert("nope", session=session)
            return
        assert isinstance(event.event_id, str)
        stage.trail.revert(event.event_id, session=session)
        assert thing.name == "first"
        for other in ("nope", str(uuid4())):
            with pytest.raises(HistoryError, match=f"There is no event {other}"):
                stage.trail.revert(other, session=session)
