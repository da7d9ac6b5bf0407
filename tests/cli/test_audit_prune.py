"""`shuffify audit prune`: old rows go, and who asked for it is in the trail."""

from collections.abc import Callable
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shuffify.audit import sealer
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, User
from tests.cli.conftest import Audit, Record


@pytest.fixture
def old(record: Record) -> Callable[..., ActivityLog]:
    """Return a function that records a row of so many days ago."""

    def put(days: int, **columns: Any) -> ActivityLog:
        return record(created_at=utcnow() - timedelta(days=days), **columns)

    return put


def ids(session: Session) -> list[int]:
    session.rollback()
    return list(session.scalars(select(ActivityLog.id).order_by(ActivityLog.id)))


def test_old_rows_go_and_each_user_gets_a_row_about_it(
    audit: Audit, session: Session, mira: User, old: Callable[..., ActivityLog]
) -> None:
    jonas = User(spotify_id="jonas")
    session.add(jonas)
    session.commit()
    rows = [old(40), old(39, user_id=jonas.id), old(31), old(29)]
    last = rows[-1].id

    trial = json.loads(audit("prune", "--keep-days", "30", "--dry-run", "--json").output)
    assert (trial["rows"], trial["users"], trial["dry_run"]) == (3, 2, True)
    assert len(ids(session)) == 4

    result = audit("prune", "--keep-days", "30", "--reason", "our policy")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Rows pruned: 3 of 2 users, numbers 1 to 3.\n"
    assert ids(session) == [last, last + 1, last + 2]
    told = session.scalars(select(ActivityLog).where(ActivityLog.id > last)).all()
    assert {(row.user_id, row.metadata_json["rows"]) for row in told} == {
        (mira.id, 2), (jonas.id, 1)
    }
    assert {(row.source, row.metadata_json["reason"]) for row in told} == {("cli", "our policy")}
    assert {row.metadata_json["actor"]["kind"] for row in told} == {"cli"}


def test_nothing_old_is_said_and_leaves_nothing(
    audit: Audit, session: Session, old: Callable[..., ActivityLog]
) -> None:
    old(1)
    result = audit("prune", "--keep-days", "2")
    assert (result.exit_code, result.output) == (0, "Nothing is older than 2 days.\n")
    assert session.scalar(select(func.count()).select_from(ActivityLog)) == 1


@pytest.mark.parametrize("sealed, said", [
    (0, ""), (1, "Rows pruned: 1 of 1 users, numbers 1 to 1.\n"),
])
def test_rows_that_stay_because_sealing_is_held_up_are_told_and_end_with_1(
    audit: Audit, old: Callable[..., ActivityLog], monkeypatch: pytest.MonkeyPatch,
    sealed: int, said: str,
) -> None:
    for number in range(4):
        if number == sealed:
            audit("seal")
        old(9)
    monkeypatch.setattr(sealer, "horizon", lambda *_: None)
    result = audit("prune", "--keep-days", "2")

    stay = 4 - sealed
    why = "transactions under way hold up their sealing"
    assert result.stdout == f"{said}{stay} old rows must stay: {why}. Try again.\n"
    assert result.exit_code == 1
    again = audit("prune", "--keep-days", "2", "--json")
    assert (again.exit_code, json.loads(again.stdout)["held_up"]) == (1, stay)


@pytest.mark.parametrize("arguments", [(), ("--keep-days", "0"), ("--keep-days", "soon")])
def test_a_wrong_number_of_days_is_refused_and_says_what_is_allowed(
    audit: Audit, arguments: tuple[str, ...]
) -> None:
    result = audit("prune", *arguments)
    assert result.exit_code == 2
    assert "--keep-days" in result.stderr


def test_a_database_that_is_none_ends_with_3(audit: Audit, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none"
    result = audit("prune", "--keep-days", "2", DATABASE_URL=url)
    assert result.exit_code == 3
    assert not (tmp_path / "none").exists()
