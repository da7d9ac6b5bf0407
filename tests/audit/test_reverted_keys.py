"""What reverting a deletion asks for, and what it leaves to the mapper: keys, versions, kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from shuffify.audit import Audited, bind
from shuffify.audit.errors import RevertError
from tests.audit.stage import Stage, log_of, staged


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


class Copy(Base):
    """SQLAlchemy numbers its versions and sets its kind; neither is recorded."""

    __tablename__ = "copies"
    __audit__ = Audited(ignore={"kind"})

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column()
    text: Mapped[str] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(String(20))

    __mapper_args__ = {"version_id_col": version, "polymorphic_on": kind,
                       "polymorphic_identity": "copy"}


class Print(Copy):
    __audit__ = Audited(entity="print", ignore={"kind"})
    __mapper_args__ = {"polymorphic_identity": "print"}


class Stamped(Base):
    """The application numbers its versions."""

    __tablename__ = "stamped"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version, "version_id_generator": False}


class Login(Base):
    __tablename__ = "logins"

    token: Mapped[str] = mapped_column(String(50), primary_key=True)
    place: Mapped[str | None] = mapped_column(String(80))


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        yield stage


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    with stage.session() as session:
        yield session


def deleted(stage: Stage, session: Session, item: Any) -> Any:
    """Make an object and delete it; return the event of its deletion."""
    session.add(item)
    session.commit()
    *_, made = stage.trail.history(item)
    session.delete(item)
    session.commit()
    *_, gone = stage.trail.history((made.entity, made.key), session=session)
    return gone


GIVEN = {"user_id": 8, "text": "la", "password": "p"}


@pytest.mark.parametrize("model", [Copy, Print])
def test_all_that_is_needed_is_named_at_once_and_what_the_mapper_sets_is_not(
    stage: Stage, session: Session, model: type[Copy]
) -> None:
    gone = deleted(stage, session, model(id=5, **GIVEN))
    with pytest.raises(RevertError, match="does not keep these columns") as refused:
        stage.trail.revert(gone, session=session)
    assert sorted(refused.value.columns) == ["password", "text", "user_id"]

    again = stage.trail.revert(gone, session=session, values=GIVEN)
    session.commit()
    session.expire_all()
    assert type(session.get(Copy, 5)) is model
    assert (again.kind, again.version, again.text) == (model.__name__.lower(), 1, "la")


def test_a_version_that_the_application_counts_is_asked_for(
    stage: Stage, session: Session
) -> None:
    gone = deleted(stage, session, Stamped(id=5, version=3))
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(gone, session=session)
    assert refused.value.columns == ("version",)
    assert stage.trail.revert(gone, session=session, values={"version": 4}).version == 4


def test_values_do_not_move_the_object(stage: Stage, session: Session) -> None:
    gone = deleted(stage, session, Copy(id=5, **GIVEN))
    with pytest.raises(RevertError, match="keeps its key: id.*Leave them out") as refused:
        stage.trail.revert(gone, session=session, values={**GIVEN, "id": 99})
    assert refused.value.columns == ("id",) and not session.new
    again = stage.trail.revert(gone, session=session, values={**GIVEN, "id": 5})
    session.commit()
    again.text = "lala"
    session.commit()
    *_, changed = stage.trail.history(again)
    with pytest.raises(RevertError, match="keeps its key: id"):
        stage.trail.revert(changed, session=session, values={"text": "la", "id": 99})
    assert (again.id, again.text) == (5, "lala")


def test_a_secret_key_of_before_may_be_given_and_must(stage: Stage, session: Session) -> None:
    login = Login(token="one", place="here")
    session.add(login)
    session.commit()
    login.token, login.place = "two", "there"
    session.commit()
    *_, moved = stage.trail.history(login)
    with pytest.raises(RevertError) as refused:
        stage.trail.revert(moved, session=session)
    assert refused.value.columns == ("token",)
    stage.trail.revert(moved, session=session, values={"token": "one"})
    session.commit()
    assert (login.token, login.place) == ("one", "here")
    assert len(list(stage.trail.history(login))) == 3
