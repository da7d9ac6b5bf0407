"""`shuffify audit show`: one event in full."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Audit, Record
from tests.visitor import on_sqlite

DIGEST = {"count": 12, "bytes": 400, "sha256": "ab" * 32}


def test_an_event_is_shown_with_each_column_before_and_after(
    audit: Audit, record: Record
) -> None:
    row = record(
        "Updated workshop session 'Draft'",
        activity_type="workshop_session_save",
        playlist_id="pQoevgc7VqjS5mlTDcPk68",
        playlist_name="Morning run",
        entity_type="workshop_session",
        entity_id="3",
        request_id="97ad8129-f095-4c91-9d19-fec1fd758883",
        metadata_json={
            "session_name": "Draft",
            "changes": {"track_uris": [DIGEST, {**DIGEST, "count": 1}], "theme": [None, "dark"]},
        },
    )
    result = audit("show", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"Event       1 ({row.event_id})",
        "Time        2026-11-23T14:00:00+00:00",
        "Type        workshop_session_save",
        "Sentence    Updated workshop session 'Draft'",
        "Playlist    Morning run (pQoevgc7VqjS5mlTDcPk68)",
        "User        1 (mira)",
        "Entity      workshop_session:3",
        "Source      web",
        "Request     97ad8129-f095-4c91-9d19-fec1fd758883",
        "",
        "Metadata",
        '  session_name  "Draft"',
        "",
        "COLUMN                    BEFORE                      AFTER",
        'theme                     null                        "dark"',
        "track_uris                count 12, 400 bytes,        count 1, 400 bytes, sha256",
        "                          sha256 abababababab…        abababababab…",
    ]


def test_an_event_is_found_by_number_and_by_event_id(audit: Audit, record: Record) -> None:
    row = record(metadata_json={"everywhere": True})
    for reference in ("1", row.event_id, row.event_id.upper()):
        assert json.loads(audit("show", reference, "--json").stdout) == row.to_dict()


@on_sqlite
def test_an_event_without_metadata_is_shown_too(audit: Audit, record: Record) -> None:
    record("Logged out", source=None)
    lines = audit("show", "1").stdout.splitlines()
    assert lines[1:] == [
        "Time        2026-11-23T14:00:00+00:00",
        "Type        logout",
        "Sentence    Logged out",
        "User        1 (mira)",
    ]


@on_sqlite
def test_changes_that_were_too_long_to_keep_are_named(audit: Audit, record: Record) -> None:
    record(metadata_json={"truncated": True, "changes": ["algorithm_params", "theme"]})
    shown = audit("show", "1").stdout
    assert "algorithm_params, theme (the values were too long to keep)" in shown


def test_a_row_about_suspended_recording_is_shown_with_its_number_of_changes(
    audit: Audit, record: Record
) -> None:
    record(activity_type="audit_suspended", metadata_json={"changes": 3, "reason": "import"})
    result = audit("show", "1")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-3:] == [
        "Metadata", "  changes     3", '  reason      "import"',
    ]


@pytest.mark.parametrize(("metadata", "shown"), [
    ([1], "[1]"),
    ("text", '"text"'),
    ({"changes": {"theme": 7}}, "7"),
    ({"changes": {"theme": ["light", "dark", "blue"]}}, '"blue"]'),
    ({"changes": {"theme": [{"count": 1, "bytes": 2, "sha256": 3}, None]}}, "3…"),
])
def test_metadata_of_a_shape_that_nobody_writes_is_shown_too(
    audit: Audit, record: Record, metadata: Any, shown: str
) -> None:
    record(metadata_json=metadata)
    result = audit("show", "1")
    assert result.exit_code == 0, result.output
    assert shown in result.stdout


@on_sqlite
def test_hostile_values_cannot_steer_the_terminal(audit: Audit, record: Record) -> None:
    record(metadata_json={"\x1b[2J": "\u202e", "changes": {"\x07": ["\x1b[31m", "\x9b"]}})
    shown = audit("show", "1").stdout
    assert not {"\x1b", "\u202e", "\x07", "\x9b"} & set(shown)


def test_an_unknown_event_ends_with_1(audit: Audit, record: Record) -> None:
    record()
    for reference in ("2", "9" * 18, "01a20784-6df9-7000-be63-f63a8d1d4bbc"):
        result = audit("show", reference)
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"There is no event {reference}" in result.stderr


@on_sqlite
@pytest.mark.parametrize("reference", ["", "one", "-1", "1.5", "01a20784", "9" * 19])
def test_what_is_no_reference_is_wrong_usage(audit: Audit, reference: str) -> None:
    result = audit("show", "--", reference)
    assert result.exit_code == 2
    assert "event_id" in result.stderr
