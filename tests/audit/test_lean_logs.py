"""Logs of an application's own making: what they lack is not filled, and no row is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import DateTime, Engine, Integer, String, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from shuffify.audit import AuditTrail, NotAudited, bind
from shuffify.audit.errors import AuditError, HistoryError, WatchError
from shuffify.audit.insertion import FIELDS
from tests.audit.stage import Json

KINDS: dict[str, Any] = {"user_id": Integer, "created_at": DateTime, "metadata_json": Json}
NEEDED = {"activity_type", "created_at", "entity_id", "entity_type", "metadata_json"}
"""Columns without which nobody can read back."""


class Lean:
    """A trail of one model, whose log has these columns beside its key."""

    def __init__(self, engine: Engine, *names: str) -> None:
        class Base(DeclarativeBase):
            pass

        columns = {name: mapped_column(KINDS.get(name, String(600)), nullable=True)
                   for name in names}
        hints = {"id": Mapped[int]}
        self.log = type("Log", (Base,), {
            "__tablename__": "log", "id": mapped_column(primary_key=True), **columns,
            "__annotations__": hints,
        })

        class Seals(Base):
            __tablename__ = "seals"
            __audit__ = NotAudited("it proves the trail")
            id: Mapped[int] = mapped_column(primary_key=True)
            first_id: Mapped[int]
            last_id: Mapped[int]
            row_count: Mapped[int]
            trace: Mapped[str] = mapped_column(Text)
            digest: Mapped[str]
            previous: Mapped[str | None]
            key_id: Mapped[str | None]
            sealed_at: Mapped[datetime]

        class Thing(Base):
            __tablename__ = "things"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(String(20))

        self.engine, self.Thing, self.base = engine, Thing, Base
        Base.metadata.create_all(engine)
        self.trail = AuditTrail(log=self.log, seals=Seals)
        self.Session = sessionmaker(engine)
        self.trail.watch(self.Session, base=Base)

    def live(self) -> None:
        """Leave four rows, three of them in one transaction."""
        with bind(user_id=7, source="test", request_id="r-1"), self.Session() as session:
            session.add_all([self.Thing(id=number, name="ab") for number in (1, 2, 3)])
            session.commit()
            session.get_one(self.Thing, 1).name = "cd"
            session.commit()

    def rows(self) -> list[Any]:
        table = self.log.__table__
        with self.engine.connect() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))


@contextmanager
def lean(engine: Engine, *names: str) -> Iterator[Lean]:
    found = Lean(engine, *names)
    try:
        yield found
    finally:
        found.trail.unwatch()
        found.base.registry.dispose()


def expected(name: str) -> list[Any]:
    return {
        "user_id": [7] * 4,
        "activity_type": ["thing_create"] * 3 + ["thing_update"],
        "description": ["Created thing 'ab'"] * 3 + ["Updated thing 'cd' (name)"],
        "entity_type": ["thing"] * 4, "entity_id": ["1", "2", "3", "1"],
        "source": ["test"] * 4, "request_id": ["r-1"] * 4,
    }.get(name, [None] * 4)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_one_column_is_filled_whichever_it_is(engine: Engine, name: str) -> None:
    with lean(engine, name) as app:
        app.live()
        values = [row[1] for row in app.rows()]
        app.trail.custody.seal(engine)
        verified = app.trail.custody.verify(engine)
        losses = {key for key, number in app.trail.counters().items()
                  if number and key.startswith(("losses", "degraded"))}

    assert losses == set()
    assert (verified.rows, verified.findings) == (4, [])
    if name in ("created_at", "event_id", "metadata_json"):
        assert len(values) == 4 and all(values)
    else:
        assert values == expected(name)


def test_a_log_with_nothing_to_fill_is_refused(engine: Engine) -> None:
    with pytest.raises(WatchError, match=r"log has none of .*activity_type.*Add"):
        Lean(engine)


@pytest.mark.parametrize("lacking", sorted(FIELDS))
def test_without_a_column_it_is_read_back_or_refused_by_its_name(
    engine: Engine, lacking: str
) -> None:
    with lean(engine, *(FIELDS - {lacking})) as app:
        app.live()
        trail = app.trail
        with app.Session() as session:
            thing = session.get_one(app.Thing, 1)
            ways = {
                "history": lambda: list(trail.history(thing)),
                "as_of": lambda: trail.as_of(thing, datetime.now()),
                "revert": lambda: trail.revert(list(trail.history(thing))[-1], session=session),
                "reconcile": lambda: list(trail.reconcile().run(engine)),
            }
            for way in ways.values():
                if lacking in NEEDED:
                    with pytest.raises(HistoryError, match=f"log lacks {lacking}: "):
                        way()
                else:
                    way()
            if lacking not in NEEDED:
                assert thing.name == "ab"


@pytest.mark.parametrize("lacking", ["activity_type", "created_at", "metadata_json", "user_id"])
def test_what_could_not_be_told_is_not_pruned(engine: Engine, lacking: str) -> None:
    with lean(engine, *(FIELDS - {lacking})) as app:
        app.live()
        with pytest.raises(AuditError, match=f"log lacks {lacking}: "):
            app.trail.custody.prune(engine, datetime.now())
        assert len(app.rows()) == 4
        app.trail.custody.seal(engine)
        assert app.trail.custody.verify(engine).findings == []
        assert app.trail.custody.lag(engine) == 0
