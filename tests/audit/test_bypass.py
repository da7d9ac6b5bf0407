"""A9: what writes past the trail is known, and nothing else is called a bypass."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import DDL, delete, event, func, insert, select, text, update
from sqlalchemy.orm import Session

from shuffify.audit import cursors, detector
from shuffify.audit.bypass import Bypass
from shuffify.audit.marks import CAPTURED
from tests.audit.shop import (
    FOREIGN, MIXES, PLAYS, VISITS, Basket, Mix, Review, Song, mix_songs, named_bypasses,
)
from tests.audit.stage import Stage


def named(name: str) -> Any:
    return MIXES.update().values(name=name)


def exchange_songs(session: Session) -> None:
    mix = session.get_one(Mix, -1)
    mix.songs.append(session.get_one(Song, -2))
    session.flush()
    mix.songs.clear()
    session.flush()


# -- what is none --------------------------------------------------------------------------------

INNOCENT: dict[str, Callable[[Session], Any]] = {
    "a flush": lambda s: (s.add(Mix(name="Dusk", user_id=7)), s.flush()),
    "an update and a delete by a flush": lambda s: (
        setattr(s.get_one(Mix, -1), "name", "Noon"), s.flush(), s.delete(s.get_one(Song, -2)),
        s.flush(),
    ),
    "an association by a flush": lambda s: exchange_songs(s),
    "many rows in batches": lambda s: (
        s.add_all([Mix(name=f"{n}", user_id=7) for n in range(1500)]), s.flush(),
    ),
    "a flush in a savepoint": lambda s: (s.begin_nested(), s.add(Mix(name="Dusk")), s.flush()),
    "a read": lambda s: s.scalars(select(Mix)).all(),
    "a locking read": lambda s: s.scalars(select(Mix).with_for_update()).all(),
    "a model that is not audited": lambda s: s.execute(VISITS.insert(), {"page": "DELETE"}),
    "text on a table that is not audited": lambda s: s.execute(text("DELETE FROM visits")),
    "an operation that leaves no row": lambda s: s.execute(PLAYS.insert(), {"song": "Intro"}),
    "another base": lambda s: s.execute(insert(Basket), {"name": "mixes"}),
    "words in a string": lambda s: s.execute(text("SELECT 'DELETE FROM mixes'")),
    "the log": lambda s: s.execute(text("UPDATE activity_log SET source = 'x' WHERE 1 = 0")),
    "definitions": lambda s: s.execute(text("CREATE TEMP TABLE spare AS SELECT * FROM mixes")),
    "what is recorded": lambda s: s.execute(named("Noon").execution_options(**{CAPTURED: True})),
}


@pytest.mark.parametrize("kind", INNOCENT)
def test_what_the_trail_sees_is_no_bypass(kind: str, shop: Stage, found: list[Bypass]) -> None:
    with shop.session() as session:
        INNOCENT[kind](session)
        session.commit()

    assert named_bypasses(found) == []
    assert shop.count("bypasses") == shop.count("bypasses.allowed") == 0
    assert shop.count("degraded.bypass") == 0


# -- what is one ---------------------------------------------------------------------------------

def test_the_log_line_has_table_kind_and_call_site_but_no_value(
    shop: Stage, found: list[Bypass], caplog: pytest.LogCaptureFixture
) -> None:
    with shop.session() as session:
        line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
        session.execute(text("UPDATE mixes SET name = 'hush' WHERE id = :id"), {"id": 4711})
        session.rollback()

    said = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert [one.getMessage() for one in said] == [
        f"the trail was bypassed: update of mixes by plain SQL at {__file__}:{line}"
    ]
    assert "hush" not in caplog.text and "4711" not in caplog.text
    assert shop.count("bypasses") == 1, "also when it is rolled back afterwards"
    assert found[0].statement.startswith("UPDATE mixes SET name = 'hush'")


UNWATCHED: dict[str, Callable[[Session], Any]] = {
    "flush": lambda session: session.flush(),
    "commit": lambda session: session.commit(),
    "autoflush": lambda session: session.scalars(select(Mix)).all(),
    "query": lambda session: session.query(Mix).count(),
    "nested": lambda session: session.begin_nested(),
    "bulk": lambda session: session.bulk_save_objects([Mix(name="Dusk")]),
}


@pytest.mark.parametrize("way", UNWATCHED)
def test_the_call_site_of_a_flush_is_the_code_that_asked_for_it(
    way: str, shop: Stage, found: list[Bypass]
) -> None:
    """SQLAlchemy's own decorators are generated: their frames belong to no file of its."""
    with Session(shop.engine) as session:
        session.add(Mix(name="Noon"))
        UNWATCHED[way](session)
        line = UNWATCHED[way].__code__.co_firstlineno
        assert found[0].site == f"{__file__}:{line}"


