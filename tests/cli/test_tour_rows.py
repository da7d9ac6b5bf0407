"""What the tour takes for the same, and how it names what differs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shuffify.cli.tour.rows import Comparison, Digest, Facts, Known, KnownKey, Like, Moment, Row

CAUSE = "97ad8129-f095-4c91-9d19-fec1fd758883"
NOW = "2026-11-23T14:00:00+00:00"
FOUND = {
    "id": 1,
    "event_id": "01a20784-6df9-7000-be63-f63a8d1d4bbc",
    "user_id": 7,
    "activity_type": "settings_change",
    "description": "Changed settings (theme)",
    "playlist_id": None,
    "playlist_name": None,
    "metadata": {"changes": {"theme": ["system", "dark"]}},
    "created_at": NOW,
    "entity_type": "user_settings",
    "entity_id": "3",
    "source": "web",
    "request_id": CAUSE,
}
EXPECTED = Row(
    "settings_change",
    "Changed settings (theme)",
    {"changes": {"theme": ["system", "dark"]}},
    entity=("user_settings", KnownKey("settings")),
)


def differences(*found: dict[str, Any], expected: Row = EXPECTED) -> list[str]:
    facts: Facts = {"start": datetime(2026, 11, 23, tzinfo=UTC), "user:mira": 7}
    comparison = Comparison(facts)
    comparison.rows([expected], found, CAUSE)
    return comparison.differences


def test_the_same_row_does_not_differ() -> None:
    assert differences(FOUND) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"user_id": 8}, "user_id is 8 instead of 7"),
        ({"activity_type": "login"}, "activity_type is 'login'"),
        ({"description": "Changed"}, "description is 'Changed'"),
        ({"playlist_id": "p"}, "playlist_id is 'p' instead of None"),
        ({"source": "scheduler"}, "source is 'scheduler' instead of 'web'"),
        ({"request_id": None}, f"request_id is None instead of '{CAUSE}'"),
        ({"entity_id": None}, "entity_id is None"),
        ({"created_at": "2025-01-01T00:00:00+00:00"}, "created_at is '2025"),
        ({"metadata": None}, "metadata is None"),
        ({"metadata": {"changes": {}}}, "metadata.changes.theme is missing"),
        ({"metadata": {"changes": {"theme": ["system", "light"]}}}, "instead of ['system', 'dark"),
        ({"metadata": {**FOUND["metadata"], "actor": {}}}, "metadata.actor is not expected"),
    ],
)
def test_each_difference_is_named(change: dict[str, Any], named: str) -> None:
    (difference,) = differences({**FOUND, **change})
    assert difference.startswith("settings_change: ")
    assert named in difference


def test_missing_rows_and_those_nobody_expects_are_named() -> None:
    assert differences() == ["missing: settings_change “Changed settings (theme)”"]
    assert differences(FOUND, {**FOUND, "activity_type": "login", "description": "Hello"}) == [
        "not expected: login “Hello”"
    ]


@pytest.mark.parametrize(
    ("wanted", "found", "agrees"),
    [
        (Known("number"), 5, True),
        (Known("number"), 6, False),
        (Known("news"), "anything", True),
        (Known("news"), None, False),
        (KnownKey("number"), "5", True),
        (KnownKey("number"), 5, False),
        (KnownKey("number"), "6", False),
        (KnownKey("news"), "8", True),
        (Digest(2), {"count": 2, "bytes": 80, "sha256": "0" * 64}, True),
        (Digest(3), {"count": 2, "bytes": 80, "sha256": "0" * 64}, False),
        (Digest(2), {"count": 2, "bytes": 80, "sha256": "?" * 64}, False),
        (Digest(2), ["spotify:track:1", "spotify:track:2"], False),
        (Like(r"seed \d+"), "seed 81", True),
        (Like(r"seed \d+"), "seed 81!", False),
        (Like(r"seed \d+"), 81, False),
        (Moment(), NOW, True),
        (Moment(), "2026-11-23T14:00:00", False),
        (Moment(), "2026-11-23T14:00:00+01:00", False),
        (Moment(), "now", False),
        (Moment(), None, False),
    ],
)
def test_values_that_are_learned_on_the_way_must_agree(
    wanted: Any, found: Any, agrees: bool
) -> None:
    facts = {"start": datetime(2026, 11, 23, tzinfo=UTC), "number": 5}
    assert wanted.agrees(found, facts) is agrees


def test_a_sentence_may_be_made_of_what_was_learned() -> None:
    row = replace(EXPECTED, sentence=lambda facts: f"Changed settings of {facts['user:mira']}")
    assert differences({**FOUND, "description": "Changed settings of 7"}, expected=row) == []
    assert differences(expected=row) == ["missing: settings_change “Changed settings of 7”"]


def test_true_is_not_one_in_a_trail() -> None:
    row = Row("login", "Logged in", {"first_login": True})
    found = {
        **FOUND, "activity_type": "login", "description": "Logged in", "entity_type": None,
        "entity_id": None, "metadata": {"first_login": 1},
    }
    assert differences(found, expected=row) == [
        "login: metadata.first_login is 1 instead of True"
    ]
