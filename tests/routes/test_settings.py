"""Settings through HTTP."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog
from tests.visitor import Visitor, fields, on_sqlite


def trail(outside: Session) -> list[ActivityLog]:
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    return list(outside.scalars(query))


def test_settings_come_with_what_they_may_be(mira: Visitor) -> None:
    answer = mira.get("/settings").json
    assert answer["settings"]["theme"] == "system"
    assert answer["algorithms"][0]["name"] == "BasicShuffle"
    assert "Europe/Berlin" in answer["timezones"]
    assert "localtime" not in answer["timezones"]


def test_only_what_changes_is_changed_and_recorded(mira: Visitor, outside: Session) -> None:
    answer = mira.post("/settings", {"theme": "dark", "max_snapshots_per_playlist": 10})
    assert (answer.status_code, answer.json["settings"]["theme"]) == (200, "dark")
    (row,) = trail(outside)
    assert row.description == "Changed settings (theme)"
    assert row.metadata_json is not None
    assert row.metadata_json["changes"] == {"theme": ["system", "dark"]}


@pytest.mark.parametrize("body", [{}, {"theme": "system"}, {"default_algorithm": None}])
def test_unchanged_values_are_info_and_leave_no_row(
    mira: Visitor, outside: Session, body: dict[str, object]
) -> None:
    assert mira.post("/settings", body).json["category"] == "info"
    assert trail(outside) == []


def test_null_clears_the_default_algorithm(mira: Visitor) -> None:
    mira.post("/settings", {"default_algorithm": "BalancedShuffle"})
    assert mira.get("/settings").json["settings"]["default_algorithm"] == "BalancedShuffle"
    mira.post("/settings", {"default_algorithm": None})
    assert mira.get("/settings").json["settings"]["default_algorithm"] is None


def test_the_theme_is_the_pages(mira: Visitor) -> None:
    mira.post("/settings", {"theme": "dark"})
    assert 'data-theme="dark"' in mira.client.get("/").text


@on_sqlite
@pytest.mark.parametrize(
    "body, wrong",
    [
        (
            {
                "default_algorithm": "No", "theme": None, "auto_snapshot_enabled": 1,
                "max_snapshots_per_playlist": 51, "timezone": "Mars/Olympus", "email": "x",
            },
            {
                "default_algorithm", "theme", "auto_snapshot_enabled",
                "max_snapshots_per_playlist", "timezone", "email",
            },
        ),
        ({"max_snapshots_per_playlist": 0}, {"max_snapshots_per_playlist"}),
        ({"max_snapshots_per_playlist": True}, {"max_snapshots_per_playlist"}),
        ({"timezone": "../../etc/passwd"}, {"timezone"}),
        ({"timezone": "\x00"}, {"timezone"}),
        ({"theme": "Dark"}, {"theme"}),
        ([1], {"body"}),
    ],
)
def test_every_wrong_field_is_named_and_nothing_changes(
    mira: Visitor, outside: Session, body: object, wrong: set[str]
) -> None:
    before = mira.get("/settings").json["settings"]
    assert fields(mira.post("/settings", body)) == wrong
    assert mira.get("/settings").json["settings"] == before
    assert trail(outside) == []


@on_sqlite
@pytest.mark.parametrize(
    "number, message",
    [
        (0, "This must be 1 or more."),
        (51, "This must be 50 or less."),
        (1.5, "This must be a whole number."),
        (None, "This must be a whole number."),
    ],
)
def test_a_number_that_does_not_fit_is_told_its_limit(
    mira: Visitor, number: float | None, message: str
) -> None:
    answer = mira.post("/settings", {"max_snapshots_per_playlist": number})
    assert answer.json["errors"] == [
        {"field": "max_snapshots_per_playlist", "message": message}
    ]
