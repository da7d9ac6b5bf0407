"""`suspended`: changes pass unrecorded, and one row says who let them pass, why, how many."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.audit import bind, suspended
from shuffify.audit.bypass import Bypass
from shuffify.audit.suspension import suspension
from tests.audit.shop import MIXES, Mix, Play, Visit
from tests.audit.stage import Stage


def made(name: str = "Dusk") -> Mix:
    return Mix(name=name, user_id=8)


class Newest:
    """What came to the log since the last look, as (type, who, metadata)."""

    def __init__(self, shop: Stage) -> None:
        self.shop = shop
        self.seen = len(shop.rows())

    def __call__(self) -> list[tuple[str, int, Any]]:
        rows = self.shop.rows()[self.seen:]
        self.seen += len(rows)
        return [(row.activity_type, row.user_id, row.metadata_json) for row in rows]


@pytest.fixture
def newest(shop: Stage) -> Newest:
    return Newest(shop)


def passed(number: int, reason: str = "import") -> tuple[str, int, Any]:
    return "audit_suspended", 7, {"changes": number, "reason": reason}


def test_one_row_says_who_why_and_how_many(shop: Stage, newest: Newest) -> None:
    with shop.session() as session:
        with suspended("import"):
            session.add_all([made(), made()])
            session.flush()
            session.get_one(Mix, -1).name = "Noon"
            session.flush()
        session.add(made("after"))
        session.commit()
    assert shop.rows()[-2].description == "Let 3 changes pass unrecorded: import"
    assert [row[0] for row in newest()] == ["audit_suspended", "mix_create"]
    assert shop.count("rows") == 2 and shop.count("bypasses") == 0


def rolled_back_savepoint(session: Session) -> None:
    with pytest.raises(KeyError), session.begin_nested():
        session.add(made())
        session.flush()
        raise KeyError
    session.add(made())


def released_savepoint(session: Session) -> None:
    with session.begin_nested():
        session.add(made())
    session.add(made())


def connections_savepoint(session: Session) -> None:
    with session.connection().begin_nested():
        session.add(made())
        session.flush()


def undone(session: Session) -> None:
    session.add(made())
    session.flush()
    session.rollback()


def statements(session: Session) -> None:
    session.bulk_insert_mappings(Mix, [{"name": "x", "plays": 0}, {"name": "y", "plays": 0}])
    session.execute(MIXES.update().values(name="z"))
    session.connection().execute(text("DELETE FROM mixes WHERE name = 'nobody'"))


KINDS: dict[str, tuple[Callable[[Session], Any], int | None]] = {
    "a flush": (lambda session: session.add(made()), 1),
    "a savepoint that is rolled back": (rolled_back_savepoint, 1),
    "a savepoint that is released": (released_savepoint, 2),
    "a savepoint of the connection": (connections_savepoint, 1),
    "a transaction that is rolled back": (undone, None),
    "nothing": (lambda session: session.get(Mix, -1), None),
    "what leaves no row anyhow": (
        lambda session: session.add_all([Visit(page="x"), Play(song="x")]), None),
    "no real change": (lambda session: setattr(session.get_one(Mix, -1), "name", "Dawn"), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_passed_is_what_was_committed(kind: str, shop: Stage, newest: Newest) -> None:
    write, number = KINDS[kind]
    with shop.session() as session, suspended("import"):
        write(session)
        session.commit()
    assert newest() == ([] if number is None else [passed(number)])


def test_statements_past_the_flush_are_counted_and_no_bypass(
    shop: Stage, newest: Newest, found: list[Bypass]
) -> None:
    with shop.session() as session, suspended("import"):
        statements(session)
        session.commit()
    assert newest() == [passed(5)], "two inserted, three renamed"
    assert found == []


def test_each_transaction_leaves_a_row_of_its_own(shop: Stage, newest: Newest) -> None:
    with suspended("import"), shop.session() as session:
        for number in (1, 2):
            session.add_all([made() for _ in range(number)])
            session.commit()
    assert newest() == [passed(1), passed(2)]


def test_two_blocks_in_one_transaction_are_told_apart(shop: Stage, newest: Newest) -> None:
    with shop.session() as session:
        with suspended("import"):
            session.add(made())
            session.flush()
            with suspended("repair"), bind(user_id=8):
                session.add_all([made(), made()])
                session.flush()
            session.add(made())
            session.flush()
        session.commit()
    assert newest() == [passed(2), ("audit_suspended", 8, {"changes": 2, "reason": "repair"})]


def test_what_is_recorded_already_stays_true(shop: Stage, newest: Newest) -> None:
    with shop.session() as session:
        mix, gone = made(), made()
        session.add_all([mix, gone])
        session.flush()
        with suspended("import"):
            mix.name = "Noon"
            session.delete(gone)
            session.flush()
        session.commit()
    (kind, _, told), = newest()
    assert kind == "mix_create" and told["changes"]["name"] == [None, "Noon"]


@pytest.mark.report(42)
def test_the_block_ends_with_an_exception_and_covers_no_other_thread(shop: Stage) -> None:
    seen: list[Any] = []
    with pytest.raises(KeyError), suspended("import"):
        thread = threading.Thread(target=lambda: seen.append(suspension()))
        thread.start()
        thread.join(10)
        raise KeyError
    assert seen == [None] and suspension() is None


@pytest.mark.parametrize("reason", ["", "  ", None, 7])
def test_no_reason_no_suspension(reason: Any) -> None:
    with pytest.raises(ValueError, match="say why"), suspended(reason):
        pass


def test_where_nobody_is_bound_the_row_goes_to_the_spool(shop: Stage, newest: Newest) -> None:
    with shop.session() as session, suspended("import"), bind(kind="unknown"):
        session.add(made())
        session.commit()
    assert newest() == []
    path = shop.trail.spool.path
    assert path is not None
    line = json.loads(path.read_text().splitlines()[-1])
    assert line["activity_type"] == "audit_suspended" and line["stage"] == "actor"
    told = line["metadata_json"]
    told = json.loads(told) if isinstance(told, str) else told
    assert told["actor"]["kind"] == "unknown" and told["changes"] == 1
    assert shop.count("losses.actor") == shop.count("unknown_actor") == 1
