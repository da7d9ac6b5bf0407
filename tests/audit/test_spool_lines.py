"""Lines that cannot go in yet, or never: they stay, and somebody is told (A3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from shuffify.audit import bind
from shuffify.audit.spool import Spool
from tests.audit.faults import ActivityLog, Base, Shelf, User
from tests.audit.stage import Stage, staged


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "[odd] spool.jsonl") as stage:
        yield stage


def _append(path: Path, **values: Any) -> None:
    row = {
        "event_id": "e1", "user_id": 7, "activity_type": "t", "description": "d",
        "created_at": "2026-03-01T12:00:00+00:00", "stage": "insert", "error": "e", **values,
    }
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def test_a_row_without_a_user_waits_until_somebody_adopts_it(stage: Stage) -> None:
    with bind(kind="job", label="job:sweep", source="scheduler"), stage.session() as session:
        shelf = Shelf(id=1, user_id=7, name="Top")
        session.add(shelf)
        session.commit()
        stage.trail.registry.plan_of(Shelf.__mapper__).owner = None
        shelf.name = "Orphan"
        session.commit()

    assert stage.said() == ["shelf_create"]
    assert stage.count("losses.actor") == 1
    assert stage.trail.replay(stage.engine) == {"inserted": 0, "present": 0, "kept": 1}
    assert stage.trail.replay(stage.engine) == {"inserted": 0, "present": 0, "kept": 1}
    assert len(stage.trail.spool) == 1
    assert stage.trail.replay(stage.engine, user_id=8)["inserted"] == 1
    assert stage.last().user_id == 8
    assert stage.last().metadata_json["actor"] == {"kind": "job", "id": None, "label": "job:sweep"}


def test_adoption_leaves_rows_with_a_user_alone(stage: Stage) -> None:
    _append(stage.trail.spool.path)
    _append(stage.trail.spool.path, event_id="e2", user_id=None)
    stage.trail.replay(stage.engine, user_id=8)

    assert [row.user_id for row in stage.rows()] == [7, 8]


def test_a_row_of_an_unknown_user_waits_until_the_user_is_there(stage: Stage) -> None:
    _append(stage.trail.spool.path, user_id=99)
    assert stage.trail.replay(stage.engine)["kept"] == 1
    with stage.unwatched() as session:
        session.add(User(id=99))
        session.commit()

    assert stage.trail.replay(stage.engine)["inserted"] == 1


@pytest.mark.parametrize("line", [
    b"not json", b"{", b"[]", b"null", b"{}", b'{"event_id": "e2", "created_at": "yesterday"}',
    b"\xff\xfe", b'{"event_id": "e2"', b"[" * 100_000,
])
def test_a_line_that_is_no_row_stays_and_is_logged(
    stage: Stage, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = stage.trail.spool.path
    path.write_bytes(line + b"\n")
    _append(path)

    assert stage.trail.replay(stage.engine) == {"inserted": 1, "present": 0, "kept": 1}
    assert path.read_bytes() == line + b"\n"
    assert "no JSON object" in caplog.text


def test_a_line_that_a_full_disk_cut_short_costs_only_itself(stage: Stage) -> None:
    path = stage.trail.spool.path
    path.write_bytes(b'{"event_id": "cut sh')
    stage.trail.spool.append(
        {"event_id": "e9", "user_id": 7, "activity_type": "t", "description": "d",
         "created_at": datetime(2026, 3, 1)}, "insert", "e",
    )

    assert stage.trail.replay(stage.engine) == {"inserted": 1, "present": 0, "kept": 1}


def test_a_line_from_before_a_column_was_added_goes_in(stage: Stage) -> None:
    _append(stage.trail.spool.path)

    assert stage.trail.replay(stage.engine)["inserted"] == 1
    assert (stage.last().source, stage.last().metadata_json) == (None, None)


def test_a_line_with_fields_that_the_log_lacks_goes_in(stage: Stage) -> None:
    _append(stage.trail.spool.path, remote_addr="10.0.0.0", colour="red")

    assert stage.trail.replay(stage.engine)["inserted"] == 1


def test_the_time_of_a_line_is_kept_in_utc(stage: Stage) -> None:
    _append(stage.trail.spool.path, created_at="2026-03-01T14:00:00.000005+02:00")
    stage.trail.replay(stage.engine)

    assert stage.last().created_at == datetime(2026, 3, 1, 12, 0, 0, 5)


@pytest.mark.parametrize("obstacle", ["a directory", "a parent that is a file"])
def test_a_path_that_cannot_be_written_is_logged_and_counted(
    stage: Stage, tmp_path: Path, obstacle: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "in the way"
    if obstacle == "a directory":
        path.mkdir()
    else:
        path.write_text("")
        path /= "spool.jsonl"
    stage.trail.spool = path
    with bind(user_id=99), stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()
        assert session.query(Shelf).count() == 1

    assert stage.count("losses.insert") == 1
    assert stage.count("degraded.spool") == 1
    assert "the audit spool cannot be written" in caplog.text
    assert '"shelf_create"' in caplog.text, "the log keeps what the file could not"


def test_without_a_path_the_error_log_alone_keeps_the_rows(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.trail.spool = None
    with bind(user_id=99), stage.session() as session:
        session.add(Shelf(id=1, user_id=7, name="Top"))
        session.commit()

    assert len(stage.trail.spool) == 0
    assert stage.count("losses.insert") == 1
    assert [record.levelname for record in caplog.records if '"shelf_create"' in record.message
            ] == ["ERROR"]
    assert stage.trail.replay(stage.engine) == {"inserted": 0, "present": 0, "kept": 0}


def test_an_empty_spool_replays_to_nothing(tmp_path: Path) -> None:
    assert Spool(tmp_path / "nowhere" / "spool").replay(str) == {
        "inserted": 0, "present": 0, "kept": 0
    }


def test_only_what_a_replay_has_set_aside_is_replayed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    copy = tmp_path / "spool.jsonl.replay-1.bak"
    copy.write_text("a copy of somebody's\n")
    folder = tmp_path / "spool.jsonl.replay-2"
    folder.mkdir()
    _append(tmp_path / "spool.jsonl.replay-1")
    assert spool.replay(lambda row: "inserted") == {"inserted": 1, "present": 0, "kept": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "spool.jsonl.lock", copy.name, folder.name,
    ]


def test_a_folder_in_the_spools_place_stays_where_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "spool.jsonl"
    folder.mkdir()
    spool = Spool(folder)
    with pytest.raises(IsADirectoryError, match="spool.jsonl"):
        spool.replay(lambda row: "inserted")
    assert folder.is_dir()


def test_a_spool_behind_a_link_stays_behind_it(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept.jsonl", tmp_path / "spool.jsonl"
    _append(kept)
    line = kept.read_text()
    link.symlink_to(kept)
    spool = Spool(link)
    assert spool.replay(lambda row: "refused") == {"inserted": 0, "present": 0, "kept": 1}
    assert link.is_symlink()
    assert kept.read_text() == line
