"""Shuffles: what they write, and what they leave."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
import pytest
from sqlalchemy.orm import Session

from shuffify.algorithms.registry import ALGORITHMS
from shuffify.sandbox import Sandbox, library
from shuffify.services import ShuffleService, UserSettingsService
from shuffify.spotify.sequences import target_digest
from shuffify.spotify.tracks import Track
from tests.services.conftest import Trail
from tests.services.shuffles import NAME, PLAYLIST, snapshots


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
