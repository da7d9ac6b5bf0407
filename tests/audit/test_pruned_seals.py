"""What goes through the door breaks no seal, and nothing else goes unseen (A14, A15)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from shuffify.audit import bind, sealer
from tests.audit.sealed import INSERT, NOON, Archive, Log

CLIENT = {"remote_addr": "192.0.2.0"}


def test_pruned_rows_are_no_finding_and_their_seals_still_prove_each_other(
    sealed: Archive,
) -> None:
    with bind(kind="cli", label="cli:ops"):
        sealed.trail.custody.prune(sealed.engine, NOON + timedelta(minutes=7))
    saw = sealed.verify()
    assert (saw.findings, saw.pruned_up_to, saw.rows, saw.unsealed) == ([], 6, 6, 1)
    sealed.seal()
    # The rows that told of the first pruning go, too.
    sealed.trail.custody.prune(sealed.engine, datetime(2100, 1, 1))
    assert (sealed.found(), sealed.verify().rows) == ([], 0)
    sealed.seal(2)
    assert sealed.found() == []

    sealed.tamper("UPDATE activity_seals SET last_id = 5 WHERE first_id = 5")
    assert sealed.found() == [("seal_altered", 5)]


@pytest.mark.parametrize("text", ["r" * 9_000, "\N{WAVING HAND SIGN}" * 9_000])
def test_no_reason_or_actor_is_so_long_that_pruned_rows_seem_to_be_missing(
    sealed: Archive, text: str
) -> None:
    end = NOON + timedelta(minutes=7)
    with bind(user_id=text, kind="cli", label=text, reason=text):
        sealed.trail.custody.prune(sealed.engine, end)
    with Session(sealed.engine) as session:
        told = session.query(Log).order_by(Log.id.desc()).limit(1).one().metadata_json
    assert sealed.found() == []
    assert (told["rows"], told["up_to_id"], told["reason"]) == (6, 6, text[:500])
    assert told["actor"] == {"kind": "cli", "id": text[:50], "label": text[:50]}


def test_deleting_more_than_was_pruned_is_named(sealed: Archive) -> None:
    sealed.trail.custody.prune(sealed.engine, NOON + timedelta(minutes=7))
    sealed.tamper("DELETE FROM activity_log WHERE id = 7", INSERT.format(3))

    assert sealed.found() == [("altered", 3), ("removed", 7)]


def test_a_forged_pruning_excuses_nothing_that_came_after_it(sealed: Archive) -> None:
    sealed.put(1, activity_type="audit_prune", metadata_json={"up_to_id": 10**9})
    sealed.seal(1)
    sealed.tamper("DELETE FROM activity_log WHERE id IN (2, 104)")

    assert sealed.found() == [("removed", 2), ("truncated", 104)]


def test_what_is_not_sealed_is_sealed_before_it_is_pruned(archive: Archive) -> None:
    archive.put(4)
    archive.trail.custody.prune(archive.engine, NOON + timedelta(minutes=3), dry_run=True)
    assert archive.verify().seals == 0
    archive.trail.custody.prune(archive.engine, NOON + timedelta(minutes=3))
    saw = archive.verify()
    assert (saw.seals, saw.rows, saw.pruned_up_to, saw.findings) == (1, 2, 2, [])


@pytest.mark.parametrize("sealed_rows, gone", [(0, 0), (2, 2), (4, 3)])
def test_old_rows_that_cannot_be_sealed_stay_and_are_counted(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, sealed_rows: int, gone: int
) -> None:
    if sealed_rows:
        archive.seal(sealed_rows)
    archive.put(4 - sealed_rows)
    monkeypatch.setattr(sealer, "horizon", lambda *_: None)
    pruned = archive.trail.custody.prune(archive.engine, NOON + timedelta(minutes=4))

    assert (pruned.rows, pruned.held_up) == (gone, 3 - gone)
    assert archive.found() == []


def test_blanking_the_client_breaks_no_seal(sealed: Archive) -> None:
    sealed.seal(0)
    sealed.put(1, remote_addr="192.0.2.0", metadata_json={"client": CLIENT})
    sealed.seal()
    with Session(sealed.engine) as session:
        assert sealed.trail.custody.erase(session, 7) == 13
        session.commit()
    assert sealed.found() == []
