"""The page on seals says enough to recompute them without the program."""

from __future__ import annotations

from datetime import datetime
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shuffify import cli
from shuffify.models.db import ActivityLog, User
from tests.docs import pages
from tests.docs.pages import ROOT

PAGE = ROOT / "docs/audit/seals.md"
KEY = "a key of the auditors"

METADATA: list[Any] = [
    None,
    {},
    {"client": {"remote_addr": "192.0.2.0"}},
    {"b": 2.0, "a": [1.5, {"deep": [100.0, None, True]}], "none": None, "name": "späte Nacht 🎵"},
]


@pytest.fixture
def trail_file(
    outside: Session, user: User, app_database_url: str, tmp_path: Path
) -> Path:
    """Seal some rows without a key and some with one; return the file of their export."""
    environ = {"APP_CONFIG": "testing", "DATABASE_URL": app_database_url,
               "AUDIT_SPOOL": str(tmp_path / "spool.jsonl")}
    file = tmp_path / "trail.ndjson"
    for hour, key in enumerate(("", KEY)):
        outside.add_all(
            ActivityLog(user_id=user.id, activity_type="logout", description="Logged out",
                        playlist_name=None if second else "Späte Nacht", metadata_json=metadata,
                        created_at=datetime(2026, 1, 1, hour, 0, second, 5 * second))
            for second, metadata in enumerate(METADATA)
        )
        outside.commit()
        sealing = {**environ, **({"AUDIT_SEAL_KEY": key} if key else {})}
        assert CliRunner().invoke(cli.cli, ["audit", "seal"], env=sealing).exit_code == 0
    command = ["audit", "export", "--format", "ndjson", "--out", str(file)]
    assert CliRunner().invoke(cli.cli, command, env=environ).exit_code == 0
    return file


def test_the_page_alone_recomputes_rows_and_seals(trail_file: Path, outside: Session) -> None:
    (block,) = pages.blocks(PAGE, "python")
    names: dict[str, Any] = {}
    exec(compile(block.code, str(PAGE), "exec", dont_inherit=True), names)  # noqa: S102

    rows = [json.loads(line) for line in trail_file.read_text().splitlines()]
    seals = outside.execute(text("SELECT * FROM activity_seals ORDER BY id")).mappings().all()
    assert [seal["row_count"] for seal in seals] == [len(METADATA)] * 2
    assert " ".join(seal["trace"] for seal in seals) == " ".join(
        f"{row['id']}:{names['digest_of_row'](row)}" for row in rows
    )
    assert [seal["digest"] for seal in seals] == [
        names["digest_of_seal"](seal, KEY) for seal in seals
    ]
    assert [seal["previous"] for seal in seals] == [None, seals[0]["digest"]]
