"""What one model declares secret stays so where another's row mentions it (A10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Engine, ForeignKey, String, Table, TypeDecorator, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from shuffify.audit import Audited, NotAudited, bind
from tests.audit.stage import LogColumns, Stage, UserColumns, staged


class Base(DeclarativeBase):
    pass


class User(UserColumns, Base):
    pass


class ActivityLog(LogColumns, Base):
    pass


class EncryptedText(TypeDecorator[str]):
    impl = String(200)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value and value[::-1]

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return value and value[::-1]


LINKS = Table(
    "links", Base.metadata,
    Column("mix_id", ForeignKey("mixes.id"), primary_key=True),
    Column("key", ForeignKey("api_keys.api_key"), primary_key=True),
)


class ApiKey(Base):
    __tablename__ = "api_keys"
    __audit__ = NotAudited("whoever has one knows it")

    api_key: Mapped[str] = mapped_column(String(50), primary_key=True)


class Shelf(Base):
    __tablename__ = "shelves"
    __audit__ = Audited(secret={"pin"}, shown={"motto"})

    id: Mapped[int] = mapped_column(primary_key=True)
    pin: Mapped[str] = mapped_column(String(50))
    note: Mapped[str] = mapped_column(EncryptedText())
    motto: Mapped[str] = mapped_column(String(5_000))


class Mix(Base):
    __tablename__ = "mixes"
    __audit__ = Audited(extra=("shelf.pin", "shelf.note", "shelf.motto"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf] = relationship()
    keys: Mapped[list[ApiKey]] = relationship(secondary=LINKS)


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog) as stage, bind(user_id=7):
        with stage.session() as session:
            shelf = Shelf(pin="PLANTED-PIN", note="PLANTED-NOTE", motto="in order")
            session.add(Mix(id=1, name="Dusk", shelf=shelf, keys=[ApiKey(api_key="PLANTED-KEY")]))
            session.commit()
        yield stage


def test_a_path_to_another_models_secret_shows_none(stage: Stage) -> None:
    with stage.session() as session:
        session.execute(update(Mix).where(Mix.id == 1).values(name="Noon"))
        session.delete(session.scalars(select(Mix)).one())
        session.commit()
    rows = [row.metadata_json for row in stage.rows() if row.entity_type == "mix"]
    assert len(rows) == 2
    assert {(row["pin"], row["note"], row["motto"]) for row in rows} == {
        ("[secret]", "[secret]", "in order")
    }
    assert "PLANTED" not in str(stage.rows())


def test_a_link_to_a_secret_key_names_its_digest(stage: Stage) -> None:
    created, = [row for row in stage.rows() if row.activity_type == "mix_create"]
    digest = hashlib.sha256(b"PLANTED-KEY").hexdigest()
    assert created.metadata_json["changes"]["keys"] == [None, [f"#{digest}"]]
