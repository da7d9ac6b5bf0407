"""A flush has an inside and an outside: what goes past it there is a bypass, too (A9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import ORMExecuteState, Session

from shuffify.audit.bypass import Bypass
from tests.audit.shop import MIXES, Mix, Song, mix_songs, named_bypasses
from tests.audit.stage import Stage


def hook(stage: Stage, name: str, act: Callable[[Session], Any]) -> Callable[[], None]:
    """Let something happen once at an event of the stage's sessions."""
    done: list[bool] = []

    def listener(session: Session, *_: Any) -> None:
        if not done:
            done.append(True)
            act(session)

    event.listen(stage.Session, name, listener)
    return lambda: event.remove(stage.Session, name, listener)


BULK = {"bulk": lambda s: s.bulk_insert_mappings(Mix, [{"name": "x"}]),
        "core": lambda s: s.connection().execute(MIXES.update().values(name="x"))}


@pytest.mark.parametrize("how", BULK)
@pytest.mark.parametrize("name", ["before_flush", "after_flush", "after_flush_postexec"])
def test_what_a_hook_of_the_flush_writes_itself_is_a_bypass(
    how: str, name: str, shop: Stage, found: list[Bypass]
) -> None:
    remove = hook(shop, name, BULK[how])
    with shop.session() as session:
        session.add(Mix(name="Dusk"))
        session.commit()
    remove()
    assert [one.form for one in found] == ["mapper" if how == "bulk" else "statement"]


@pytest.mark.parametrize("options", [{}, {"compiled_cache": None}, {"compiled_cache": {}}],
                         ids=["usual", "no cache", "own cache"])
@pytest.mark.parametrize("how", BULK)
def test_what_a_models_hook_writes_in_the_middle_of_a_flush_is_a_bypass(
    how: str, options: dict[str, Any], shop: Stage, found: list[Bypass]
) -> None:
    def before_insert(mapper: Any, connection: Any, target: Song) -> None:
        BULK[how](session)

    event.listen(Song, "before_insert", before_insert)
    try:
        with shop.session(bind=shop.engine.execution_options(**options)) as session:
            session.add(Song(title="Coda"))
            session.commit()
    finally:
        event.remove(Song, "before_insert", before_insert)
    assert [one.form for one in found] == ["mapper" if how == "bulk" else "statement"]


def test_a_link_that_a_models_hook_writes_itself_is_a_bypass(
    shop: Stage, found: list[Bypass]
) -> None:
    def after_insert(mapper: Any, connection: Any, target: Mix) -> None:
        connection.execute(mix_songs.insert(), {"mix_id": target.id, "song_id": -2})

    event.listen(Mix, "after_insert", after_insert)
    try:
        with shop.session() as session:
            song = session.get_one(Song, -1)
            session.add(Mix(name="Dusk", songs=[song]))
            session.commit()
    finally:
        event.remove(Mix, "after_insert", after_insert)
    assert named_bypasses(found) == [("insert", ("mix_songs",), "statement")]


def test_what_a_listener_writes_beside_a_recorded_statement_is_a_bypass(
    shop: Stage, found: list[Bypass]
) -> None:
    def beside(state: ORMExecuteState) -> None:
        if state.is_update:
            state.session.bulk_insert_mappings(Song, [{"title": "Coda"}])

    event.listen(shop.Session, "do_orm_execute", beside)
    try:
        with shop.session() as session:
            session.execute(update(Mix), [{"id": -1, "name": "Noon"}])
            session.commit()
    finally:
        event.remove(shop.Session, "do_orm_execute", beside)
    assert named_bypasses(found) == [("insert", ("songs",), "mapper")]


def test_a_failed_flush_leaves_no_door_open(shop: Stage, found: list[Bypass]) -> None:
    with shop.session() as session:
        session.add(Mix(id=-1, name="again"))
        with pytest.raises(Exception, match="(?i)unique"):
            session.flush()
        session.rollback()
        session.bulk_insert_mappings(Mix, [{"name": "x"}])
    assert named_bypasses(found) == [("insert", ("mixes",), "mapper")]


def test_a_flush_without_work_leaves_no_door_open(shop: Stage, found: list[Bypass]) -> None:
    with shop.session() as session:
        mix = session.get_one(Mix, -1)
        mix.name = mix.name
        session.flush()
        session.bulk_update_mappings(Mix, [{"id": -1, "name": "x"}])
    assert named_bypasses(found) == [("update", ("mixes",), "mapper")]


def test_sessions_on_one_connection_are_told_apart(shop: Stage, found: list[Bypass]) -> None:
    with shop.engine.begin() as connection:
        with shop.Session(bind=connection) as outer, shop.Session(bind=connection) as inner:
            outer.add(Mix(name="Dusk"))
            inner.add(Mix(name="Noon"))
            remove = hook(shop, "before_flush", lambda _: inner.flush())
            outer.flush()
            remove()
            assert named_bypasses(found) == []
            inner.bulk_insert_mappings(Mix, [{"name": "x"}])
            outer.commit()
    assert named_bypasses(found) == [("insert", ("mixes",), "mapper")]
