"""`shuffify users`: who has an account, and what the commands leave in the trail."""

import json

from click.testing import CliRunner, Result
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.models.db import ActivityLog, User, WorkshopSession


@pytest.fixture
def mira(session: Session) -> User:
    user = User(spotify_id="mira", display_name="Mira\x1b[31m", encrypted_refresh_token="hush")
    session.add(user)
    session.flush()
    session.add(WorkshopSession(
        user_id=user.id, playlist_id="p" * 22, playlist_name="Mix", session_name="Draft",
        track_uris=[],
    ))
    session.commit()
    return user


def run(database_url: str, *args: str, answer: str | None = None) -> Result:
    environ = {"APP_CONFIG": "testing", "DATABASE_URL": database_url}
    return CliRunner().invoke(cli.cli, ["users", *args], env=environ, input=answer)


def kinds(session: Session) -> list[tuple[str, str | None]]:
    session.rollback()
    rows = session.scalars(select(ActivityLog).order_by(ActivityLog.id))
    return [(row.activity_type, row.source) for row in rows]


def test_list_shows_people_and_no_secret(app_database_url: str, mira: User) -> None:
    table = run(app_database_url, "list")
    (account,) = json.loads(run(app_database_url, "list", "--json").output)

    assert table.exit_code == 0
    assert f"{mira.id}  connected  mira  Mira\\x1b[31m" in table.output
    assert (account["id"], account["spotify_id"], account["is_active"]) == (mira.id, "mira", True)
    assert "hush" not in table.output + json.dumps(account)


def test_disable_and_enable_leave_one_row_each_and_say_so_when_nothing_changes(
    app_database_url: str, session: Session, mira: User
) -> None:
    said = [run(app_database_url, verb, str(mira.id)).output for verb in
            ("disable", "disable", "enable")]

    assert said == [
        f"Account {mira.id} is disabled.\n", f"Account {mira.id} was disabled.\n",
        f"Account {mira.id} is enabled.\n",
    ]
    assert kinds(session) == [("user_update", "cli"), ("user_update", "cli")]


def test_erase_asks_and_then_keeps_nothing_but_the_trail(
    app_database_url: str, session: Session, mira: User
) -> None:
    refused = run(app_database_url, "erase", str(mira.id), answer="n\n")
    assert (refused.exit_code, kinds(session)) == (1, [])

    erased = run(app_database_url, "erase", str(mira.id), "--yes")

    assert erased.exit_code == 0
    assert ("workshop_session_delete", "cli") in kinds(session)
    session.refresh(mira)
    assert (mira.display_name, mira.encrypted_refresh_token, mira.is_active) == (None, None, False)
    assert "mira" not in run(app_database_url, "list", "--json").output


def test_an_unknown_number_is_named_with_the_remedy(app_database_url: str) -> None:
    result = run(app_database_url, "disable", "77")

    assert result.exit_code == 1
    assert "shuffify users list" in result.output
