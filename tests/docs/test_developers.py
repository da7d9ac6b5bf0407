"""The samples for developers run, in their order, and leave the rows that they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
import re
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine, orm
from sqlalchemy.orm import DeclarativeBase

from shuffify import audit
from tests.audit.stage import LogColumns, Stage, UserColumns, staged
from tests.docs import pages
from tests.docs.pages import ROOT, Block

PAGE = ROOT / "docs/audit/developers.md"


@pytest.fixture
def stage(engine: Engine, tmp_path: Path) -> Iterator[Stage]:
    class Base(DeclarativeBase):
        pass

    class User(UserColumns, Base):
        pass

    class ActivityLog(LogColumns, Base):
        pass

    with staged(engine, Base, ActivityLog, tmp_path / "spool.jsonl") as stage:
        yield stage


def names_of(stage: Stage) -> dict[str, Any]:
    """Return what the page takes for granted: what its first lines import."""
    return {
        **vars(sqlalchemy), **vars(orm), **{name: getattr(audit, name) for name in audit.__all__},
        "Base": stage.base, "Session": stage.Session, "trail": stage.trail,
        "engine": stage.engine, "datetime": datetime, "__name__": "samples",
    }


def run(block: Block, names: dict[str, Any]) -> None:
    """Run a sample; its lines in a traceback are those of the page."""
    code = compile("\n" * (block.line - 1) + block.code, str(PAGE), "exec", dont_inherit=True)
    exec(code, names)  # noqa: S102


def test_the_samples_run_and_leave_the_rows_that_they_say(stage: Stage) -> None:
    names = names_of(stage)
    for block in pages.blocks(PAGE, "python"):
        stage.base.metadata.create_all(stage.engine)
        stage.turn_page()
        run(block, names)

        told = [row.description for row in stage.rows()]
        assert told == re.findall(r"#> (.*)$", block.code, re.MULTILINE), f"line {block.line}"
    assert {
        name: number for name, number in stage.trail.counters().items()
        if number and name.startswith(("losses", "degraded"))
    } == {}
