"""`shuffify audit` on rows that somebody altered by hand: an auditor can look at them."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from shuffify.services import activity_stream
from tests.cli.conftest import Audit, Record
from tests.cli.test_audit_seal import tamper


@pytest.mark.parametrize(
    ("app_database_url", "altered"),
    [
        ("postgresql", "created_at = 'infinity'"),
        ("postgresql", "created_at = '-infinity'"),
        ("sqlite", "created_at = 'garbage'"),
        ("sqlite", "created_at = 5"),
        ("sqlite", "metadata_json = '{\"outcome'"),
        ("sqlite", "description = x'00ff'"),
    ],
    indirect=["app_database_url"],
)
def test_a_row_altered_by_hand_keeps_nothing_else_from_the_auditor(
    audit: Audit, record: Record, session: Session, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, altered: str,
) -> None:
    monkeypatch.setattr(activity_stream, "BATCH", 1)
    for _ in range(5):
        record(activity_type="schedule_run", playlist_id="p1", playlist_name="Mix",
               metadata_json={"schedule_id": 1, "outcome": "failed"})
    tamper(session, f"UPDATE activity_log SET {altered} WHERE id IN (2, 3)")

    paged, arguments = [], ["--limit", "1"]
    while page := json.loads(audit("list", "--json", *arguments).stdout):
        paged += page
        arguments = ["--limit", "1", "--before", f"{page[-1]['created_at']},{page[-1]['id']}"]
    assert sorted(row["id"] for row in paged) == [1, 2, 3, 4, 5]
    assert [
        row["id"] for row in paged if any(str(value).startswith("[unreadable]")
                                          for value in row.values())
    ] == [3, 2]
    for command in (
        ("list",), ("list", "--limit", "1"), ("show", "2"), ("show", "2", "--json"), ("stats",),
        ("report", "--out", str(tmp_path / "report.html")),
    ):
        result = audit(*command)
        assert result.exit_code == 0, (command, result.output, result.exception)
    assert "[unreadable]" in audit("show", "2").stdout
    assert json.loads(audit("stats", "--json").stdout)["total"] == 5
    for kind in ("ndjson", "csv", "cloudevents", "ecs"):
        result = audit("export", "--format", kind)
        assert result.exit_code == 0, (kind, result.exception)
        assert len(result.stdout.splitlines()) == (6 if kind == "csv" else 5)


@pytest.mark.parametrize("metadata", ["[1]", '{"client": "x"}', '{"outcome": [1], "reason": 7}'])
def test_metadata_of_any_shape_is_exported_and_reported(
    audit: Audit, record: Record, session: Session, tmp_path: Path, metadata: str
) -> None:
    record(activity_type="schedule_run", metadata_json={"schedule_id": "x", "outcome": "failed"})
    record(activity_type="schedule_run")
    tamper(session, f"UPDATE activity_log SET metadata_json = '{metadata}' WHERE id = 2")
    for kind in ("ndjson", "csv", "cloudevents", "ecs"):
        assert audit("export", "--format", kind).exit_code == 0, kind
    assert audit("report", "--out", str(tmp_path / "report.html")).exit_code == 0


def test_nothing_but_unreadable_times_is_counted_all_the_same(
    audit: Audit, record: Record, session: Session, tmp_path: Path
) -> None:
    record()
    time = "infinity" if session.get_bind().dialect.name == "postgresql" else "garbage"
    tamper(session, f"UPDATE activity_log SET created_at = '{time}'")
    told = audit("stats").stdout
    assert told.startswith("1 row, none with a time that can be read.\n")
    assert "[unreadable]" in told
    page = tmp_path / "report.html"
    assert audit("report", "--out", str(page)).exit_code == 0
    assert "has a time that can be read" in page.read_text()
