"""Rows in other systems' words: checked against what those systems define."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft202012Validator, FormatChecker
import pytest

from shuffify.audit import cloud_event, csv_cells, ecs

ROW: dict[str, Any] = {
    "id": 12,
    "user_id": 7,
    "activity_type": "schedule_update",
    "description": "Updated shuffle schedule for 'Morning run' (schedule_value)",
    "playlist_id": "pQoevgc7VqjS5mlTDcPk68",
    "playlist_name": "Morning run",
    "metadata": {"changes": {"schedule_value": ["daily", None]}, "reason": "moved",
                 "client": {"remote_addr": "192.0.2.0", "user_agent": "Firefox"}},
    "created_at": "2026-11-23T14:00:00.000001+00:00",
    "event_id": "0193543b-6a00-7000-8000-000000000001",
    "entity_type": "schedule",
    "entity_id": "3",
    "source": "web",
    "request_id": "97ad8129-f095-4c91-9d19-fec1fd758883",
}

BARE = {**dict.fromkeys(ROW), "id": 1, "activity_type": "login", "description": "Logged in",
        "created_at": ROW["created_at"], "event_id": ROW["event_id"]}

ECS = Draft202012Validator(
    json.loads((Path(__file__).parent / "ecs.schema.json").read_text()),
    format_checker=FormatChecker(),
)
"""Our excerpt: the fields that we use, with the values that ECS 8.17 allows, and no others."""


@pytest.mark.parametrize("row", [ROW, BARE], ids=["full", "bare"])
def test_a_cloud_event_is_one_to_the_specifications_own_library(row: dict[str, Any]) -> None:
    told = cloud_event(row, source="https://shuffify.example.org/activity", prefix="io.shuffify")
    read = JSONFormat().read(CloudEvent, json.dumps(told))
    assert read.get_id() == row["event_id"]
    assert read.get_type() == f"io.shuffify.{row['activity_type']}.v1"
    assert read.get_specversion() == "1.0" and read.get_time() is not None
    assert read.get_subject() == ("schedule/3" if row is ROW else None)
    assert read.get_data() == {name: row[name] for name in row if name != "event_id"}


@pytest.mark.parametrize("row", [ROW, BARE], ids=["full", "bare"])
def test_an_ecs_document_holds_what_the_schema_knows(row: dict[str, Any]) -> None:
    ECS.validate(ecs(row, namespace="shuffify"))


@pytest.mark.parametrize(("place", "value"), [
    ("@timestamp", "2026-11-23T25:00:00+00:00"),
    ("@timestamp", "2026-02-30T14:00:00+00:00"),
    ("@timestamp", "2026-11-23T14:00:00"),
    ("source", {"ip": "192.0.2.256"}),
])
def test_the_schema_refuses_what_is_no_date_and_no_address(place: str, value: Any) -> None:
    told = {**ecs(ROW, namespace="shuffify"), place: value}
    assert [error.json_path for error in ECS.iter_errors(told)] == [
        "$['@timestamp']" if place == "@timestamp" else "$.source.ip"
    ]


def test_the_specifications_own_library_refuses_what_is_no_date() -> None:
    told = cloud_event(ROW, source="https://shuffify.example.org/activity", prefix="io.shuffify")
    with pytest.raises(ValueError):
        JSONFormat().read(CloudEvent, json.dumps({**told, "time": "2026-11-23T25:00:00+00:00"}))


@pytest.mark.parametrize(("kind", "metadata", "event"), [
    ("schedule_create", {}, ("configuration", "creation", "success")),
    ("upstream_source_add", {}, ("configuration", "creation", "success")),
    ("snapshot_delete", {}, ("configuration", "deletion", "success")),
    ("schedule_toggle", {}, ("configuration", "change", "success")),
    ("schedule_run", {"outcome": "failed"}, ("configuration", "info", "failure")),
    ("schedule_run", {"outcome": "skipped"}, ("configuration", "info", "unknown")),
    ("shuffle", {"outcome": "interrupted"}, ("configuration", "change", "failure")),
    ("login", None, ("authentication", "start", "success")),
    ("logout", None, ("authentication", "end", "success")),
    ("user_update", None, ("iam", "change", "success")),
])
def test_ecs_names_what_happened(kind: str, metadata: Any, event: tuple[str, str, str]) -> None:
    told = ecs({**ROW, "activity_type": kind, "metadata": metadata}, namespace="shuffify")
    ECS.validate(told)
    found = told["event"]
    assert (found["category"][0], found["type"][0], found["outcome"]) == event


def test_a_null_before_or_after_stays_in_the_metadata() -> None:
    told = ecs(ROW, namespace="shuffify")
    assert told["shuffify"]["metadata"]["changes"] == {"schedule_value": ["daily", None]}
    assert told["source"] == {"ip": "192.0.2.0"}
    assert told["user_agent"] == {"original": "Firefox"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    cells = csv_cells({**ROW, "playlist_name": f"{start}cmd|' /C calc'!A0"})
    visible = {"\t": r"\t", "\r": r"\r"}.get(start, start)
    assert cells[5] == f"'{visible}cmd|' /C calc'!A0"
    assert cells[0] == "12" and json.loads(cells[6]) == ROW["metadata"]


@pytest.mark.parametrize(("text", "told"), [
    ("\x1b]0;evil\x07", r"\x1b]0;evil\x07"),
    ("a\u202ecod.exe", r"a\u202ecod.exe"),
    ("two\nlines", "two\nlines"),
    ("half \ud83d", r"half \ud83d"),
    ("👩\u200d🚀 späte Nacht", "👩\u200d🚀 späte Nacht"),
])
def test_a_csv_cell_steers_no_terminal(text: str, told: str) -> None:
    assert csv_cells({**ROW, "playlist_name": text})[5] == told
