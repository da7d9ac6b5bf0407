from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.algorithms.registry import ALGORITHMS
from shuffify.extensions import db as database
from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    InvalidAlgorithmError,
    Limits,
    ParameterValidationError,
    PlaylistAccessError,
    PlaylistNotFoundError,
    PlaylistRecordError,
    PlaylistSnapshotService,
    PlaylistWriteError,
    ShuffleService,
    UserSettingsService,
    write_journal,
)
from shuffify.spotify.errors import PlaylistBusyError, UnavailableError
from shuffify.spotify.locks import playlist_lock
from shuffify.spotify.sequences import target_digest
from shuffify.spotify.tracks import Track
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
ITEMS = f"/v1/playlists/{PLAYLIST}/items"
IMPATIENT = Limits(lock_wait=0, patience=0, calls=200)


def snapshots(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


def refused(*_: object) -> None:
    raise OperationalError("INSERT", {}, Exception("disk full"))


def writes(sandbox: Sandbox) -> int:
    return sum(entry["method"] in ("PUT", "POST") for entry in sandbox.requests("/v1/*"))


def test_shuffle_writes_the_list_and_leaves_snapshot_and_rows(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)

    done = ShuffleService.shuffle(mira, PLAYLIST, seed=42)

    after = sandbox.uris(PLAYLIST)
    assert done.changed
    assert after != before
    assert Counter(after) == Counter(before)
    assert [*done.playlist.playlist.uris] == after
    snapshot = snapshots(outside)[0]
    assert snapshot.track_uris == before
    assert (snapshot.snapshot_type, snapshot.write_state) == ("auto_pre_shuffle", "applied")
    assert (snapshot.playlist_name, snapshot.track_count) == (NAME, 120)
    assert snapshot.write_target == target_digest(after)
    assert trail.sentences == [
        ("snapshot_create", f"Saved '{NAME}' before shuffle"),
        ("shuffle", f"Shuffled '{NAME}' using Basic"),
    ]
    taken, shuffled = trail.rows
    for row in (taken, shuffled):
        assert (row.user_id, row.playlist_id, row.playlist_name) == (mira, PLAYLIST, NAME)
        assert (row.source, row.request_id) == ("test", "request-1")
    assert taken.metadata_json is not None
    assert taken.metadata_json["automatic"] is True
    assert shuffled.metadata_json == {
        "algorithm": "BasicShuffle",
        "params": {"keep_first": 0},
        "seed": 42,
        "track_count": 120,
        "moved": done.result["moved"],
        "method": "replace",
        "snapshot_id": snapshot.id,
        "outcome": "applied",
    }
    assert (done.result["algorithm_name"], done.undo_steps) == ("BasicShuffle", 1)


def test_trail_holds_what_is_needed_to_repeat_a_shuffle(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    ShuffleService.shuffle(
        mira, PLAYLIST, algorithm_name="BalancedShuffle", algorithm_params={"keep_first": 10}
    )

    facts = trail.last.metadata_json or {}
    tracks = [_Row(uri) for uri in snapshots(outside)[0].track_uris]
    again = ALGORITHMS[facts["algorithm"]].shuffle(
        tracks, seed=facts["seed"], params=facts["params"]
    )
    assert [row.uri for row in again] == sandbox.uris(PLAYLIST)


class _Row:
    first_artist = None
    album_name = None

    def __init__(self, uri: str | None) -> None:
        self.uri = uri


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_keeps_every_row(
    mira: int, sandbox: Sandbox, trail: Trail, name: str
) -> None:
    before = sandbox.uris(PLAYLIST)

    ShuffleService.shuffle(mira, PLAYLIST, algorithm_name=name, seed=7)

    assert Counter(sandbox.uris(PLAYLIST)) == Counter(before)
    assert trail.last.description == f"Shuffled '{NAME}' using {ALGORITHMS[name].label}"


@pytest.mark.parametrize("role", ["mixed", "null_rows", "local_files", "duplicates", "episodes"])
def test_awkward_rows_survive(mira: int, sandbox: Sandbox, role: str) -> None:
    playlist_id = library.PLAYLISTS[role]
    before = sandbox.uris(playlist_id)

    ShuffleService.shuffle(mira, playlist_id, seed=3)

    after = sandbox.uris(playlist_id)
    assert Counter(after) == Counter(before)
    assert [i for i, uri in enumerate(after) if uri is None] == [
        i for i, uri in enumerate(before) if uri is None
    ]


def test_default_algorithm_is_the_users(mira: int, trail: Trail) -> None:
    UserSettingsService.update(mira, default_algorithm="StratifiedShuffle")

    assert ShuffleService.shuffle(mira, PLAYLIST).result["algorithm_name"] == "StratifiedShuffle"


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


def test_short_write_spares_its_snapshot_when_the_user_says_so(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    UserSettingsService.update(mira, auto_snapshot_enabled=False)
    short = library.PLAYLISTS["twelve"]

    done = ShuffleService.shuffle(mira, short, seed=1)

    assert (done.changed, done.undo_steps) == (True, 0)
    assert snapshots(outside) == []
    assert [kind for kind, _ in trail.sentences] == ["settings_change", "shuffle"]
    assert (trail.last.metadata_json or {})["snapshot_id"] is None


def test_long_write_keeps_its_snapshot_all_the_same(mira: int, outside: Session) -> None:
    UserSettingsService.update(mira, auto_snapshot_enabled=False)

    ShuffleService.shuffle(mira, PLAYLIST, seed=1)

    assert [snapshot.write_state for snapshot in snapshots(outside)] == ["applied"]


def test_retention_removes_the_oldest_snapshots_and_says_so(
    mira: int, outside: Session, trail: Trail
) -> None:
    UserSettingsService.update(mira, max_snapshots_per_playlist=2)
    for seed in range(4):
        ShuffleService.shuffle(mira, PLAYLIST, seed=seed)

    assert len(snapshots(outside)) == 2
    removed = [row for row in trail.rows if row.activity_type == "snapshot_delete"]
    assert len(removed) == 2
    for row in removed:
        assert row.description.startswith(f"Removed old snapshot of '{NAME}' from ")
        assert (row.user_id, row.source, row.request_id) == (mira, "retention", "request-1")
        assert (row.metadata_json or {})["reason"] == "retention"
    shuffles = [row for row in trail.rows if row.activity_type == "shuffle"]
    assert {row.source for row in shuffles} == {"test"}
    assert len(shuffles) == 4


def test_playlist_of_two_users_is_shuffled_by_both(
    mira: int, jonas: int, sandbox: Sandbox, outside: Session
) -> None:
    shared = library.PLAYLISTS["shared"]
    before = sandbox.uris(shared)

    ShuffleService.shuffle(mira, shared, seed=1)
    ShuffleService.shuffle(jonas, shared, seed=2)

    assert Counter(sandbox.uris(shared)) == Counter(before)
    assert [snapshot.user_id for snapshot in snapshots(outside)] == [mira, jonas]


def test_shuffles_at_the_same_time_come_one_after_the_other(
    app: Flask, mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)

    def shuffle(seed: int) -> bool:
        with app.app_context():
            return ShuffleService.shuffle(mira, PLAYLIST, seed=seed).changed

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(shuffle, range(3)))

    assert Counter(sandbox.uris(PLAYLIST)) == Counter(before)
    taken = snapshots(outside)
    assert {snapshot.write_state for snapshot in taken} == {"applied"}
    assert taken[0].track_uris == before
    digests = [target_digest(snapshot.track_uris) for snapshot in taken[1:]]
    assert digests == [snapshot.write_target for snapshot in taken[:-1]]


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


def test_algorithms_are_listed_in_the_order_of_the_menu() -> None:
    listed = ShuffleService.list_algorithms()

    assert [algorithm["name"] for algorithm in listed] == [*ALGORITHMS]
    assert listed[0]["name"] == "BasicShuffle"


def test_preview_is_the_shuffle_that_would_follow_and_stores_nothing(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    tracks = [Track.draft(uri) for uri in sandbox.uris(PLAYLIST) if uri]

    preview = ShuffleService.preview(tracks, seed=42)

    assert sandbox.requests("/v1/*") == []
    assert trail.rows == []
    ShuffleService.shuffle(mira, PLAYLIST, seed=preview.seed)
    assert sandbox.uris(PLAYLIST) == [*preview.shuffled_uris]
