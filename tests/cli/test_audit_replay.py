"""`shuffify audit replay`: what the database refused is written later, once."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path

from flask import Flask
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.models.db import ActivityLog, User, WorkshopSession, db
from tests.cli.conftest import Audit
from tests.visitor import on_sqlite


@contextmanager
def table_away(session: Session) -> Iterator[None]:
    """Let the database refuse every row of the trail for a while."""
    session.execute(text("ALTER TABLE activity_log RENAME TO activity_log_away"))
    session.commit()
    try:
        yield
    finally:
        session.execute(text("ALTER TABLE activity_log_away RENAME TO activity_log"))
        session.commit()


@pytest.fixture
def refused(app: Flask, session: Session, mira: User, spool: Path) -> None:
    """Save two workshop sessions whose activity rows the database refuses."""
    with table_away(session), app.app_context(), bind(user_id=mira.id, source="web"):
        for name in ("Draft", "Plan"):
            db.session.add(WorkshopSession(
                user_id=mira.id, playlist_id="p", playlist_name="Morning run",
                session_name=name, track_uris=[],
            ))
            db.session.commit()
    assert len(spool.read_text().splitlines()) == 2


@pytest.fixture
def app_variables(spool: Path) -> dict[str, str]:
    return {"AUDIT_SPOOL": str(spool)}


def sentences(audit: Audit) -> list[str]:
    return [row["description"] for row in json.loads(audit("list", "--json").stdout)]


@pytest.mark.usefixtures("refused")
def test_refused_rows_are_in_the_trail_once_however_often_they_are_replayed(
    audit: Audit, spool: Path
) -> None:
    assert sentences(audit) == []
    kept = spool.read_text()

    first = audit("replay")
    assert (first.exit_code, first.stdout) == (0, "2 inserted, 0 present already, none kept.\n")
    assert sentences(audit) == ["Saved workshop session 'Plan'", "Saved workshop session 'Draft'"]

    again = audit("replay")
    assert again.stdout == "The spool is empty: there is nothing to replay.\n"

    spool.write_text(kept)  # as after a crash between writing a row and forgetting its line
    third = audit("replay", "--json")
    assert json.loads(third.stdout) == {"inserted": 0, "present": 2, "kept": 0}
    assert len(sentences(audit)) == 2


@pytest.mark.usefixtures("refused")
def test_replayed_rows_say_who_did_it_and_not_who_replayed_it(
    audit: Audit, session: Session, mira: User
) -> None:
    audit("replay")
    row = session.query(ActivityLog).order_by(ActivityLog.id).first()
    assert row is not None
    assert (row.user_id, row.source, row.playlist_name) == (mira.id, "web", "Morning run")


@pytest.mark.usefixtures("refused")
def test_rows_that_are_refused_again_stay_and_end_with_1(
    audit: Audit, session: Session, spool: Path
) -> None:
    lines = [json.loads(line) for line in spool.read_text().splitlines()]
    lines[0]["user_id"] = None
    spool.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "no JSON\n")

    result = audit("replay")
    assert result.exit_code == 1
    assert result.stdout.startswith("1 inserted, 0 present already, 2 kept in ")
    assert "--as USER" in result.stdout
    assert len(spool.read_text().splitlines()) == 2
    assert sentences(audit) == ["Saved workshop session 'Plan'"]

    session.add(User(spotify_id="ops"))
    session.commit()
    adopted = audit("replay", "--as", "ops", "--json")
    assert adopted.exit_code == 1
    assert json.loads(adopted.stdout) == {"inserted": 1, "present": 0, "kept": 1}
    found = json.loads(audit("list", "--json", "--user", "ops").stdout)
    assert [row["description"] for row in found] == ["Saved workshop session 'Draft'"]


@on_sqlite
def test_an_empty_spool_is_no_failure(audit: Audit, spool: Path) -> None:
    assert audit("replay").exit_code == 0
    assert json.loads(audit("replay", "--json").stdout) == {
        "inserted": 0, "present": 0, "kept": 0,
    }
    assert not spool.exists()


@on_sqlite
@pytest.mark.usefixtures("refused")
def test_an_unknown_account_is_wrong_usage_and_touches_nothing(
    audit: Audit, spool: Path
) -> None:
    before = spool.read_text()
    result = audit("replay", "--as", "nobody")
    assert result.exit_code == 2
    assert "--as" in result.stderr
    assert spool.read_text() == before


@on_sqlite
@pytest.mark.usefixtures("refused")
def test_without_a_database_the_spool_stays_as_it_is(audit: Audit, spool: Path) -> None:
    before = spool.read_text()
    result = audit("replay", DATABASE_URL="postgresql://nobody:geheim@127.0.0.1:9/none")
    assert result.exit_code == 3
    assert "geheim" not in result.output
    assert spool.read_text() == before


@on_sqlite
def test_a_spool_that_cannot_be_read_is_said_so(audit: Audit, spool: Path) -> None:
    spool.mkdir()
    result = audit("replay")
    assert result.exit_code == 1
    assert f"The spool {spool} cannot be replayed: " in result.stderr
