"""Every way to write an audited table: recorded with before and after, or known as a bypass.

Nothing is silent. The database's own doings (triggers, procedures, other processes) reach no
listener; `trail.reconcile` finds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.audit.shop import MIXES, Mix, Song, mix_songs
from tests.audit.stage import Stage

CREATED = ("mix_create", {"name": [None, "Noon"], "plays": [None, 0]})
UPDATED = ("mix_update", {"name": ["Dawn", "Noon"]})
DELETED = ("song_delete", {"title": ["Outro", None]})


class Write(NamedTuple):
    """One way to write; ``leaves`` is the row's type and changes, None where it is a bypass."""

    act: Callable[[Session], Any]
    leaves: tuple[str, Any] | None = None
    only: str | None = None
    """The database that knows the statement; the other one refuses it."""


def outside(act: Callable[[Any], Any]) -> Callable[[Session], Any]:
    """Act in a transaction of the engine's own, while the session waits."""

    def write(session: Session) -> None:
        engine: Any = session.get_bind()
        with engine.begin() as connection:
            act(connection)

    return write


def cte(session: Session) -> Any:
    changed = update(MIXES).values(name="Noon").returning(MIXES.c.id).cte("changed")
    return session.execute(select(changed.c.id)).all()


def unwatched(session: Session) -> None:
    with Session(session.get_bind()) as other:
        other.get_one(Mix, -1).name = "Noon"
        other.commit()


def upsert(session: Session) -> Any:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Mix).values(id=-1, name="new", plays=0)
    return session.execute(statement.on_conflict_do_update(
        index_elements=["id"], set_={"name": "Noon"}
    ))


NEW = {"name": "Noon", "plays": 0}
SQL = "UPDATE mixes SET name = 'Noon'"
GONE = "DELETE FROM songs WHERE id = -2"
POSTGRES, SQLITE = "postgresql", "sqlite"

WRITES: dict[str, Write] = {
    "unit of work: insert": Write(lambda s: s.add(Mix(**NEW)), CREATED),
    "unit of work: update": Write(lambda s: setattr(s.get_one(Mix, -1), "name", "Noon"), UPDATED),
    "unit of work: delete": Write(lambda s: s.delete(s.get_one(Song, -2)), DELETED),
    "execute(update(Model))": Write(lambda s: s.execute(update(Mix).values(name="Noon")), UPDATED),
    "execute(delete(Model))": Write(
        lambda s: s.execute(delete(Song).where(Song.id == -2)), DELETED),
    "Query.update": Write(lambda s: s.query(Mix).update({"name": "Noon"}), UPDATED),
    "Query.delete": Write(lambda s: s.query(Song).filter_by(id=-2).delete(), DELETED),
    "execute(insert(Model), [..])": Write(lambda s: s.execute(insert(Mix), [NEW]), CREATED),
    "execute(update(Model), [..])": Write(
        lambda s: s.execute(update(Mix), [{"id": -1, "name": "Noon"}]), UPDATED),
    "upsert": Write(upsert, UPDATED),
    "bulk_insert_mappings": Write(lambda s: s.bulk_insert_mappings(Mix, [NEW])),
    "bulk_update_mappings": Write(
        lambda s: s.bulk_update_mappings(Mix, [{"id": -1, "name": "Noon"}])),
    "bulk_save_objects": Write(lambda s: s.bulk_save_objects([Mix(**NEW)])),
    "Core insert": Write(lambda s: s.execute(MIXES.insert(), NEW)),
    "Core update": Write(lambda s: s.execute(MIXES.update().values(name="Noon"))),
    "Core delete": Write(lambda s: s.execute(mix_songs.delete())),
    "text": Write(lambda s: s.execute(text(SQL))),
    "text in a CTE of a SELECT": Write(
        lambda s: s.execute(text(f"WITH x AS ({SQL} RETURNING id) SELECT * FROM x")).all(),
        only=POSTGRES),
    "CTE of a SELECT": Write(cte, only=POSTGRES),
    "session.connection(): Core": Write(
        lambda s: s.connection().execute(MIXES.update().values(name="Noon"))),
    "session.connection(): text": Write(lambda s: s.connection().execute(text(GONE))),
    "engine.begin(): Core": Write(outside(lambda c: c.execute(MIXES.insert(), NEW))),
    "engine.begin(): executemany": Write(outside(lambda c: c.execute(MIXES.insert(), [NEW, NEW]))),
    "engine.begin(): text": Write(outside(lambda c: c.execute(text(SQL)))),
    "exec_driver_sql": Write(outside(lambda c: c.exec_driver_sql(SQL))),
    "exec_driver_sql: executemany": Write(outside(lambda c: c.exec_driver_sql(
        "UPDATE mixes SET plays = "
        + ("%s" if c.dialect.name == POSTGRES else "?"), [(5,), (6,)]))),
    "association past the unit of work": Write(
        lambda s: s.execute(mix_songs.insert(), {"mix_id": -1, "song_id": -2})),
    "a session that nobody watches": Write(unwatched),
    "TRUNCATE": Write(lambda s: s.execute(text("TRUNCATE songs, mix_songs")), only=POSTGRES),
    "MERGE": Write(lambda s: s.execute(text(
        "MERGE INTO mixes USING (SELECT -1 AS id) AS n ON mixes.id = n.id "
        "WHEN MATCHED THEN UPDATE SET name = 'Noon'")), only=POSTGRES),
    "COPY FROM": Write(lambda s: s.execute(text(
        "COPY songs (title) FROM PROGRAM 'echo Coda'")), only=POSTGRES),
    "DO": Write(lambda s: s.execute(text(
        "DO $$ BEGIN UPDATE mixes SET name = 'Noon'; END $$")), only=POSTGRES),
    "REPLACE": Write(lambda s: s.execute(text(
        "REPLACE INTO songs (id, title) VALUES (-2, 'Coda')")), only=SQLITE),
    "INSERT OR REPLACE": Write(lambda s: s.execute(text(
        "INSERT OR REPLACE INTO songs (id, title) VALUES (-2, 'Coda')")), only=SQLITE),
}


@pytest.mark.report(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12)
@pytest.mark.parametrize("kind", WRITES)
def test_every_write_is_recorded_or_known(kind: str, shop: Stage) -> None:
    write = WRITES[kind]
    before = len(shop.rows())
    with shop.session() as session:
        if write.only not in (None, shop.engine.dialect.name):
            with pytest.raises(DBAPIError):
                write.act(session)
            assert shop.count("bypasses") == 0, "what the database refuses is no write"
            return
        write.act(session)
        session.commit()

    found = shop.rows()[before:]
    rows = [(row.activity_type, row.metadata_json["changes"]) for row in found]
    assert {row.user_id for row in found} <= {7}
    assert (rows, shop.count("bypasses")) == (
        ([], 1) if write.leaves is None else ([write.leaves], 0)
    )
