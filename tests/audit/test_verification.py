"""What was done to a sealed log behind the engine's back is named, row by row (A15)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from shuffify.audit import AuditError, AuditTrail
from shuffify.audit.verification import MOST_FINDINGS, Verification
from tests import databases
from tests.audit.sealed import INSERT, LONG_AGO, SWAP, Archive, Log

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
    archive.fill()
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
    archive.fill()
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
    archive.fill()
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
    archive.fill()
    archive.tamper("UPDATE activity_seals SET last_id = 'abc' WHERE first_id = 5")
    with pytest.raises(AuditError, match="not as it was made: verify names it"):
        archive.seal(1)
    archive.engine.dispose()


@pytest.mark.parametrize("time", ["infinity", "-infinity", "20000-01-01", "0044-03-15 BC"])
def test_a_time_that_python_has_not_is_named_and_can_be_sealed(
    postgres_url: str, time: str
) -> None:
    archive = Archive(databases.connect(postgres_url))
    archive.fill()
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


def test_a_trail_without_seals_says_so(archive: Archive) -> None:
    trail = AuditTrail(log=Log)
    for act in (trail.custody.seal, trail.custody.verify):
        with pytest.raises(AuditError, match=r"AuditTrail\(seals="):
            act(archive.engine)
    with pytest.raises(AuditError, match="activity_log lacks digest, first_id, key_id"):
        AuditTrail(log=Log, seals=Log)
