"""What was done to a sealed log behind the engine's back is named, row by row (A15)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from shuffify.audit import AuditError, AuditTrail, bind, sealer
from shuffify.audit.anchor import Anchor, add_anchor, anchor_of, read_anchors
from shuffify.audit.errors import AnchorError, SealKeyError
from shuffify.audit.seal import SealKeys
from shuffify.audit.sealer import as_seal
from shuffify.audit.verification import MOST_FINDINGS, Verification
from tests import databases
from tests.audit.sealed import NOON, Archive, Log

CLIENT = {"remote_addr": "192.0.2.0"}
LONG_AGO = "2025-01-01 00:00:00.000000"

SWAP = (
    "UPDATE activity_log SET id = 900 WHERE id = {0}",
    "UPDATE activity_log SET id = {0} WHERE id = {1}",
    "UPDATE activity_log SET id = {1} WHERE id = 900",
)
INSERT = (
    "INSERT INTO activity_log (id, user_id, activity_type, description, created_at, event_id)"
    f" VALUES ({{0}}, 7, 'x', 'x', '{LONG_AGO}', 'forged')"
)
TAMPERING: dict[str, tuple[tuple[str, ...], list[tuple[str, int]]]] = {
    "alter a sentence": (
        ("UPDATE activity_log SET description = 'N' WHERE id = 5",), [("altered", 5)]),
    "alter an actor": (("UPDATE activity_log SET user_id = 8 WHERE id = 9",), [("altered", 9)]),
    "empty a column": (
        ("UPDATE activity_log SET metadata_json = NULL WHERE id = 1",), [("altered", 1)]),
    "alter deep down": (
        ("UPDATE activity_log SET metadata_json ="
         " '{\"changes\": {\"n\": [2, 101]}, \"client\": {}}' WHERE id = 2",), [("altered", 2)]),
    "delete a row": (("DELETE FROM activity_log WHERE id = 6",), [("removed", 6)]),
    "delete the first row": (("DELETE FROM activity_log WHERE id = 1",), [("removed", 1)]),
    "delete across seals": (
        ("DELETE FROM activity_log WHERE id BETWEEN 3 AND 8",), [("removed", 3)]),
    "delete here and there": (
        ("DELETE FROM activity_log WHERE id IN (2, 6, 7)",), [("removed", 2), ("removed", 6)]),
    "cut the tail": (("DELETE FROM activity_log WHERE id >= 10",), [("truncated", 10)]),
    "insert a row in a gap": ((INSERT.format(101),), [("inserted", 101)]),
    "insert a row between seals": ((INSERT.format(50),), [("inserted", 50)]),
    "insert a row before all": ((INSERT.format(0),), [("inserted", 0)]),
    "swap rows": (
        tuple(one.format(2, 4) for one in SWAP), [("reordered", 2), ("reordered", 4)]),
    "swap rows across seals": (
        tuple(one.format(2, 9) for one in SWAP), [("reordered", 2), ("reordered", 9)]),
    "move a row": (("UPDATE activity_log SET id = 50 WHERE id = 9",), [("reordered", 50)]),
    "move a row across seals": (
        ("UPDATE activity_log SET id = 50 WHERE id = 3",), [("removed", 3), ("reordered", 50)]),
    "alter a seal": (
        (f"UPDATE activity_seals SET sealed_at = '{LONG_AGO}' WHERE first_id = 5",),
        [("seal_altered", 5)]),
    "count otherwise": (
        ("UPDATE activity_seals SET row_count = 3 WHERE first_id = 1",), [("seal_altered", 1)]),
    "spoil a trace": (
        ("UPDATE activity_seals SET trace = 'none' WHERE first_id = 9",), [("seal_altered", 9)]),
    "delete a seal": (("DELETE FROM activity_seals WHERE first_id = 5",), [("seal_missing", 9)]),
    "delete the first seal": (
        ("DELETE FROM activity_seals WHERE first_id = 1",), [("seal_missing", 5)]),
    "do it all": (
        ("UPDATE activity_log SET description = 'N' WHERE id = 5",
         "DELETE FROM activity_log WHERE id = 6", INSERT.format(101)),
        [("altered", 5), ("removed", 6), ("inserted", 101)]),
}


@pytest.fixture
def archive(engine: Engine) -> Archive:
    return Archive(engine)


def fill(archive: Archive) -> None:
    """Put twelve rows with a gap in their ids, in three seals of four."""
    archive.seal(4, 4)
    archive.put(2)
    with archive.engine.begin() as connection:
        for number in (100, 102):
            archive.insert(connection, id=number)
    if archive.engine.dialect.name == "postgresql":
        with archive.engine.begin() as connection:
            connection.execute(text("SELECT setval('activity_log_id_seq', 102)"))
    archive.seal()


@pytest.fixture
def sealed(archive: Archive) -> Archive:
    fill(archive)
    return archive


def test_what_nobody_touched_is_clean(sealed: Archive) -> None:
    sealed.put(3)
    with sealed.watched() as seen:
        saw = sealed.verify()

    assert (saw.rows, saw.seals, saw.unsealed, saw.findings) == (12, 3, 3, [])
    assert saw.head is not None and (saw.head.first_id, saw.head.last_id) == (9, 102)
    assert {statement.split()[0] for statement in seen} <= {"BEGIN", "SELECT"}


@pytest.mark.parametrize("keys", [(), ("a key of the auditors",)])
def test_each_tampering_is_named(
    archive: Archive, keys: tuple[str, ...], subtests: pytest.Subtests
) -> None:
    archive.trail.custody.seal_with(keys)
    fill(archive)
    for name, (statements, expected) in TAMPERING.items():
        with subtests.test(name), archive.owned() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            saw = Verification(archive.trail.custody.sealer(), connection, ()).run()
            connection.rollback()
            assert [(one.kind, one.row_id) for one in saw.findings] == expected
    assert archive.found() == []


@pytest.mark.parametrize("statement", [
    "UPDATE activity_log SET created_at = 'garbage' WHERE id = 6",
    "UPDATE activity_log SET metadata_json = '{' WHERE id = 6",
    f"UPDATE activity_log SET metadata_json = '{'[' * 20_000}' WHERE id = 6",
    "UPDATE activity_log SET activity_type = 'audit_prune', metadata_json = '{' WHERE id = 6",
    "UPDATE activity_log SET description = CAST(x'4eff' AS TEXT) WHERE id = 6",
    "UPDATE activity_log SET activity_type = 'audit_prune', metadata_json = '[]' WHERE id = 6",
    "UPDATE activity_seals SET sealed_at = 'garbage' WHERE first_id = 5",
])
def test_what_cannot_be_read_is_named_and_can_be_sealed(tmp_path: Path, statement: str) -> None:
    # PostgreSQL knows types.
    archive = Archive(databases.connect(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    fill(archive)
    archive.tamper(statement)
    kind = "seal_altered" if "seals" in statement else "altered"
    assert archive.found() == [(kind, 5 if "seals" in statement else 6)]

    archive.put(2)
    archive.tamper("UPDATE activity_log SET created_at = 'garbage' WHERE id > 102")
    archive.seal()
    assert len(archive.found()) == 1
    archive.engine.dispose()


@pytest.mark.parametrize("change, at", [
    ("trace = CAST(trace AS BLOB)", 5), ("trace = CAST(x'ff' AS TEXT)", 5),
    ("last_id = 'abc'", 5), ("row_count = 1.5", 5), ("digest = x'00'", 5),
    ("key_id = x'00'", 5), ("previous = x'00'", 5), ("first_id = 'abc'", 103),
])
def test_a_seal_that_is_none_hides_no_other_row(
    tmp_path: Path, change: str, at: int
) -> None:
    archive = Archive(databases.connect(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    fill(archive)
    archive.tamper(
        f"UPDATE activity_seals SET {change} WHERE first_id = 5",
        "UPDATE activity_log SET description = 'N' WHERE id IN (2, 6, 10)",
    )
    found = archive.found()
    archive.engine.dispose()

    assert {("altered", 2), ("altered", 10), ("seal_altered", at)} <= set(found)
    assert {kind for kind, _ in found} <= {"altered", "seal_altered", "seal_missing"}
    assert ("altered", 6) not in found, "its seal tells nothing of it"


def test_nothing_is_sealed_upon_a_seal_that_is_none(tmp_path: Path) -> None:
    archive = Archive(databases.connect(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    fill(archive)
    archive.tamper("UPDATE activity_seals SET last_id = 'abc' WHERE first_id = 5")
    with pytest.raises(AuditError, match="not as it was made: verify names it"):
        archive.seal(1)
    archive.engine.dispose()


@pytest.mark.parametrize("time", ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"])
def test_a_time_that_python_has_not_is_named_and_can_be_sealed(
    postgres_url: str, time: str
) -> None:
    archive = Archive(databases.connect(postgres_url))
    fill(archive)
    archive.put(2)
    archive.tamper(f"UPDATE activity_log SET created_at = '{time}' WHERE id IN (6, 103)")
    archive.trail.custody.seal(archive.engine)

    assert archive.found() == [("altered", 6)]
    archive.engine.dispose()


def test_findings_say_what_is_wrong(sealed: Archive) -> None:
    sealed.tamper(
        "DELETE FROM activity_log WHERE id IN (2, 4)", "DELETE FROM activity_log WHERE id = 5",
        *(one.format(7, 9) for one in SWAP),
    )
    assert [one.told for one in sealed.verify().findings] == [
        "row 2 is gone",
        "rows 4 to 5 are gone (2)",
        "row 7 holds what was sealed as row 9",
        "row 9 holds what was sealed as row 7",
    ]


def test_of_many_findings_the_first_are_kept_and_all_counted(sealed: Archive) -> None:
    with sealed.owned() as connection:
        for number in range(300, 500):
            sealed.insert(connection, id=number)
        connection.execute(text("UPDATE activity_seals SET last_id = 600 WHERE first_id = 9"))
    saw = sealed.verify()

    assert (saw.found, len(saw.findings)) == (201, MOST_FINDINGS)
    assert [(one.kind, one.row_id) for one in saw.findings[:2]] == [
        ("seal_altered", 9), ("inserted", 300)
    ]


# -- anchors -----------------------------------------------------------------------------------


def test_an_anchor_shows_a_tail_that_is_cut_with_its_seals(
    sealed: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "anchors"
    assert read_anchors(path) == []
    for size in (0, 3):
        sealed.seal(size)
        head = sealed.verify().head
        assert head is not None
        add_anchor(path, anchor_of(head))
    anchors = read_anchors(path)
    assert [anchor.last_id for anchor in anchors] == [102, 105]
    sealed.seal(2)
    assert sealed.found(anchors) == []

    sealed.tamper(
        "DELETE FROM activity_log WHERE id > 8", "DELETE FROM activity_seals WHERE first_id > 8"
    )
    assert sealed.found() == [], "nothing inside the database can show it"
    saw = sealed.verify(anchors)
    assert [(one.kind, one.row_id) for one in saw.findings] == [
        ("truncated", 102), ("truncated", 105)
    ]
    assert saw.findings[0].told.startswith("the trail was anchored up to row 102, sealed at 20")
    assert saw.findings[0].told.endswith("; its seals end at row 8")


def test_an_anchor_shows_seals_that_were_all_made_anew(sealed: Archive) -> None:
    with sealed.engine.connect() as connection:
        seals = connection.execute(sealed.trail.custody.sealer().every_seal()).all()
    anchors = [anchor_of(as_seal(row)) for row in seals]
    sealed.tamper(
        "UPDATE activity_log SET user_id = 8 WHERE id = 2", "DELETE FROM activity_seals"
    )
    sealed.seal()

    assert sealed.found() == []
    expected = [("rewritten", 1), ("rewritten", 4), ("rewritten", 8)]
    assert sealed.found(anchors) == expected

    # Nor does an anchor that was added afterwards hide the one before it.
    with sealed.engine.connect() as connection:
        seals = connection.execute(sealed.trail.custody.sealer().every_seal()).all()
    assert sealed.found([*anchors, *(anchor_of(as_seal(row)) for row in seals)]) == expected


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"last_id": 1}', '{"last_id": "1", "digest": "x", "sealed_at": ""}',
                "\xff", ""]
)
def test_a_file_that_holds_no_anchors_is_refused_with_its_line(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "anchors"
    add_anchor(path, Anchor(1, "digest", "then"))
    path.write_bytes(path.read_bytes() + content.encode("latin-1") + b"\n")
    with pytest.raises(AnchorError, match="anchors, line 2 is no anchor"):
        read_anchors(path)


def test_an_anchor_gets_a_line_of_its_own_where_the_last_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    first, second = Anchor(1, "one", "then"), Anchor(2, "two", "now", "key")
    add_anchor(path, first)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    add_anchor(path, second)
    add_anchor(path, first)

    assert read_anchors(path) == [first, second, first]
    assert len(path.read_bytes().splitlines()) == 3


# -- keys --------------------------------------------------------------------------------------


def test_keyed_seals_need_their_key(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.trail.custody.seal_with(["second key", "first key"])
    sealed.seal(2)
    saw = sealed.verify()
    assert (saw.findings, saw.seals, saw.unkeyed) == ([], 5, 3)

    sealed.trail.custody.seal_with([])
    with pytest.raises(SealKeyError, match="sealed with the key [0-9a-f]{16}; no key was given"):
        sealed.verify()
    sealed.trail.custody.seal_with(["second key", "wrong key"])
    with pytest.raises(SealKeyError, match="the given keys are [0-9a-f]{16}, [0-9a-f]{16}"):
        sealed.verify()


def test_a_key_that_is_missing_hides_no_finding(sealed: Archive) -> None:
    sealed.tamper(
        "UPDATE activity_seals SET key_id = 'x' WHERE first_id = 5",
        "UPDATE activity_log SET description = 'N' WHERE id IN (2, 6, 10)",
    )
    with pytest.raises(SealKeyError, match="with the key x; no key was given") as caught:
        sealed.verify()
    saw = caught.value.saw
    assert [(one.kind, one.row_id) for one in saw.findings] == [
        ("altered", 2), ("altered", 6), ("seal_altered", 9), ("altered", 10)
    ], "the seal after it has lost its key, as it seems"


def test_a_chain_that_loses_its_key_is_named(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.trail.custody.seal_with([])
    sealed.seal(2)
    sealed.trail.custody.seal_with(["first key"])

    (finding,) = sealed.verify().findings
    assert (finding.kind, finding.row_id) == ("seal_altered", 105)
    assert finding.told == "the seal of rows 105 to 106 has no key, the one before it had one"


def test_without_the_key_nobody_makes_a_seal_that_fits(sealed: Archive) -> None:
    sealed.trail.custody.seal_with(["first key"])
    sealed.seal(2)
    sealed.tamper("DELETE FROM activity_seals WHERE first_id = 103",
                  "UPDATE activity_log SET user_id = 8 WHERE id = 103")
    sealed.trail.custody.seal_with(["guess"])
    sealed.seal()
    sealed.tamper(f"UPDATE activity_seals SET key_id = '{SealKeys(['first key']).current}'"
                  " WHERE first_id = 103")
    sealed.trail.custody.seal_with(["first key"])

    assert sealed.found() == [("seal_altered", 103)]


def test_a_key_alone_does_not_show_seals_that_were_deleted_and_made_anew(
    archive: Archive,
) -> None:
    archive.trail.custody.seal_with(["first key"])
    fill(archive)
    head = archive.verify().head
    assert head is not None
    archive.tamper("DELETE FROM activity_seals WHERE first_id > 1",
                   "UPDATE activity_log SET user_id = 8 WHERE id = 6")
    archive.seal()

    assert archive.found() == [], "the app itself has sealed the altered row, with the key"
    assert [kind for kind, _ in archive.found([anchor_of(head)])] == ["rewritten"]


# -- the door ----------------------------------------------------------------------------------


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


# -- refusals ----------------------------------------------------------------------------------


def test_a_trail_without_seals_says_so(archive: Archive) -> None:
    trail = AuditTrail(log=Log)
    for act in (trail.custody.seal, trail.custody.verify):
        with pytest.raises(AuditError, match=r"AuditTrail\(seals="):
            act(archive.engine)
    with pytest.raises(AuditError, match="activity_log lacks digest, first_id, key_id"):
        AuditTrail(log=Log, seals=Log)
