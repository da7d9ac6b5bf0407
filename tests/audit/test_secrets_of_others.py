"""What one model declares secret stays so where another's row mentions it (A10)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column, Engine, ForeignKey, ForeignKeyConstraint, String, Table, select, update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, configure_mappers, mapped_column, relationship

from shuffify.audit import Audited, NotAudited, bind
from tests.audit.stage import LogColumns, Stage, UserColumns, log_of, staged
from tests.audit.vaults import EncryptedText


class Base(DeclarativeBase):
    pass


ActivityLog = log_of(Base)


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
    note: Mapped[str] = mapped_column(EncryptedText(200))
    motto: Mapped[str] = mapped_column(String(5_000))


class Mix(Base):
    __tablename__ = "mixes"
    __audit__ = Audited(extra=("shelf.pin", "shelf.note", "shelf.motto"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))
    shelf: Mapped[Shelf] = relationship()
    keys: Mapped[list[ApiKey]] = relationship(secondary=LINKS)


class Vault(Base):
    __tablename__ = "vaults"
    __audit__ = Audited(secret={"code"})

    code: Mapped[str] = mapped_column("pin", String(50), primary_key=True)
    hall: Mapped[str] = mapped_column(String(50), primary_key=True)


class Locker(Base):
    """Its key is an encrypted one, so that its own name says nothing."""

    __tablename__ = "lockers"

    mark: Mapped[str] = mapped_column(EncryptedText(200), primary_key=True)


class Door(Base):
    __tablename__ = "doors"
    __table_args__ = (
        ForeignKeyConstraint(["vault_name", "hall"], ["vaults.pin", "vaults.hall"]),
    )

    vault_name: Mapped[str] = mapped_column(String(50), primary_key=True)
    hall: Mapped[str] = mapped_column(String(50), primary_key=True)
    locker_mark: Mapped[str | None] = mapped_column(String(200), ForeignKey("lockers.mark"))
    vault: Mapped[Vault] = relationship()
    locks: Mapped[list[Lock]] = relationship(back_populates="door")


class Lock(Base):
    __tablename__ = "locks"
    __table_args__ = (
        ForeignKeyConstraint(["first", "hall"], ["doors.vault_name", "doors.hall"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str | None] = mapped_column(String(50))
    hall: Mapped[str | None] = mapped_column(String(50))
    door: Mapped[Door | None] = relationship(back_populates="locks")


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


@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_foreign_key_to_a_declared_secret_shows_none(stage: Stage, in_bulk: bool) -> None:
    with stage.session() as session:
        door = Door(vault=Vault(code="PLANTED-CODE", hall="north"), locks=[Lock(id=1)])
        session.add(door)
        session.commit()
        if in_bulk:
            session.execute(update(Lock).values(first=None, hall=None))
        else:
            session.delete(door)
        session.commit()

    told = {row.activity_type: row.metadata_json["changes"] for row in stage.rows()}
    assert told["lock_create"] == {"first": [None, "[secret]"], "hall": [None, "north"]}
    assert told["lock_update"] == {"first": ["[secret]", None], "hall": ["north", None]}
    created, = [row for row in stage.rows() if row.activity_type == "door_create"]
    assert created.entity_id == hashlib.sha256(b"PLANTED-CODE:north").hexdigest()
    assert "PLANTED" not in str(stage.rows())


def test_a_foreign_key_to_an_encrypted_column_shows_none(stage: Stage) -> None:
    with stage.session() as session:
        vault = Vault(code="c", hall="north")
        # Core binds the key as the text that it is: reversed, it is what the other one stores.
        session.add_all([Locker(mark="PLANTED-MARK"), vault])
        session.flush()
        session.add(Door(vault=vault, locker_mark="KRAM-DETNALP"))
        session.commit()

    created, = [row for row in stage.rows() if row.activity_type == "door_create"]
    assert created.metadata_json["changes"]["locker_mark"] == [None, "[secret]"]


def test_a_secret_that_is_mapped_later_is_one_where_it_is_referred_to(engine: Engine) -> None:
    class Late(DeclarativeBase):
        pass

    class Log(LogColumns, Late):
        pass

    class Person(UserColumns, Late):
        pass

    with staged(engine, Late, Log) as stage, bind(user_id=7):
        class Ticket(Late):
            __tablename__ = "tickets"

            id: Mapped[int] = mapped_column(primary_key=True)
            seat: Mapped[str | None] = mapped_column(ForeignKey("seats.code"))
            holder: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

        configure_mappers()

        class Seat(Late):
            __tablename__ = "seats"
            __audit__ = Audited(secret={"code"})

            code: Mapped[str] = mapped_column(String(50), primary_key=True)

        class People(Late):
            __tablename__ = "people"

            id: Mapped[int] = mapped_column(primary_key=True)

        Late.metadata.create_all(engine)
        with stage.session() as session:
            session.add_all([Seat(code="PLANTED-SEAT"), People(id=7)])
            session.flush()
            session.add(Ticket(id=1, seat="PLANTED-SEAT", holder=7))
            session.commit()

        assert stage.changes() == {"seat": [None, "[secret]"], "holder": [None, 7]}
