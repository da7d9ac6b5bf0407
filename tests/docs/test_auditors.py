"""What auditors are told to type does what the pages say, on a trail with something to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import re
import shlex
from uuid import uuid4

from click.testing import CliRunner, Result
from flask import Flask
import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.audit_trail import trail
from shuffify.models.db import UpstreamSource, db
from tests import databases
from tests.docs import pages
from tests.docs.pages import ROOT
from tests.visitor import on_sqlite

ROLE = ROOT / "docs/audit/auditor-role.sql"
COMMANDS = ROOT / "docs/audit/auditors.md"


@pytest.fixture
def shuffify(
    app_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Result]:
    """Return a function that runs one line of a shell, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    environ = {
        "APP_CONFIG": "testing", "DATABASE_URL": app_database_url,
        "AUDIT_SPOOL": str(tmp_path / "spool.jsonl"),
    }

    def run(line: str) -> Result:
        program, *words = shlex.split(line, comments=True)
        assert program == "shuffify"
        return CliRunner().invoke(cli.cli, words, env=environ)

    return run


@pytest.mark.usefixtures("found")
@pytest.mark.unshadowed("the trail has a gap, which is not looked for here")
def test_every_command_does_what_it_is_for(
    outside: Session, shuffify: Callable[[str], Result]
) -> None:
    outside.execute(update(UpstreamSource).values(source_name="by hand"))
    outside.commit()
    for block in pages.blocks(COMMANDS, "sh"):
        for line in block.code.splitlines():
            result = shuffify(line)
            expected = 1 if "ends with 1" in line else 0
            assert result.exit_code == expected, f"{line}\n{result.output}"
            assert "No activity fits" not in result.output, line


# -- the role ----------------------------------------------------------------------------------


@pytest.fixture
def auditor(postgres_url: str) -> Iterator[Connection]:
    """A connection that has the role's rights, on a database with all tables."""
    name = f"auditor_{uuid4().hex[:12]}"
    engine = databases.connect(postgres_url)
    db.metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(ROLE.read_text().replace("shuffify_auditor", name))
        connection.exec_driver_sql(f"SET ROLE {name}")
        yield connection
        connection.exec_driver_sql("RESET ROLE")
        connection.exec_driver_sql(f"DROP OWNED BY {name}")
        connection.exec_driver_sql(f"DROP ROLE {name}")
    engine.dispose()


READABLE = {"activity_log", "activity_seals"}


RIGHTS = """
SELECT c.relname || ' ' || right_name
FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                              'TRIGGER']) AS right_name
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
  AND has_table_privilege(c.oid, right_name)
UNION ALL
SELECT c.relname FROM pg_class c
WHERE CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE') END
UNION ALL
SELECT 'CREATE' WHERE has_schema_privilege('public', 'CREATE')
"""


def refusal(connection: Connection, statement: str) -> str:
    """Return why the role may not do something; empty if it may."""
    try:
        connection.exec_driver_sql(statement)
    except ProgrammingError as error:
        return str(error.orig)
    return ""


def test_the_role_reads_the_trail_and_its_seals_and_does_nothing_else(auditor: Connection) -> None:
    rights = set(auditor.exec_driver_sql(RIGHTS).scalars())
    assert rights == {f"{table} SELECT" for table in READABLE}

    for table in READABLE:
        assert auditor.exec_driver_sql(f"SELECT * FROM {table}").all() == []
    for statement in ("SELECT * FROM users", "DELETE FROM activity_log", "TRUNCATE activity_log",
                      "ALTER TABLE activity_log DISABLE TRIGGER ALL", "DROP TABLE activity_seals"):
        # Not what the tables' own triggers say: that would prove no right.
        assert re.match("permission denied|must be owner", refusal(auditor, statement)), statement


@on_sqlite
def test_the_metrics_that_are_named_exist(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "meter", None)
    token = "a-token-of-a-prometheus"
    client = make_app(METRICS_TOKEN=token).test_client()
    told = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
    text = "".join(page.read_text() for page in pages.PAGES)
    named = set(re.findall(r"`(shuffify_audit_\w+)`", text))
    assert len(named) > 5
    assert {name for name in named if f"TYPE {name} " not in told} == set()
