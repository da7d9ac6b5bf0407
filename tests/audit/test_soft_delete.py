"""A column that marks an object as deleted: setting it is a delete, clearing it a restore."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, PolicyError, bind
from tests.audit.stage import LogColumns, Stage, UserColumns, log_of, staged


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Note(Base):
    __tablename__ = "notes"
    __audit__ = Audited(soft_delete="deleted_at")

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    deleted_at: Mapped[datetime | None]


class Memo(Base):
    __tablename__ = "memos"
    __audit__ = Audited(
        soft_delete="is_gone",
        types={"update": lambda change: None, "delete": "memo_binned"},
        describe=lambda change: f"{change.action} of {change.label}",
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))
    is_gone: Mapped[bool] = mapped_column(default=False)


class Scrap(Base):
    """Nothing of it must be there, and its types say nothing."""

    __tablename__ = "scraps"
    __audit__ = Audited(
        soft_delete="deleted_at",
        types=dict.fromkeys(("create", "update", "delete"), lambda change: "scrap"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(String(50))
    page: Mapped[int | None]
    deleted_at: Mapped[datetime | None]


class Leaf(Base):
    """Nothing of it must be there; its types are the default's."""

    __tablename__ = "leaves"
    __audit__ = Audited(soft_delete="deleted_at", shown={"text"})

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(String(50))
    text: Mapped[str | None] = mapped_column(Text)
    deleted_at: Mapped[datetime | None]


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


def test_setting_clearing_and_moving_the_time(stage: Stage) -> None:
    with stage.session() as session:
        note = Note(title="Intro")
        session.add(note)
        session.commit()
        note.deleted_at, note.title = datetime(2026, 1, 1), "Gone"
        session.commit()
        note.deleted_at = datetime(2026, 1, 2)
        session.commit()
        note.deleted_at = None
        session.commit()
    assert [(row.activity_type, row.description) for row in stage.rows()] == [
        ("note_create", "Created note 'Intro'"),
        ("note_delete", "Deleted note 'Gone'"),
        ("note_update", "Updated note 'Gone' (deleted_at)"),
        ("note_restore", "Restored note 'Gone'"),
    ]
    assert stage.rows()[1].metadata_json["changes"] == {
        "title": ["Intro", "Gone"], "deleted_at": [None, "2026-01-01T00:00:00+00:00"]
    }


def test_a_flag_serves_as_well_and_goes_before_the_updates_own_type(stage: Stage) -> None:
    with stage.session() as session:
        memo = Memo(title="M")
        session.add(memo)
        session.commit()
        memo.title = "N"
        session.commit()
        memo.is_gone = True
        session.commit()
        memo.is_gone = False
        session.commit()
    assert [(row.activity_type, row.description) for row in stage.rows()] == [
        ("memo_create", "create of M"), ("memo_binned", "delete of N"),
        ("memo_restore", "restore of N"),
    ]


def test_deleted_and_restored_in_one_transaction_is_nothing(stage: Stage) -> None:
    with stage.session() as session:
        note = Note(title="Intro")
        session.add(note)
        session.commit()
        note.deleted_at = datetime(2026, 1, 1)
        session.flush()
        note.deleted_at = None
        session.commit()
        note.deleted_at = datetime(2026, 1, 1)
        session.flush()
        session.delete(note)
        session.commit()
    assert stage.said() == ["note_create", "note_delete"]
    assert stage.last().metadata_json["changes"] == {"title": ["Intro", None]}


def test_the_restores_type_is_known(stage: Stage) -> None:
    plans = {plan.entity: plan for plan in stage.trail.registry.plans()}
    assert plans["note"].types["restore"] == "note_restore"
    assert "restore" not in {**plans["note"].policy.types}


@pytest.mark.parametrize(("policy", "said"), [
    (Audited(soft_delete="gone"), "soft_delete names 'gone', which is no column"),
    (Audited(soft_delete="gone_at", ignore={"gone_at"}), "soft_delete names 'gone_at', which is "
                                                         "ignored"),
])
def test_a_column_that_cannot_mark_is_refused(policy: Audited, said: str) -> None:
    class Other(DeclarativeBase):
        pass

    class Thing(Other):
        __tablename__ = "things"
        __audit__ = policy
        id: Mapped[int] = mapped_column(primary_key=True)
        gone_at: Mapped[datetime | None]

    class Users(UserColumns, Other):
        pass

    class Log(LogColumns, Other):
        __audit__ = NotAudited("it is the trail")

    trail = AuditTrail(log=Log)
    with pytest.raises(PolicyError, match=said):
        Other.registry.configure()
        trail.watch(sessionmaker(), base=Other)


HOUR = timedelta(hours=1)
MARK = datetime(2026, 1, 1)


