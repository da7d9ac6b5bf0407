"""Shuffles that cannot be written, or whose record is refused."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.extensions import db as database
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    InvalidAlgorithmError, ParameterValidationError, PlaylistAccessError,
    PlaylistNotFoundError, PlaylistRecordError, PlaylistSnapshotService, PlaylistWriteError,
    ShuffleService, UserSettingsService, write_journal,
)
from shuffify.spotify.errors import PlaylistBusyError, UnavailableError
from shuffify.spotify.locks import playlist_lock
from tests.services.conftest import Trail
from tests.services.shuffles import IMPATIENT, ITEMS, NAME, PLAYLIST, refused, snapshots, writes


@pytest.mark.parametrize("role", ["empty", "one"])
def test_list_that_cannot_be_shuffled_stays_without_a_row(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail, role: str
) -> None:
    done = ShuffleService.shuffle(mira, library.PLAYLISTS[role])

    assert (done.changed, done.undo_steps) == (False, 0)
    assert writes(sandbox) == 0
    assert snapshots(outside) == []
    assert trail.rows == []


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"algorithm_name": "QuickSort"}, InvalidAlgorithmError, "algorithm_name"),
        (
            {"algorithm_params": {"keep_first": "3"}},
            ParameterValidationError,
            "algorithm_params.keep_first",
        ),
        ({"algorithm_params": {"x": 1}}, ParameterValidationError, "algorithm_params.x"),
        ({"seed": -1}, ParameterValidationError, "seed"),
        ({"seed": 2**53}, ParameterValidationError, "seed"),
    ],
)
def test_unusable_request_is_refused_without_a_call(
    mira: int,
    sandbox: Sandbox,
    trail: Trail,
    fields: dict[str, Any],
    error: type[InvalidAlgorithmError | ParameterValidationError],
    field: str,
) -> None:
    with pytest.raises(error) as refusal:
        ShuffleService.shuffle(mira, PLAYLIST, **fields)

    assert [name for name, _ in refusal.value.errors] == [field]
    assert sandbox.requests("/v1/*") == []
    assert trail.rows == []


@pytest.mark.parametrize(
    ("playlist_id", "error"),
    [
        (library.PLAYLISTS["foreign_public"], PlaylistAccessError),
        ("0" * 22, PlaylistNotFoundError),
    ],
)
def test_list_that_may_not_be_changed_is_left_alone(
    mira: int,
    outside: Session,
    trail: Trail,
    playlist_id: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        ShuffleService.shuffle(mira, playlist_id)
    assert snapshots(outside) == []
    assert trail.rows == []


def test_failed_write_is_put_back_and_leaves_the_row_of_its_snapshot_alone(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=1, retry_after=3600)

    with pytest.raises(PlaylistWriteError) as failure:
        ShuffleService.shuffle(mira, PLAYLIST, seed=42)

    assert failure.value.restored
    assert sandbox.uris(PLAYLIST) == before
    snapshot = snapshots(outside)[0]
    assert (snapshot.id, snapshot.write_state) == (failure.value.snapshot_id, "void")
    assert trail.sentences == [("snapshot_create", f"Saved '{NAME}' before shuffle")]


def test_write_that_could_not_be_put_back_is_in_the_trail_as_interrupted(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    sandbox.fault("rate_limit", path=ITEMS, method="POST", count=None, retry_after=3600)
    sandbox.fault("rate_limit", path=ITEMS, method="PUT", position=2, count=None, retry_after=3600)

    with pytest.raises(PlaylistWriteError) as failure:
        ShuffleService.shuffle(mira, PLAYLIST, seed=42)

    assert not failure.value.restored
    snapshot = snapshots(outside)[0]
    assert (snapshot.track_uris, snapshot.write_state) == (before, "interrupted")
    assert trail.sentences[1:] == [("shuffle", f"Shuffling '{NAME}' using Basic was interrupted")]
    facts = trail.last.metadata_json or {}
    assert (facts["outcome"], facts["snapshot_id"]) == ("interrupted", snapshot.id)


@pytest.mark.parametrize("saves", [True, False])
def test_what_a_spared_snapshot_would_have_held_is_kept_when_the_write_is_interrupted(
    mira: int,
    sandbox: Sandbox,
    outside: Session,
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
    saves: bool,
) -> None:
    UserSettingsService.update(mira, auto_snapshot_enabled=False)
    playlist_id, name = library.PLAYLISTS["twelve"], library.PLAYLIST_NAMES["twelve"]
    before = sandbox.uris(playlist_id)
    rows = len(trail.rows)
    path = f"/v1/playlists/{playlist_id}*"
    sandbox.fault("error_after", path=path, method="PUT", count=3)
    sandbox.fault("rate_limit", path=path, method="GET", position=5, count=None, retry_after=3600)
    if not saves:
        monkeypatch.setattr(write_journal, "new_snapshot", refused)

    with pytest.raises(PlaylistWriteError) as failure:
        ShuffleService.shuffle(mira, playlist_id, seed=42)

    assert not failure.value.restored
    assert sandbox.uris(playlist_id) != before
    kept = [(each.id, each.track_uris, each.write_state) for each in snapshots(outside)]
    assert kept == ([(failure.value.snapshot_id, before, "interrupted")] if saves else [])
    assert ("kept in a snapshot" in str(failure.value)) is saves
    interrupted = ("shuffle", f"Shuffling '{name}' using Basic was interrupted")
    saved = ("snapshot_create", f"Saved '{name}' before shuffle")
    assert trail.sentences[rows:] == ([saved, interrupted] if saves else [interrupted])
    if saves:
        sandbox.clear_faults()
        PlaylistSnapshotService.restore(mira, kept[0][0])
        assert sandbox.uris(playlist_id) == before


def test_outage_before_the_write_leaves_nothing(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    sandbox.fault("error_before", path=ITEMS, method="GET", count=None)

    with pytest.raises(UnavailableError):
        ShuffleService.shuffle(mira, PLAYLIST)
    assert snapshots(outside) == []
    assert trail.rows == []


def test_second_write_waits_for_the_first_and_is_refused_then(
    mira: int, app: Flask, sandbox: Sandbox, trail: Trail
) -> None:
    with playlist_lock(database.engine, PLAYLIST, wait=0):
        with pytest.raises(PlaylistBusyError):
            ShuffleService.shuffle(mira, PLAYLIST, limits=IMPATIENT)
    assert writes(sandbox) == 0
    assert trail.rows == []


@pytest.fixture
def settling_fails(mira: int) -> Iterator[Engine]:
    """Refuse the commits that settle a snapshot: the list stands in its new order by then."""
    engine = database.engine

    def refuse(connection: Any) -> None:
        if connection.info.pop("settles", False):
            raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    def notice(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("UPDATE playlist_snapshots"):
            conn.info["settles"] = True

    event.listen(engine, "commit", refuse)
    event.listen(engine, "before_cursor_execute", notice)
    yield engine
    event.remove(engine, "commit", refuse)
    event.remove(engine, "before_cursor_execute", notice)


@pytest.mark.usefixtures("settling_fails")
def test_shuffle_that_could_not_be_recorded_goes_to_the_spool(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail, tmp_path: Path
) -> None:
    before = sandbox.uris(PLAYLIST)

    with pytest.raises(PlaylistRecordError):
        ShuffleService.shuffle(mira, PLAYLIST, seed=42)

    assert sandbox.uris(PLAYLIST) != before
    snapshot = snapshots(outside)[0]
    assert snapshot.write_state == "pending"
    assert [kind for kind, _ in trail.sentences] == ["snapshot_create"]
    lines = (tmp_path / "audit-spool.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert "shuffle" in lines[0]
    assert str(snapshot.id) in lines[0]
    assert UUID(_event_id(json.loads(lines[0]))).version == 5


def _event_id(line: dict[str, Any]) -> str:
    return str(line.get("event_id") or line["row"]["event_id"])
