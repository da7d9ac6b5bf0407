"""The dead-letter file: one line a row, from many processes, replayed once (A3)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import shuffify
from shuffify.audit import bind
from shuffify.audit.spool import Spool
from tests.audit.faults import ActivityLog, Base, Shelf
from tests.audit.stage import Stage, staged

LOG = ActivityLog.__table__


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when needed" / "spool.jsonl"


def _row(event_id: str, **values: Any) -> dict[str, Any]:
    return {"event_id": event_id, "user_id": 7, "created_at": datetime(2026, 3, 1, 12), **values}


def _refused_shelves(stage: Stage, number: int, **who: Any) -> None:
    """Leave lines of shelves whose rows found no table."""
    LOG.drop(stage.engine)
    with bind(**who), stage.session() as session:
        session.add_all([Shelf(id=at, user_id=7, name=f"S{at}", tags=[]) for at in range(number)])
        session.commit()
    LOG.create(stage.engine)


def test_a_line_is_the_rows_columns_with_stage_and_error(stage: Stage) -> None:
    before = datetime.now(timezone.utc)
    _refused_shelves(stage, 1, user_id=8, source="web", request_id="r")

    (line,) = stage.trail.spool.path.read_text().splitlines()
    row = json.loads(line)
    at = datetime.fromisoformat(row.pop("created_at"))
    assert before <= at <= datetime.now(timezone.utc)
    assert set(row) == {column.name for column in LOG.c} - {"id", "created_at"} | {
        "stage", "error"
    }
    assert row["stage"] == "insert"
    assert "activity_log" in row["error"]
    assert row["metadata_json"]["changes"]["name"] == [None, "S0"]
    assert (row["user_id"], row["source"], row["request_id"]) == (8, "web", "r")
    assert row["activity_type"] == "shelf_create"


def test_a_line_is_appended_at_once_synced_and_nobody_elses_to_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    flags: list[int] = []
    real = {name: getattr(os, name) for name in ("open", "write", "fsync")}

    def watch(name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            steps.append(name)
            if name == "open":
                flags.append(args[1])
            return real[name](*args)
        return call

    for name in real:
        monkeypatch.setattr(os, name, watch(name))
    Spool(path).append(_row("1"), "insert", "refused")
    monkeypatch.undo()

    assert steps == ["open", "write", "fsync"]
    assert flags[0] & os.O_APPEND and flags[0] & os.O_CREAT
    assert path.stat().st_mode & 0o777 == 0o600


WRITERS = """
import os, sys
from pathlib import Path
from audit.spool import Spool
spool = Spool(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
children = []
for who in range(3):
    children.append(os.fork())
    if not children[-1]:
        for number in range(400):
            spool.append({"event_id": f"{who}-{number}", "text": "x" * 9000}, "insert", "e")
        os._exit(0)
sys.exit(max(os.waitpid(child, 0)[1] for child in children))
"""


def test_processes_share_the_file_also_while_it_is_replayed(path: Path) -> None:
    path.parent.mkdir(parents=True)
    # The engine by itself, imported once: shuffify's own __init__ brings the app along.
    home = str(Path(shuffify.__file__).parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([home, *filter(None, sys.path)])}
    seen: list[str] = []

    def put(row: dict[str, Any]) -> str:
        seen.append(row["event_id"])
        return "inserted"

    overlapping = 0
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, str(path)], text=True, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as writers:
        assert writers.stdin is not None and writers.stdout is not None
        assert writers.stdout.readline() == "ready\n"
        writers.stdin.write("go\n")
        writers.stdin.flush()
        while writers.poll() is None:
            overlapping += bool(Spool(path).replay(put)["inserted"])
    assert writers.returncode == 0
    Spool(path).replay(put)

    assert overlapping > 1, "they are replayed while they are written"
    assert sorted(seen) == sorted(f"{who}-{one}" for who in range(3) for one in range(400))


def test_a_line_is_not_lost_when_a_replay_takes_the_file_between_open_and_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Spool(path).append(_row("1"), "insert", "refused")
    real, seen = os.open, []

    def put(row: dict[str, Any]) -> str:
        seen.append(row["event_id"])
        return "inserted"

    def slow(*args: Any) -> int:
        descriptor = real(*args)
        monkeypatch.setattr(os, "open", real)
        Spool(path).replay(put)
        return descriptor

    monkeypatch.setattr(os, "open", slow)
    Spool(path).append(_row("2"), "insert", "refused")
    Spool(path).replay(put)

    assert seen == ["1", "2"]


def test_replay_puts_each_row_in_once_however_often_it_runs(stage: Stage) -> None:
    _refused_shelves(stage, 3, user_id=8)
    lines = stage.trail.spool.path.read_bytes()

    assert stage.trail.replay(stage.engine) == {"inserted": 3, "present": 0, "kept": 0}
    assert stage.trail.replay(stage.engine) == {"inserted": 0, "present": 0, "kept": 0}
    stage.trail.spool.path.write_bytes(lines * 2)
    assert stage.trail.replay(stage.engine)["inserted"] == 0
    assert [(row.entity_id, row.user_id) for row in stage.rows()] == [
        ("0", 8), ("1", 8), ("2", 8)
    ]
    assert stage.rows()[0].metadata_json["changes"]["tags"][1]["count"] == 0
    assert stage.count("replayed") == 3


def test_two_replays_at_once_put_each_row_in_once(stage: Stage) -> None:
    _refused_shelves(stage, 30, user_id=8)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: stage.trail.replay(stage.engine), range(4)))

    assert sum(outcome["inserted"] for outcome in outcomes) == 30
    assert sum(outcome["kept"] for outcome in outcomes) == 0
    assert len(stage.rows()) == 30
    assert len(stage.trail.spool) == 0


def test_a_row_that_another_replay_puts_in_meanwhile_is_present(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refused_shelves(stage, 1, user_id=8)
    line = stage.trail.spool.path.read_bytes()
    stage.trail.replay(stage.engine)
    stage.trail.spool.path.write_bytes(line)
    answers = iter([False, True])
    monkeypatch.setattr(stage.trail.delivery.writer, "stands", lambda *_: next(answers))

    assert stage.trail.replay(stage.engine) == {"inserted": 0, "present": 1, "kept": 0}


def test_a_replay_that_dies_is_picked_up_by_the_next(stage: Stage) -> None:
    _refused_shelves(stage, 4, user_id=8)
    left = [2]

    def dying(row: dict[str, Any]) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return stage.trail.delivery.writer.put(stage.engine, row)

    with pytest.raises(KeyboardInterrupt):
        stage.trail.spool.replay(dying)
    assert len(stage.rows()) == 2
    with bind(user_id=8), stage.session() as session:
        session.add(Shelf(id=9, user_id=7, name="Meanwhile"))
        session.commit()

    assert stage.trail.replay(stage.engine) == {"inserted": 2, "present": 2, "kept": 0}
    assert len(stage.rows()) == 5
    assert len(stage.trail.spool) == 0


def test_a_replay_that_dies_while_it_cleans_up_doubles_no_line(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(path)
    spool.append(_row("1"), "insert", "refused")

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            spool.replay(lambda _: "refused again")

    assert spool.replay(lambda _: "refused again") == {"inserted": 0, "present": 0, "kept": 1}
    assert len(spool) == 1
