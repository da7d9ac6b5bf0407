"""`shuffify audit` by a role of PostgreSQL that lacks a right, and on what the engine refuses."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from shuffify.audit import AuditError
from shuffify.audit_trail import trail
from tests.cli.conftest import Audit, Record
from tests.visitor import on_postgresql, on_sqlite


@pytest.fixture
def reader(app_database_url: str, session: Session) -> Iterator[str]:
    """Return the address of the database for a role that may read its tables."""
    name = f"reader_{uuid4().hex[:8]}"
    for statement in (
        f"CREATE ROLE {name} LOGIN", f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
    ):
        session.execute(text(statement))
    session.commit()
    yield make_url(app_database_url).set(username=name).render_as_string(hide_password=False)
    session.rollback()
    session.execute(text(f"DROP OWNED BY {name}"))
    session.execute(text(f"DROP ROLE {name}"))
    session.commit()


@on_postgresql
@pytest.mark.parametrize("arguments", [("seal",), ("prune", "--keep-days", "1")], ids=" ".join)
def test_a_right_that_a_role_lacks_is_named_and_ends_with_78(
    audit: Audit, record: Record, reader: str, arguments: tuple[str, ...]
) -> None:
    record()
    result = audit(*arguments, DATABASE_URL=reader)
    assert result.exit_code == 78, result.exception
    assert "permission denied for table activity_" in result.stderr
    assert "Grant its role that right" in result.stderr
    assert "INSERT INTO" not in result.stderr and "SELECT" not in result.stderr


@on_postgresql
def test_a_role_that_may_not_read_the_trail_is_told_so(
    audit: Audit, record: Record, reader: str, session: Session
) -> None:
    record()
    assert audit("list", DATABASE_URL=reader).exit_code == 0
    session.execute(text(f"REVOKE SELECT ON activity_log FROM {make_url(reader).username}"))
    session.commit()
    result = audit("list", DATABASE_URL=reader)
    assert result.exit_code == 78, result.exception
    assert "permission denied for table activity_log" in result.stderr


@on_sqlite
def test_what_the_engine_refuses_is_said_without_a_traceback(
    audit: Audit, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AuditError("Sealing is made for SQLite and PostgreSQL, not for oracle.")

    record()
    monkeypatch.setattr(trail.custody, "seal", refuse)
    result = audit("seal")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not for oracle." in result.stderr