def lives(stage: Stage, model: type[Any], mark: str, set_: Any, unset: Any) -> list[Any]:
    """Let an object be made, marked, restored, marked and deleted, an hour between each."""
    values: list[Any] = []
    with freeze_time("2026-11-01 12:00") as clock, stage.session() as session:
        item = model(id=1, title="Intro")
        session.add(item)
        session.commit()
        for value in (set_, unset, set_):
            values.append(getattr(item, mark))
            clock.tick(HOUR)
            setattr(item, mark, value)
            session.commit()
        values.append(getattr(item, mark))
        clock.tick(HOUR)
        session.delete(item)
        session.commit()
    return [*values, None]


MARKED = pytest.mark.parametrize(("model", "mark", "set_", "unset"), [
    (Note, "deleted_at", MARK, None), (Memo, "is_gone", True, False),
    (Scrap, "deleted_at", MARK, None), (Leaf, "deleted_at", MARK, None),
])


@MARKED
def test_a_mark_is_an_update_to_who_reads_back(
    stage: Stage, model: type[Any], mark: str, set_: Any, unset: Any
) -> None:
    told = lives(stage, model, mark, set_, unset)
    of = (model.__name__.lower(), 1)
    with stage.session() as session:
        events = list(stage.trail.history(of, session=session))
        assert [one.operation for one in events] == [
            "create", "update", "update", "update", "delete"
        ]
        for event, value in zip(events[:-1], told):
            values = stage.trail.as_of(of, event.at, session=session)
            assert values is not None and (values["title"], values[mark]) == ("Intro", value)
        assert stage.trail.as_of(of, events[0].at - HOUR, session=session) is None
        assert stage.trail.as_of(of, events[-1].at, session=session) is None


@MARKED
def test_each_step_of_a_marked_objects_life_is_taken_back(
    stage: Stage, model: type[Any], mark: str, set_: Any, unset: Any
) -> None:
    lives(stage, model, mark, set_, unset)
    with stage.session() as session:
        created, binned, restored, again, deleted = stage.trail.history(
            (model.__name__.lower(), 1), session=session
        )
        item = stage.trail.revert(deleted, session=session)
        assert (item.title, getattr(item, mark)) == ("Intro", set_)
        for event, value in ((again, unset), (restored, set_), (binned, unset)):
            stage.trail.revert(event, session=session)
            assert getattr(item, mark) == value
            session.commit()
        assert list(stage.trail.reconcile().run(stage.engine)) == []
        assert stage.trail.revert(created, session=session, force=True) is None
        session.commit()
        assert session.get(model, 1) is None


@MARKED
def test_a_marked_object_is_explained_and_so_is_its_end(
    stage: Stage, model: type[Any], mark: str, set_: Any, unset: Any
) -> None:
    with stage.session() as session:
        item = model(title="Intro")
        session.add_all([item, model(title="Born gone", **{mark: set_})])
        session.commit()
        setattr(item, mark, set_)
        session.commit()
        assert list(stage.trail.reconcile().run(stage.engine)) == []
        session.delete(item)
        session.commit()
    assert list(stage.trail.reconcile().run(stage.engine)) == []


def test_a_model_that_marks_no_more_or_only_now_reads_its_old_rows(engine: Engine) -> None:
    for before, after in ((Audited(soft_delete="gone_at"), Audited()),
                          (Audited(), Audited(soft_delete="gone_at"))):
        class Other(DeclarativeBase):
            pass

        class Thing(Other):
            __tablename__ = "things"
            __audit__ = before
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str | None] = mapped_column(String(50))
            gone_at: Mapped[datetime | None]

        class Users(UserColumns, Other):
            pass

        class Log(LogColumns, Other):
            __audit__ = NotAudited("it is the trail")

        Other.metadata.drop_all(engine)
        with staged(engine, Other, Log) as stage, bind(user_id=7), stage.session() as session:
            thing = Thing(id=1, name="Intro")
            session.add(thing)
            session.commit()
            thing.gone_at = MARK
            session.commit()
            session.delete(thing)
            session.commit()
            Thing.__audit__ = after
            trail = AuditTrail(log=Log)
            trail.watch(stage.Session, base=Other)
            events = trail.history(("thing", 1), session=session)
            assert [one.operation for one in events] == ["create", "update", "delete"]
            trail.unwatch()


def test_cut_metadata_leave_a_mark_a_mark_and_an_end_an_end(stage: Stage) -> None:
    with stage.session() as session:
        leaf = Leaf(id=1, text="x" * 9000)
        session.add(leaf)
        session.commit()
        leaf.text, leaf.deleted_at = "y" * 9000, MARK
        session.commit()
        leaf.deleted_at = None
        session.commit()
        session.delete(leaf)
        session.commit()
        events = list(stage.trail.history(("leaf", 1), session=session))
    assert [(one.operation, one.truncated) for one in events] == [
        ("create", True), ("update", True), ("update", False), ("delete", True)
    ]
    assert list(stage.trail.reconcile().run(stage.engine)) == []
