"""Who goes on past a declaration that cannot work: changes are told, without their values."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest
from sqlalchemy import Engine, ForeignKey, String, Text, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import Audited, AuditTrail, NotAudited, PolicyError, bind, drift
from shuffify.audit.bypass import Bypass
from tests.audit.bookcase import found as findings
from tests.audit.stage import LogColumns, Stage, UserColumns

POLICIES: dict[str, Any] = {
    "a name that is no column": Audited(entity="novel", secret={"pin"}, ignore={"shelve"}),
    "no reason": NotAudited(" "),
    "no policy at all": "audited",
    "an entity too long for the types": Audited(entity="n" * 60),
    "an entity of another": Audited(entity="shelf"),
    "a column for its name": Audited(label=mapped_column(), secret={"pin"}),  # type: ignore
    "names that are none": Audited(secret={5}, extra=[5]),  # type: ignore[arg-type]
    "types of another": Audited(types={"create": "shelf_create"}),
}


class Broken(Stage):
    """A stage whose `Novel` has a policy that cannot work; its class came after the watch."""

    def __init__(self, engine: Engine, policy: Any) -> None:
        class Base(DeclarativeBase):
            pass

        class User(UserColumns, Base):
            pass

        class Log(LogColumns, Base):
            __audit__ = NotAudited("it is the trail")

        class Shelf(Base):
            __tablename__ = "shelves"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(String(20), unique=True)

        class Novel(Base):
            __tablename__ = "novels"
            __audit__ = policy
            id: Mapped[int] = mapped_column(primary_key=True)
            user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
            shelf: Mapped[str | None] = mapped_column(ForeignKey("shelves.name"))
            playlist_id: Mapped[str | None] = mapped_column(String(20))
            name: Mapped[str] = mapped_column(String(20))
            pin: Mapped[str | None] = mapped_column(String(20))
            body: Mapped[str | None] = mapped_column(Text)

        super().__init__(engine, Base, Log)
        self.shelf, self.novel, self.user = Shelf, Novel, User


@pytest.fixture(params=POLICIES)
def broken(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Broken]:
    stage = Broken(engine, POLICIES[request.param])
    with pytest.raises(PolicyError, match=r"^Novel\.__audit__"):
        stage.base.registry.configure()
    yield stage
    stage.trail.unwatch()
    stage.base.registry.dispose()


def values() -> dict[str, Any]:
    return {"user_id": 7, "name": "the-name", "pin": "the-pin", "body": "the-body",
            "playlist_id": "the-playlist"}


def test_changes_are_told_without_values_and_healthy_classes_as_ever(broken: Broken) -> None:
    with broken.session() as session:
        with bind(user_id=8):
            session.add(broken.shelf(id=1, name="the-shelf"))
            session.commit()
        novel = broken.novel(id=1, shelf="the-shelf", **values())
        session.add(novel)
        session.commit()
        novel.name = "the-other-name"
        session.commit()
        session.execute(update(broken.novel).values(pin="the-other-pin"))
        session.commit()

    assert [row.entity_id for row in broken.rows()] == ["1"] * 4
    shelf, created, renamed, bulk = broken.rows()
    assert shelf.metadata_json["changes"] == {"name": [None, "the-shelf"]}
    assert len({shelf.entity_type, created.entity_type}) == 2
    assert created.user_id == 7, "its owner"
    assert created.metadata_json["changes"]["name"] == [None, "[secret]"]
    assert renamed.metadata_json["changes"] == {"name": ["[secret]", "[secret]"]}
    assert bulk.metadata_json["changes"] == {"pin": ["[secret]", "[secret]"]}
    assert "the-" not in repr(broken.rows()[1:])
    assert broken.count("degraded.policy") == 1
    assert not any(name.startswith("losses") for name, number
                   in broken.trail.counters().items() if number)
    assert findings(broken)[0] == []


@pytest.mark.audit_bypass("it is looked for")
def test_a_bypass_is_known(broken: Broken, found: list[Bypass]) -> None:
    with broken.session() as session:
        session.execute(text("UPDATE novels SET name = 'x'"))
    assert [one.tables for one in found] == [("novels",)]


def test_it_is_said_at_every_occasion(broken: Broken, caplog: pytest.LogCaptureFixture) -> None:
    problems = [line for line in drift(broken.trail.registry, {}) if "Novel.__audit__: " in line]
    assert len(problems) == 1
    another = AuditTrail(log=broken.log)
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"^Novel\.__audit__"):
            another.watch(sessionmaker(), base=broken.base)
    with broken.session() as session:
        session.add(broken.novel(id=1, **values()))
        session.commit()
    assert len(broken.rows()) == 1, "the trail that watches is not sent away for one that cannot"


def test_a_refusal_keeps_nobody_alive(broken: Broken) -> None:
    class Caller:
        pass

    def watch(caller: Caller) -> None:
        with pytest.raises(PolicyError):
            another.watch(sessionmaker(), base=broken.base)

    another, caller = AuditTrail(log=broken.log), Caller()
    alive = ref(caller)
    watch(caller)
    del caller
    gc.collect()
    assert alive() is None
    another.unwatch()


def test_what_is_mended_is_audited_as_it_says(engine: Engine) -> None:
    broken = Broken(engine, POLICIES["no reason"])
    with pytest.raises(PolicyError):
        broken.base.registry.configure()
    broken.trail.unwatch()
    broken.novel.__audit__ = Audited()
    broken.trail.watch(broken.Session, base=broken.base)
    with broken.session() as session:
        session.add(broken.novel(**values()))
        session.commit()
    assert broken.changes()["name"] == [None, "the-name"]
    broken.trail.unwatch()
    broken.base.registry.dispose()
