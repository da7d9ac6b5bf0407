"""`shuffify audit seal` and `verify`: exit codes, words and anchors."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify.audit import horizon
from shuffify.models.base import utcnow
from tests.cli.conftest import Audit, Record
from tests.visitor import on_sqlite

KEYS = {"AUDIT_SEAL_KEY": "a key of the auditors"}
UNKEYED = (
    "1 seal without a key, which whoever can write to the database could have made;"
    " AUDIT_SEAL_KEY keys those to come.\n"
)


def tamper(session: Session, statement: str) -> None:
    """Do what the owner of the database can."""
    session.rollback()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER IF EXISTS activity_log_no_update"))
        session.execute(text("DROP TRIGGER IF EXISTS activity_log_no_delete"))
        session.execute(text("DROP TRIGGER IF EXISTS activity_seals_no_delete"))
    else:
        session.execute(text("ALTER TABLE activity_log DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE activity_seals DISABLE TRIGGER USER"))
    session.execute(text(statement))
    session.commit()


def read(audit: Audit, *arguments: str, **variables: str) -> Any:
    return json.loads(audit(*arguments, "--json", **variables).stdout)


def test_rows_are_sealed_and_found_as_they_were(audit: Audit, record: Record) -> None:
    for _ in range(3):
        record()
    first = audit("seal")
    assert (first.exit_code, first.output) == (0, "Sealed 3 rows in 1 seal, up to row 3.\n")
    again = audit("seal")
    assert (again.exit_code, again.output) == (0, "There is nothing to seal above row 3.\n")
    record()

    clean = audit("verify")
    assert (clean.exit_code, clean.stderr) == (0, "")
    assert clean.stdout == (
        "3 rows compared with 1 seal: nothing wrong.\n"
        f"1 row not sealed yet, of which this proves nothing.\n{UNKEYED}"
    )
    assert read(audit, "seal") == {"rows": 1, "seals": 1, "last_id": 4, "is_held_up": False}
    told = read(audit, "verify")
    assert (told["rows"], told["seals"], told["unsealed"], told["findings"]) == (4, 2, 0, [])
    assert told["head"]["last_id"] == 4


def test_what_was_done_to_a_row_is_named_and_ends_with_1(
    audit: Audit, record: Record, session: Session
) -> None:
    for _ in range(4):
        record()
    audit("seal")
    tamper(session, "UPDATE activity_log SET description = 'Logged in' WHERE id = 2")
    tamper(session, "DELETE FROM activity_log WHERE id = 3")

    result = audit("verify")

    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == (
        "altered: row 2 is not as it was sealed\nremoved: row 3 is gone\n\n"
        f"3 rows compared with 1 seal: 2 wrong.\n{UNKEYED}"
    )
    told = read(audit, "verify")
    assert told["found"] == 2
    assert told["findings"][0] == {
        "kind": "altered", "row_id": 2, "told": "row 2 is not as it was sealed"
    }


def test_anchors_are_compared_and_added_while_all_is_well(
    audit: Audit, record: Record, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "anchors"
    nothing = audit("verify", "--anchor", str(file), **KEYS)
    assert nothing.stdout.endswith(
        f"0 anchors in {file}, as they were; the present head was there, or there is none.\n"
    )
    assert not file.exists()
    for _ in range(2):
        record()
        audit("seal", **KEYS)
        told = read(audit, "verify", "--anchor", str(file), **KEYS)
    assert (told["anchors"], told["anchor_added"], told["seals_without_key"]) == (1, True, 0)
    last = audit("verify", "--anchor", str(file), **KEYS)
    assert last.stdout == (
        "2 rows compared with 2 seals: nothing wrong.\n"
        f"2 anchors in {file}, as they were; the present head was there, or there is none.\n"
    )
    tamper(session, "DELETE FROM activity_log WHERE id = 2")
    tamper(session, "DELETE FROM activity_seals WHERE first_id = 2")
    kept = file.read_bytes()

    assert audit("verify", **KEYS).exit_code == 0
    cut = audit("verify", "--anchor", str(file), **KEYS)
    assert cut.exit_code == 1
    assert cut.stdout.startswith("truncated: the trail was anchored up to row 2, sealed at ")
    assert file.read_bytes() == kept


def test_a_key_that_is_missing_or_wrong_is_named_and_ends_with_78(
    audit: Audit, record: Record
) -> None:
    record()
    audit("seal", **KEYS)
    for key, told in (("", "no key was given"), ("another", "the given keys are ")):
        result = audit("verify", AUDIT_SEAL_KEY=key)
        assert (result.exit_code, result.stdout) == (78, "")
        assert "AUDIT_SEAL_KEY: The trail was sealed with the key " in result.stderr
        assert told in result.stderr and "auditors" not in result.stderr
    assert audit("verify", AUDIT_SEAL_KEY=f"new, {KEYS['AUDIT_SEAL_KEY']}").exit_code == 0


def test_a_key_that_is_missing_hides_no_finding(
    audit: Audit, record: Record, session: Session
) -> None:
    for _ in range(3):
        record()
    audit("seal", **KEYS)
    tamper(session, "UPDATE activity_log SET description = 'Logged in' WHERE id = 2")

    result = audit("verify")
    assert (result.exit_code, result.stdout) == (78, "altered: row 2 is not as it was sealed\n")
    assert "AUDIT_SEAL_KEY: The trail was sealed with the key " in result.stderr
    told = audit("verify", "--json")
    assert (told.exit_code, json.loads(told.stdout)["found"]) == (78, 1)
    assert json.loads(told.stdout)["is_complete"] is False


@on_sqlite
@pytest.mark.parametrize(
    "command", [("verify",), ("list",), ("show", "2"), ("show", "2", "--json")]
)
def test_text_that_is_no_utf_8_is_read_all_the_same(
    audit: Audit, record: Record, session: Session, command: tuple[str, ...]
) -> None:
    for _ in range(3):
        record()
    audit("seal")
    tamper(session, "UPDATE activity_log SET description = CAST(x'4e31ff' AS TEXT) WHERE id = 2")

    result = audit(*command)

    is_verify = command == ("verify",)
    assert (result.exit_code, result.stderr) == (int(is_verify), "")
    assert ("altered: row 2" if is_verify else "N1\\") in result.stdout


def test_a_file_that_holds_no_anchors_ends_with_2(
    audit: Audit, record: Record, tmp_path: Path
) -> None:
    file = tmp_path / "letter"
    file.write_text("Dear auditor,\n")
    result = audit("verify", "--anchor", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 1 is no anchor" in result.stderr
    assert file.read_text() == "Dear auditor,\n"


@pytest.mark.parametrize("command", ["seal", "verify"])
def test_a_database_that_is_none_ends_with_3(
    audit: Audit, command: str, tmp_path: Path
) -> None:
    assert audit(command, DATABASE_URL=f"sqlite:///{tmp_path}/none").exit_code == 3
    assert not (tmp_path / "none").exists()


def test_transactions_under_way_hold_sealing_up(
    audit: Audit, record: Record, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    monkeypatch.setattr(horizon, "_settled", lambda *_: False)
    result = audit("seal")
    if session.get_bind().dialect.name == "sqlite":
        assert result.exit_code == 0
    else:
        assert (result.exit_code, result.output[:19]) == (1, "Nothing was sealed:")


def test_pruned_rows_stay_proved(audit: Audit, record: Record) -> None:
    for days in (40, 35, 5):
        record(created_at=utcnow() - timedelta(days=days))
    audit("seal")
    audit("prune", "--keep-days", "30")
    told = read(audit, "verify")
    assert (told["rows"], told["pruned_up_to"], told["findings"]) == (1, 2, [])
    shown = audit("verify").stdout
    assert "Rows up to 2 were pruned; the trail says by whom and why.\n" in shown


@on_sqlite
def test_what_the_database_or_an_anchor_says_cannot_steer_the_terminal(
    audit: Audit, record: Record, session: Session, tmp_path: Path
) -> None:
    record()
    audit("seal")
    path = tmp_path / "anchors.jsonl"
    assert audit("verify", "--anchor", str(path)).exit_code == 0
    anchor = json.loads(path.read_text())
    path.write_text(json.dumps({**anchor, "sealed_at": "\x1b[2J", "last_id": 9}) + "\n")
    found = audit("verify", "--anchor", str(path))
    assert found.exit_code == 1 and r"\x1b[2J" in found.stdout
    assert "\x1b" not in found.output

    tamper(session, "DROP TRIGGER activity_seals_no_update")
    tamper(session, "UPDATE activity_seals SET key_id = char(27) || '[2J'")
    refused = audit("verify")
    assert refused.exit_code == 78 and r"\x1b[2J" in refused.stderr
    assert "\x1b" not in refused.output
