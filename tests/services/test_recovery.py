"""Writes whose process died, at every moment at which it can."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.audit import bind
from shuffify.extensions import db as database
from shuffify.models.base import utcnow
from shuffify.models.db import ActivityLog, PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import (
    REQUEST,
    PlaylistService,
    PlaylistSnapshotService,
    ShuffleService,
)
from shuffify.services.pending_write import PendingWrite, Verdict
from shuffify.spotify.locks import playlist_lock
from shuffify.spotify.sequences import target_digest
from tests.services.conftest import Trail

PLAYLIST = library.PLAYLISTS["four_thirty"]
NAME = library.PLAYLIST_NAMES["four_thirty"]
CALLS = 5


class Killed(BaseException):
    """The process ends here, as far as our code can tell."""


def die_after(calls: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == calls:
            raise Killed

    return progress


def later() -> Any:
    return utcnow() + timedelta(minutes=3)


def stored(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


def pend(outside: Session, user_id: int, uris: list[str | None], **columns: Any) -> int:
    """Store the snapshot of a write that was begun three minutes ago."""
    snapshot = PlaylistSnapshot(
        **{
            "user_id": user_id,
            "playlist_id": PLAYLIST,
            "playlist_name": NAME,
            "track_uris": uris,
            "track_count": len(uris),
            "snapshot_type": "auto_pre_shuffle",
            "write_state": "pending",
            "write_target": target_digest(uris[::-1]),
            "created_at": utcnow() - timedelta(minutes=3),
            **columns,
        }
    )
    outside.add(snapshot)
    outside.commit()
    return snapshot.id


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("cba", Verdict.APPLIED),
        ("bac", Verdict.APPLIED),
        ("abc", Verdict.VOID),
        ("c", Verdict.CUT_SHORT),
        ("", Verdict.CUT_SHORT),
        ("cbad", Verdict.INTERRUPTED),
        ("aab", Verdict.INTERRUPTED),
        ("xyz", Verdict.INTERRUPTED),
    ],
)
def test_write_is_judged_by_what_stands(found: str, expected: Verdict) -> None:
    write = PendingWrite(1, 1, PLAYLIST, list("abc"), target_digest(list("cba")), None)

    assert write.verdict(list(found)) is expected


def test_list_before_a_later_write_is_never_put_back() -> None:
    write = PendingWrite(1, 1, PLAYLIST, list("abc"), target_digest(list("cba")), list("c"))

    assert write.verdict(list("c")) is Verdict.INTERRUPTED


@pytest.mark.parametrize("calls", range(1, CALLS))
def test_write_that_died_half_way_is_taken_back_exactly(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail, calls: int
) -> None:
    before = sandbox.uris(PLAYLIST)
    with pytest.raises(Killed):
        ShuffleService.shuffle(mira, PLAYLIST, seed=1, progress=die_after(calls))
    assert len(sandbox.uris(PLAYLIST)) == 100 * calls

    assert PlaylistSnapshotService.recover(later()) == 1

    assert sandbox.uris(PLAYLIST) == before
    snapshot = stored(outside)[0]
    assert (snapshot.write_state, snapshot.restored_at is not None) == ("void", True)
    taken_at = f"{snapshot.created_at:%Y-%m-%d %H:%M} UTC"
    assert trail.sentences == [
        ("snapshot_create", f"Saved '{NAME}' before shuffle"),
        ("snapshot_restore", f"Restored '{NAME}' to the snapshot of {taken_at}"),
    ]
    row = trail.last
    assert (row.user_id, row.source, row.playlist_name) == (mira, "scheduler", NAME)
    assert (row.metadata_json or {})["reason"] == "recovery"
    assert row.request_id is not None
    assert PlaylistSnapshotService.recover(later()) == 0


def facts_of(row: ActivityLog) -> dict[str, Any]:
    """Return the facts of a row but for those that only one of two twins can have."""
    facts = dict(row.metadata_json or {})
    return {name: facts[name] for name in facts if name not in ("snapshot_id", "reason")}


def test_shuffle_that_died_after_its_last_call_leaves_the_row_it_owed(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    recipe: dict[str, Any] = {
        "algorithm_name": "BalancedShuffle", "algorithm_params": {"section_count": 3}, "seed": 7
    }
    ShuffleService.shuffle(mira, PLAYLIST, **recipe)
    twin = trail.last
    sandbox.edit(PLAYLIST, "replace", uris=before)
    with pytest.raises(Killed):
        ShuffleService.shuffle(mira, PLAYLIST, **recipe, progress=die_after(CALLS))
    after = sandbox.uris(PLAYLIST)

    assert PlaylistSnapshotService.recover(later()) == 1
    assert PlaylistSnapshotService.recover(later()) == 0

    assert sandbox.uris(PLAYLIST) == after
    snapshot = stored(outside)[-1]
    assert snapshot.write_state == "applied"
    row = trail.last
    assert (row.activity_type, row.description) == (twin.activity_type, twin.description)
    assert row.description == f"Shuffled '{NAME}' using Balanced"
    assert facts_of(row) == facts_of(twin)
    assert {*facts_of(row)} >= {"algorithm", "track_count", "params", "seed", "moved", "method"}
    facts = row.metadata_json or {}
    assert (facts["reason"], facts["snapshot_id"]) == ("recovery", snapshot.id)
    assert PlaylistSnapshotService.undo_steps(mira, PLAYLIST) == 2


def test_write_of_a_version_that_kept_no_facts_is_recorded_without(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris = sandbox.uris(PLAYLIST)
    pend(outside, mira, uris)
    sandbox.edit(PLAYLIST, "replace", uris=uris[::-1])

    assert PlaylistSnapshotService.recover() == 1
    assert trail.sentences == [("shuffle", f"Shuffled '{NAME}'")]
    assert (trail.last.metadata_json or {})["method"] is None


def test_write_that_died_before_its_first_call_leaves_no_row(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    pend(outside, mira, sandbox.uris(PLAYLIST))

    assert PlaylistSnapshotService.recover() == 1
    assert stored(outside)[0].write_state == "void"
    assert trail.rows == []


def test_list_that_others_changed_meanwhile_is_left_alone(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris = sandbox.uris(PLAYLIST)
    facts = {"algorithm": "Retired", "params": {}, "seed": 7, "method": "replace"}
    pend(outside, mira, uris, write_facts=facts)
    sandbox.edit(PLAYLIST, "replace", uris=[*uris[:50], *sandbox.uris(library.PLAYLISTS["one"])])
    now = sandbox.uris(PLAYLIST)

    assert PlaylistSnapshotService.recover() == 1

    assert sandbox.uris(PLAYLIST) == now
    assert stored(outside)[0].write_state == "interrupted"
    assert trail.sentences == [("shuffle", f"Shuffling '{NAME}' using Retired was interrupted")]
    assert facts_of(trail.last) == {
        **facts, "track_count": 51, "moved": None, "method": None, "outcome": "interrupted"
    }


def test_undo_that_died_after_its_write_is_owed_its_row(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    ShuffleService.shuffle(mira, PLAYLIST, seed=1)
    with pytest.raises(Killed):
        PlaylistSnapshotService.undo(mira, PLAYLIST, progress=die_after(CALLS))

    assert PlaylistSnapshotService.recover(later()) == 1

    assert sandbox.uris(PLAYLIST) == before
    assert [snapshot.write_state for snapshot in stored(outside)] == ["applied", "applied"]
    assert PlaylistSnapshotService.undo_steps(mira, PLAYLIST) == 0
    assert trail.last.description == f"Undid the last change to '{NAME}'"
    assert (trail.last.metadata_json or {})["reason"] == "recovery"


def test_commit_that_died_after_its_write_leaves_the_row_it_owed(
    mira: int, sandbox: Sandbox, trail: Trail
) -> None:
    before = sandbox.uris(PLAYLIST)
    stranger = sandbox.uris(library.PLAYLISTS["episodes"])[0]
    uris = [*[uri for uri in before if uri][::-1][:420], str(stranger)]
    PlaylistService.commit(mira, PLAYLIST, uris, sandbox.snapshot_id(PLAYLIST))
    twin = trail.last
    sandbox.edit(PLAYLIST, "replace", uris=before)
    with pytest.raises(Killed):
        version = sandbox.snapshot_id(PLAYLIST)
        PlaylistService.commit(mira, PLAYLIST, uris, version, progress=die_after(CALLS))

    assert PlaylistSnapshotService.recover(later()) == 1
    row = trail.last
    assert (row.activity_type, row.description) == (
        "workshop_commit", f"Committed workshop changes to '{NAME}'"
    )
    assert facts_of(row) == facts_of(twin)
    assert (facts_of(row)["added"], facts_of(row)["removed"]) == (1, 10)


def test_write_that_is_recent_or_under_way_is_left_alone(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    pend(outside, mira, sandbox.uris(PLAYLIST))
    with playlist_lock(database.engine, PLAYLIST, wait=0):
        assert PlaylistSnapshotService.recover() == 0
    assert PlaylistSnapshotService.recover(utcnow() - timedelta(minutes=2)) == 0
    assert stored(outside)[0].write_state == "pending"


def test_later_snapshot_tells_how_an_earlier_write_ended(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    with pytest.raises(Killed):
        ShuffleService.shuffle(mira, PLAYLIST, seed=1, progress=die_after(CALLS))
    ShuffleService.shuffle(mira, PLAYLIST, seed=2)
    after = sandbox.uris(PLAYLIST)

    assert PlaylistSnapshotService.recover(later()) == 1

    assert sandbox.uris(PLAYLIST) == after
    assert [snapshot.write_state for snapshot in stored(outside)] == ["applied", "applied"]
    assert [kind for kind, _ in trail.sentences].count("shuffle") == 2


def test_opening_the_playlist_recovers_it_as_nobodys_request(
    mira: int, jonas: int, sandbox: Sandbox, outside: Session, trail: Trail
) -> None:
    uris = sandbox.uris(PLAYLIST)
    pend(outside, mira, uris)
    sandbox.edit(PLAYLIST, "replace", uris=uris[:100])

    with bind(user_id=jonas, source="web", request_id="of-a-visitor"):
        view = PlaylistService.get_playlist(mira, PLAYLIST)

    assert [*view.playlist.uris] == uris
    assert stored(outside)[0].write_state == "void"
    row = trail.last
    assert (row.user_id, row.source) == (mira, "scheduler")
    assert row.request_id not in (None, "of-a-visitor")


@pytest.mark.parametrize("kind", ["error_before", "rate_limit"])
def test_outage_puts_recovery_off(
    mira: int, sandbox: Sandbox, outside: Session, trail: Trail, kind: str
) -> None:
    pend(outside, mira, sandbox.uris(PLAYLIST))
    sandbox.fault(kind, count=None, **({"retry_after": 900} if kind == "rate_limit" else {}))

    assert PlaylistSnapshotService.recover() == 0
    assert stored(outside)[0].write_state == "pending"
    assert trail.rows == []


def test_lost_consent_puts_recovery_off(mira: int, sandbox: Sandbox, outside: Session) -> None:
    pend(outside, mira, sandbox.uris(PLAYLIST))
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)

    assert PlaylistSnapshotService.recover() == 0
    assert stored(outside)[0].write_state == "pending"


def test_playlist_that_is_gone_stays_interrupted(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    pend(outside, mira, sandbox.uris(PLAYLIST), playlist_id="0" * 22)

    assert PlaylistSnapshotService.recover() == 1
    assert stored(outside)[0].write_state == "interrupted"


def test_rows_that_were_taken_out_all_over_a_list_with_a_local_file_are_all_put_back(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    songs = list(dict.fromkeys(sandbox.uris(PLAYLIST)))
    before = ["spotify:local:Ana:Casa:Mar:187", *songs]
    pend(outside, mira, before)
    sandbox.edit(PLAYLIST, "replace", uris=before[::2])
    assert len(before[1::2]) > REQUEST.calls

    assert PlaylistSnapshotService.recover() == 1
    assert sandbox.uris(PLAYLIST) == before


def test_list_whose_lost_rows_cannot_come_back_stays_interrupted(
    mira: int, sandbox: Sandbox, outside: Session
) -> None:
    playlist_id = library.PLAYLISTS["local_files"]
    uris = sandbox.uris(playlist_id)
    pend(outside, mira, uris, playlist_id=playlist_id)
    local = next(uri for uri in uris if uri and uri.startswith("spotify:local:"))
    sandbox.edit(playlist_id, "remove_at", positions=[uris.index(local)])

    assert PlaylistSnapshotService.recover() == 1
    assert stored(outside)[0].write_state == "interrupted"
    assert len(sandbox.uris(playlist_id)) == len(uris) - 1
