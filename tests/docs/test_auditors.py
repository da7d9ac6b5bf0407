"""What auditors are told to type does what the pages say, on a trail with something to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
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
from shuffify.audit import bind, suspended
from shuffify.audit_trail import trail
from shuffify.enums import ActivityType
from shuffify.models.base import utcnow
from shuffify.models.db import (
    ActivityLog, JobExecution, Schedule, UpstreamSource, User, WorkshopSession, db,
)
from shuffify.services import ActivityLogService
from tests import databases
from tests.docs import pages
from tests.docs.pages import ROOT, Block
from tests.visitor import on_sqlite

RECIPES = ROOT / "docs/audit/recipes.md"
ROLE = ROOT / "docs/audit/auditor-role.sql"
COMMANDS = ROOT / "docs/audit/auditors.md"

CAUSE = "97ad8129-f095-4c91-9d19-fec1fd758883"
"""The request that the pages ask about; they ask for account, schedule and source 1 as well."""


@pytest.fixture
def found(app: Flask, user: User) -> None:
    """Leave a trail with a bit of everything that an auditor may look for."""
    # No context stays pushed: a command has an app of its own, as in a shell.
    with app.app_context():
        _long_ago(user.id)
        _in_requests(user.id)
        _past_requests(user.id)


def _long_ago(user_id: int) -> None:
    old = {"user_id": user_id, "activity_type": "logout", "description": "Logged out"}
    db.session.add_all(
        ActivityLog(**old, created_at=utcnow() - timedelta(days=500)) for _ in range(2)
    )
    db.session.commit()
    with bind(kind="cli", label="cli:ops", source="retention"):
        trail.custody.prune(db.engine, utcnow() - timedelta(days=400), reason="policy 7")
        trail.custody.erase(db.session(), user_id)
        db.session.commit()


def _in_requests(user_id: int) -> None:
    with bind(user_id=user_id, source="web", request_id=CAUSE):
        ActivityLogService.log(user_id, ActivityType.LOGIN, "Logged in via Spotify OAuth")
        schedule = Schedule(
            user_id=user_id, job_type="shuffle", target_playlist_id="p1",
            target_playlist_name="Mix", algorithm_name="BasicShuffle",
        )
        source = UpstreamSource(
            user_id=user_id, target_playlist_id="p1", target_playlist_name="Mix",
            source_playlist_id="s1", source_name="Fresh", source_type="external",
        )
        db.session.add_all([schedule, source])
        db.session.commit()
        schedule.is_enabled = False
        db.session.commit()
        with bind(on_behalf_of=2):
            schedule.schedule_value = "weekly"
            db.session.commit()
        drafts = [
            WorkshopSession(user_id=user_id, playlist_id="p1", playlist_name="Mix",
                            session_name=f"Draft {number}", track_uris=[])
            for number in range(3)
        ]
        db.session.add_all(drafts)
        db.session.commit()
        for draft in drafts:
            db.session.delete(draft)
        schedule.algorithm_params = {"much": "x" * 9000}
        db.session.commit()


def _past_requests(user_id: int) -> None:
    schedule = db.session.get_one(Schedule, 1)
    with bind(kind="job", label="job:schedule:1", source="scheduler"):
        db.session.add(JobExecution(
            schedule=schedule, trigger="scheduler", status="failed", error_message="429"
        ))
        db.session.commit()
    with bind(user_id=user_id, source="cli"), suspended("import of the old lists"):
        schedule.schedule_value = "daily"
        db.session.commit()
    schedule.is_enabled = True
    db.session.commit()


def recipes(dialect: str) -> list[Block]:
    """Return the recipes for one database."""
    return [block for block in pages.blocks(RECIPES, "sql") if block.word in ("", dialect)]


@pytest.mark.usefixtures("found")
def test_every_recipe_finds_what_it_is_for(app_database_url: str) -> None:
    engine = databases.connect(app_database_url)
    with engine.connect() as connection:
        # The driver's own cursor, which leaves a % where it stands.
        cursor = connection.connection.cursor()
        answers = {
            f"{RECIPES.name}:{block.line}": list(cursor.execute(block.code))
            for block in recipes(engine.dialect.name)
        }
    engine.dispose()
    assert [place for place, rows in answers.items() if not rows] == []


def test_each_database_has_the_same_recipes() -> None:
    both = {dialect: len(recipes(dialect)) for dialect in ("postgresql", "sqlite")}
    headings = RECIPES.read_text().count("\n## ")
    assert both == {"postgresql": headings, "sqlite": headings}


# -- the commands ------------------------------------------------------------------------------


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
