"""A column that marks an object as deleted: setting it is a delete, clearing it a restore."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, PolicyError, bind
from tests.audit.stage import LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    __audit__ = NotAudited("it is the trail")


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
