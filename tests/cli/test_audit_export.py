"""`shuffify audit export`: forms, filters, whole files, quiet ends."""

from collections.abc import Iterator
import csv
from datetime import timedelta
import io
import json
import os
from pathlib import Path
import signal
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from shuffify.cli import audit_export
from shuffify.models.activity_log import ActivityLog
from shuffify.models.db import User
from shuffify.services import activity_stream
from shuffify.services.activity_query import ActivityFilter
from shuffify.services.activity_stream import stream_rows
from tests.cli.conftest import START, Audit, Record
from tests.visitor import on_sqlite


def fill(session: Session, user: User, number: int) -> None:
    """Add rows, most of them at the same time as their neighbours."""
    session.execute(insert(ActivityLog.__table__), [
        {"user_id": user.id, "activity_type": "login", "description": "x" * 200,
         "created_at": START + timedelta(seconds=index // 7), "event_id": f"{index:036}"}
        for index in range(number)
    ])
    session.commit()


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_row_comes_once_oldest_first_whatever_the_batches_cut(
    audit: Audit, session: Session, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(session, mira, 23)
    monkeypatch.setattr(activity_stream, "BATCH", 5)
    result = audit("export")
    assert result.exit_code == 0 and result.stderr == ""
    found = lines(result.stdout)
    assert [row["id"] for row in found] == list(range(1, 24))
    session.expire_all()
    assert found[0] == session.get_one(ActivityLog, 1).to_dict()


def test_filters_choose_what_is_exported(audit: Audit, record: Record) -> None:
    record(activity_type="login")
    record(activity_type="shuffle", metadata_json={"seed": 1})
    found = lines(audit("export", "--type", "shuffle").stdout)
    assert [row["metadata"] for row in found] == [{"seed": 1}]
    assert audit("export", "--type", "login", "--until", "2026-01-01").stdout == ""


@on_sqlite
def test_each_form_has_a_record_a_line(audit: Audit, record: Record) -> None:
    record("=1+1", playlist_name="a\nb", metadata_json={"seed": 1}, activity_type="shuffle")
    event, = lines(audit("export", "--format", "cloudevents").stdout)
    assert event["type"] == "io.shuffify.shuffle.v1"
    assert event["source"] == "http://127.0.0.1:8000/activity"
    document, = lines(audit("export", "--format", "ecs").stdout)
    assert document["event"]["action"] == "shuffle"
    head, cells = csv.reader(io.StringIO(audit("export", "--format", "csv").stdout, newline=""))
    row = dict(zip(head, cells, strict=True))
    assert list(row) == list(ActivityLog().to_dict())
    assert row["description"] == "'=1+1" and row["playlist_name"] == "a\nb"
    assert json.loads(row["metadata"]) == {"seed": 1}


def test_a_file_is_there_when_it_is_complete_and_readable_by_its_owner(
    audit: Audit, record: Record, tmp_path: Path
) -> None:
    record()
    out = tmp_path / "trail.ndjson"
    out.write_text("old")
    result = audit("export", "--out", str(out))
    assert result.exit_code == 0 and result.stdout == ""
    assert result.stderr == f"1 rows in {out}.\n"
    assert len(lines(out.read_text())) == 1
    assert out.stat().st_mode & 0o777 == 0o600


@on_sqlite
def test_a_failure_half_way_leaves_the_old_file_and_no_half_one(
    audit: Audit, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    out = tmp_path / "out" / "trail.csv"
    out.parent.mkdir()
    out.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = audit("export", "--out", str(out))
    assert result.exit_code == 1
    assert result.stderr == f"Error: {out} cannot be written: No space left on device.\n"
    assert out.read_text() == "old" and list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(("out", "said"), [
    ("", "It is empty: name a file."),
    (".", "'.' is a directory: name a file."),
    ("folder/", "'folder/' is a directory: name a file."),
    ("new/", "'new/' is a directory: name a file."),
    ("folder", "'folder' is a directory."),
    ("missing/trail", "There is no folder missing: name a file in one that is there."),
    ("file/trail", "There is no folder file: name a file in one that is there."),
])
@pytest.mark.parametrize(("command", "option"), [
    ("export", "--out"), ("report", "--out"), ("verify", "--anchor"),
])
@on_sqlite
def test_a_name_that_can_be_no_file_says_which_and_why(
    audit: Audit, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    option: str, out: str, said: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    result = audit(command, option, out)
    assert (result.exit_code, result.stdout) == (2, "")
    told = " ".join(result.stderr.split())
    assert f"Invalid value for '{option}': " in told and said in told
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("out", "said"), [
    ("/dev/null", "/dev/null is no file."),
    ("x" * 250, "cannot be written: File name too long."),
])
@on_sqlite
def test_a_file_that_cannot_be_made_says_why(
    audit: Audit, record: Record, tmp_path: Path, out: str, said: str
) -> None:
    for command in ("export", "report"):
        result = audit(command, "--out", str(tmp_path / out))
        assert (result.exit_code, result.stdout) == (2, "")
        assert "Invalid value for '--out': " in result.stderr
        assert said in " ".join(result.stderr.split())


@on_sqlite
def test_a_wrong_form_says_which_there_are(audit: Audit, record: Record) -> None:
    result = audit("export", "--format", "xml")
    assert result.exit_code == 2
    assert "'ndjson', 'csv', 'cloudevents', 'ecs'" in result.stderr


@on_sqlite
def test_memory_does_not_grow_with_the_rows(
    audit: Audit, session: Session, mira: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_stream, "BATCH", 500)
    fill(session, mira, 4_000)
    audit("export", "--out", str(tmp_path / "trail"))
    peaks = []
    for since in (START + timedelta(seconds=3_000 // 7), START):
        tracemalloc.start()
        audit("export", "--since", since.isoformat(), "--out", str(tmp_path / "trail"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0], peaks


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@on_sqlite
def test_somebody_who_ends_it_finds_no_half_file(
    audit: Audit, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    end: signal.Signals,
) -> None:
    record()
    out = tmp_path / "out"
    out.mkdir()

    def ended(wanted: ActivityFilter) -> Iterator[dict[str, Any]]:
        yield from stream_rows(wanted)
        assert list(out.iterdir())
        os.kill(os.getpid(), end)

    monkeypatch.setattr(audit_export, "stream_rows", ended)
    # Who runs tests in the background of a shell has SIGINT ignored, under nohup SIGHUP.
    usual = signal.default_int_handler if end == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(end, usual)
    try:
        assert audit("export", "--out", str(out / "trail")).exit_code == 1
        assert list(out.iterdir()) == []
        assert signal.getsignal(end) is usual
    finally:
        signal.signal(end, before)


@on_sqlite
def test_under_nohup_it_outlives_its_terminal(
    audit: Audit, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()

    def closed(wanted: ActivityFilter) -> Iterator[dict[str, Any]]:
        os.kill(os.getpid(), signal.SIGHUP)
        yield from stream_rows(wanted)

    monkeypatch.setattr(audit_export, "stream_rows", closed)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert audit("export", "--out", str(tmp_path / "trail")).exit_code == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert len(lines((tmp_path / "trail").read_text())) == 1


@on_sqlite
@pytest.mark.parametrize("kind", ["ndjson", "csv", "cloudevents", "ecs"])
def test_no_name_steers_the_terminal_of_who_exports(
    audit: Audit, record: Record, kind: str
) -> None:
    record("\x1b]0;evil\x07", playlist_name="a\u202ecod.exe")
    told = audit("export", "--format", kind).stdout
    assert "u202e" in told and not {"\x1b", "\x07", "\u202e"} & set(told)
