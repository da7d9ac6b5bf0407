"""Bulk statements of a PostgreSQL role that may do less than read every row (A2, A8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.orm import Session

from tests.audit.depot import Cell, Crate, Depot, told

pytestmark = pytest.mark.parametrize(
    "shared_depot", ["postgresql"], indirect=True, scope="session"
)

ROWS = [{"name": "x", "number": 1}, {"name": "y", "number": 2}]


@pytest.fixture
def clerk(depot: Depot) -> Iterator[Callable[..., list[Any]]]:
    """Return what executes a statement as a role with some rights, and what is told of it."""
    role = f"clerk_{uuid4().hex[:12]}"  # Roles belong to the server, and so to all test runs.

    def prepare(*statements: str) -> None:
        with depot.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("clerk", role))

    def done(rights: list[str], do: Callable[[Session], object]) -> list[Any]:
        prepare(*rights)
        with depot.session() as session:
            session.execute(text(f"SET LOCAL ROLE {role}"))
            do(session)
            session.commit()
        return told(depot)

    prepare("CREATE ROLE clerk", "GRANT SELECT, REFERENCES ON users TO clerk",
            "GRANT SELECT, INSERT ON activity_log TO clerk",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO clerk")
    yield done
    prepare("ALTER TABLE crates DISABLE ROW LEVEL SECURITY",
            "DROP POLICY IF EXISTS coming ON crates", "DROP POLICY IF EXISTS shown ON crates",
            "DROP RULE IF EXISTS noted ON crates", "DROP OWNED BY clerk", "DROP ROLE clerk")


def _insert(session: Session) -> None:
    session.execute(insert(Crate), ROWS)


def test_a_role_that_may_only_insert_does(depot: Depot, clerk: Any) -> None:
    rows = clerk(["GRANT INSERT ON crates TO clerk"], _insert)

    assert [(kind, key) for kind, key, _ in rows] == [("crate_create", None)] * 2
    assert [changes["name"] for _, _, changes in rows] == [[None, "x"], [None, "y"]]


def test_rows_that_a_policy_hides_are_inserted(depot: Depot, clerk: Any) -> None:
    rows = clerk([
        "GRANT SELECT, INSERT ON crates TO clerk",
        "ALTER TABLE crates ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY coming ON crates FOR INSERT WITH CHECK (true)",
        "CREATE POLICY shown ON crates FOR SELECT USING (name = 'mine')",
    ], _insert)

    assert [(kind, key) for kind, key, _ in rows] == [("crate_create", None)] * 2
    assert depot.troubles() == {}


def test_a_table_whose_rules_return_nothing_is_inserted_into(depot: Depot, clerk: Any) -> None:
    rows = clerk([
        "GRANT SELECT, INSERT ON crates TO clerk", "GRANT INSERT ON drafts TO clerk",
        "CREATE RULE noted AS ON INSERT TO crates DO INSTEAD "
        "INSERT INTO drafts (id, name) VALUES (new.number + 10, new.name)",
    ], _insert)

    assert [kind for kind, _, _ in rows] == ["crate_create"] * 2


def test_a_role_that_may_read_learns_the_keys(depot: Depot, clerk: Any) -> None:
    rows = clerk(["GRANT SELECT, INSERT ON crates TO clerk"], _insert)

    assert [kind for kind, _, _ in rows] == ["crate_create"] * 2
    assert all(key for _, key, _ in rows) and depot.troubles() == {}


@pytest.mark.parametrize("statement, right", [
    (update(Cell).values(text="z"), "UPDATE"), (delete(Cell), "DELETE"),
], ids=["update", "delete"])
def test_a_role_that_may_not_read_changes_rows_all_the_same(
    depot: Depot, clerk: Any, statement: Any, right: str
) -> None:
    rows = clerk([f"GRANT {right} ON cells TO clerk"], lambda session: session.execute(
        statement, execution_options={"synchronize_session": False}
    ))

    assert [(kind, key) for kind, key, _ in rows] == [(f"cell_{right.lower()}", None)]
    assert depot.last().metadata_json["bulk"]["count"] == 2
    assert depot.troubles() == {"degraded.read": 1}