def test_a_text_is_a_bypass_each_time_and_reads_are_not_kept_without_end(
    shop: Stage, found: list[Bypass], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "MOST_HARMLESS", 3)
    kept = cursors._harmless[shop.engine.dialect.name]
    with shop.engine.begin() as connection:
        for number in range(9):
            connection.execute(text(f"SELECT {number}"))
            assert f"SELECT {number}" in kept and len(kept) <= 3
            connection.execute(text("UPDATE mixes SET name = 'new'"))
            connection.execute(text("SELECT 'x'"))
    assert named_bypasses(found) == [("update", ("mixes",), "text")] * 9


def test_a_list_of_values_makes_no_read_a_new_one_each_time(
    shop: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def tables_written(words: str, _: str) -> tuple[()]:
        looked.append(words)
        return ()

    monkeypatch.setattr(detector, "tables_written", tables_written)
    wanted = select(Mix.id).where(Mix.id.in_([1, 2, 3]))
    with shop.engine.connect() as connection:
        for _ in range(3):
            connection.execute(wanted)
    assert len([words for words in looked if "mixes" in words]) == 1


def test_what_a_listener_makes_of_a_read_is_not_taken_for_one(
    shop: Stage, found: list[Bypass]
) -> None:
    words = "UPDATE mixes SET name = 'rewritten'"

    def rewrite(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> Any:
        return (words if statement == "SELECT 4711" else statement), parameters

    event.listen(shop.engine, "before_cursor_execute", rewrite, retval=True)
    try:
        with shop.engine.begin() as connection:
            connection.execute(text("SELECT 4711"))
            connection.execute(text(words))
    finally:
        event.remove(shop.engine, "before_cursor_execute", rewrite)
    assert named_bypasses(found) == [("update", ("mixes",), "text")]


def test_a_statement_that_fails_has_bypassed_nothing(shop: Stage, found: list[Bypass]) -> None:
    with shop.session() as session, pytest.raises(Exception, match="(?i)no such col|not exist"):
        session.execute(text("UPDATE mixes SET nonsense = 1"))
    assert named_bypasses(found) == []


def test_an_insert_in_batches_is_one_statement(shop: Stage, found: list[Bypass]) -> None:
    many = [{"name": f"{number}"} for number in range(2500)]
    with shop.engine.begin() as connection:
        connection.execute(insert(MIXES).returning(MIXES.c.id), many)
    assert named_bypasses(found) == [("insert", ("mixes",), "statement")]


def test_every_table_of_a_statement_is_named_once(shop: Stage, found: list[Bypass]) -> None:
    gone = mix_songs.delete().returning(mix_songs.c.song_id).cte("gone")
    with shop.session() as session:
        if shop.engine.dialect.name == "postgresql":
            query = insert(MIXES).from_select(
                ["name", "plays"], select(func.max("x"), func.count()).select_from(gone)
            )
            session.execute(query)
            expected = [("delete", ("mix_songs", "mixes"), "statement")]
        else:
            session.execute(delete(mix_songs))
            expected = [("delete", ("mix_songs",), "statement")]
    assert named_bypasses(found) == expected


@pytest.mark.parametrize("module_shop", ["postgresql"], indirect=True)
def test_what_the_ctes_of_a_recorded_statement_write_is_a_bypass(
    shop: Stage, found: list[Bypass]
) -> None:
    gone = delete(Review).returning(Review.mix_id).cte("gone")
    shown = select(Mix.id).cte("shown")
    renamed = update(Mix).values(name="Noon")
    with shop.session() as session:
        for statement in (
            renamed.where(Mix.id.in_(select(gone.c.mix_id))),
            renamed.add_cte(delete(Mix).where(Mix.id > 0).cte("own")),
            renamed.where(Mix.id.in_(select(shown.c.id))),
        ):
            session.execute(statement, execution_options={"synchronize_session": False})
        session.commit()
    assert named_bypasses(found) == [
        ("delete", ("reviews",), "statement"), ("delete", ("mixes",), "statement"),
    ]
    assert shop.last().activity_type == "mix_update"


def test_a_text_that_is_called_a_definition_is_what_it_is(
    shop: Stage, found: list[Bypass]
) -> None:
    with shop.session() as session:
        session.connection().execute(DDL("DELETE FROM reviews"))
        session.connection().execute(DDL("CREATE INDEX spare ON reviews (words)"))
    assert named_bypasses(found) == [("delete", ("reviews",), "text")]


SPELLINGS = [
    'DELETE FROM "mixes"', "delete\nfrom MIXES", "DELETE /* FROM visits */ FROM mixes",
    "DELETE FROM {schema}.mixes", 'DELETE FROM "{schema}"."mixes"',
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_table_is_known_however_it_is_written(
    spelling: str, shop: Stage, found: list[Bypass]
) -> None:
    schema = "main" if shop.engine.dialect.name == "sqlite" else "public"
    with shop.session() as session:
        session.execute(delete(mix_songs).execution_options(audit="in the way"))
        session.execute(text(spelling.format(schema=schema)))
    assert named_bypasses(found) == [("delete", ("mixes",), "text")]


def test_a_name_in_another_schema_or_another_case_is_another_table(
    shop: Stage, found: list[Bypass]
) -> None:
    with shop.engine.connect() as connection:
        if shop.engine.dialect.name == "postgresql":
            connection.execute(text("CREATE SCHEMA spare CREATE TABLE mixes (id int)"))
            connection.execute(text('CREATE TABLE "Mixes" (id int)'))
            connection.execute(text("DELETE FROM spare.mixes"))
            connection.execute(text('DELETE FROM "Mixes"'))
        else:
            connection.execute(text("CREATE TEMP TABLE mixes (id int)"))
            connection.execute(text("DELETE FROM temp.mixes"))
    assert named_bypasses(found) == []


def test_somebody_elses_picture_of_the_table_is_the_same_table(
    shop: Stage, found: list[Bypass]
) -> None:
    with shop.engine.begin() as connection:
        connection.execute(FOREIGN.update().values(name="Noon"))
    assert named_bypasses(found) == [("update", ("mixes",), "statement")]


def test_a_parent_deleted_past_the_flush_is_detected_with_its_children_unseen(
    shop: Stage, found: list[Bypass]
) -> None:
    with shop.session() as session:
        session.execute(delete(mix_songs).execution_options(audit="in the way"))
        session.execute(MIXES.delete())
        session.commit()
    assert named_bypasses(found) == [("delete", ("mixes",), "statement")]


def test_a_session_that_nobody_watches_is_a_bypass(shop: Stage, found: list[Bypass]) -> None:
    with Session(shop.engine) as session:
        session.add(Mix(name="Dusk"))
        session.commit()
    assert named_bypasses(found) == [("insert", ("mixes",), "mapper")]
