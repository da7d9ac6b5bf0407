"""`shuffify audit stats`: counts by type and by day."""

from datetime import timedelta
import json

import pytest
from sqlalchemy import text

from tests import databases
from tests.cli.conftest import START, Audit, Record
from tests.visitor import on_sqlite


@pytest.fixture
def week(record: Record) -> None:
    for day in range(3):
        for _ in range(day + 1):
            record(activity_type="shuffle", created_at=START + timedelta(days=day))
    # Just before and at midnight, UTC.
    record(activity_type="login", created_at=START.replace(hour=23, minute=59))
    record(activity_type="login", created_at=START.replace(day=24, hour=0))


def test_counts_come_by_type_and_by_day(audit: Audit, week: None) -> None:
    result = audit("stats", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "total": 8,
        "first": "2026-11-23T14:00:00+00:00",
        "last": "2026-11-25T14:00:00+00:00",
        "types": {"shuffle": 6, "login": 2},
        "days": {
            "2026-11-23": {"shuffle": 1, "login": 1},
            "2026-11-24": {"shuffle": 2, "login": 1},
            "2026-11-25": {"shuffle": 3},
        },
    }


def test_the_day_is_that_of_utc_whatever_the_connections_zone(
    audit: Audit, week: None, app_database_url: str
) -> None:
    if app_database_url.startswith("postgresql"):
        engine = databases.connect(app_database_url)
        with engine.begin() as connection:
            name = connection.engine.url.database
            connection.execute(text(f'ALTER DATABASE "{name}" SET timezone = \'Asia/Tokyo\''))
        engine.dispose()
    days = json.loads(audit("stats", "--json").stdout)["days"]
    assert [sum(counts.values()) for counts in days.values()] == [2, 3, 3]


def test_the_table_shows_the_newest_days_and_says_what_it_leaves_out(
    audit: Audit, week: None
) -> None:
    result = audit("stats", "--days", "2")
    assert result.stdout.splitlines() == [
        "8 rows from 2026-11-23 14:00 to 2026-11-25 14:00.",
        "",
        "TYPE            ROWS",
        "shuffle            6",
        "login              2",
        "",
        "DAY (UTC)          ROWS",
        "2026-11-24            3",
        "2026-11-25            3",
        "1 earlier days are left out: --days, --since, or --json.",
    ]


@on_sqlite
def test_filters_choose_what_is_counted(audit: Audit, week: None) -> None:
    found = json.loads(audit("stats", "--json", "--type", "login", "--since", "2026-11-24").stdout)
    assert found["types"] == {"login": 1} and found["total"] == 1
    assert audit("stats", "--until", "2026-01-01").stdout == "No activity fits.\n"
    assert json.loads(audit("stats", "--until", "2026-01-01", "--json").stdout)["days"] == {}
