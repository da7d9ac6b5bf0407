"""The SQL recipes for auditors find what they are for, and nothing else."""

from __future__ import annotations

from datetime import timedelta
import json
from typing import Any

import pytest
from sqlalchemy import Connection, select

from shuffify.models.db import ActivityLog
from tests import databases
from tests.docs import pages
from tests.docs.pages import ROOT, Block

RECIPES = ROOT / "docs/audit/recipes.md"


def recipes(dialect: str) -> list[Block]:
    """Return the recipes for one database."""
    return [block for block in pages.blocks(RECIPES, "sql") if block.word in ("", dialect)]


def heading(block: Block) -> str:
    """Return the heading that a recipe stands under."""
    lines = RECIPES.read_text().splitlines()[:block.line]
    return next(line.removeprefix("## ") for line in reversed(lines) if line.startswith("## "))


OF_THE_SCHEDULE = [
    "Created shuffle schedule for 'Mix'", "Disabled shuffle schedule for 'Mix'",
    "Updated shuffle schedule for 'Mix' (schedule_value)",
    "Updated shuffle schedule for 'Mix' (algorithm_params)", "Enabled shuffle schedule for 'Mix'",
]

FOUND: dict[str, tuple[str, list[Any]]] = {
    # under its heading, what each recipe finds: the columns compared, and its rows in their order
    "Who changed this schedule?": ("actor description", [
        *((None, told) for told in OF_THE_SCHEDULE[:-1]), ("unknown", OF_THE_SCHEDULE[-1]),
    ]),
    "What happened in one request?": ("description", [(told,) for told in (
        "Logged in via Spotify OAuth", OF_THE_SCHEDULE[0],
        "Added upstream source 'Fresh' to 'Mix'", *OF_THE_SCHEDULE[1:3],
        *(f"{done} workshop session 'Draft {number}'"
          for number in range(3) for done in ("Saved", "Deleted")),
        OF_THE_SCHEDULE[3],
    )]),
    "How did one column change?": ("before after", [(None, True), (True, False), (False, True)]),
    "All failures": ("description error", [
        ("Shuffle: interrupted", None),
        ("Scheduled shuffle on 'Mix' failed: 429", "429"),
    ]),
    "Who acted for another?": ("description on_behalf_of", [(OF_THE_SCHEDULE[2], 2)]),
    "Who acts at all: people, jobs, commands, nobody?": ("kind source row_count", [
        ("user", "web", 18), ("cli", "retention", 2), ("job", "scheduler", 1),
        ("unknown", None, 1), ("user", "cli", 1),
    ]),
    "Logins per day": ("logins users", [(1, 1)]),
    "What was pruned, by whom and why?": (
        "user_who_lost_rows row_count first_id last_id pruned_by reason",
        [(1, 2, 1, 2, "cli:ops", "policy 7")],
    ),
    "Whose person was erased?": ("user_id rows_blanked erased_by", [(1, 0, "cli:ops")]),
    "Suspicious: changes that nobody was bound to": ("description", [(OF_THE_SCHEDULE[-1],)]),
    "Suspicious: where the trail says that it does not know": ("why reason description", [
        ("audit_gap", None, "A flush (UpstreamSource) went unrecorded"),
        ("bulk", None, "Deleted upstream source in bulk: 2 rows"),
        ("audit_suspended", "import of the old lists",
         "Let 1 change pass unrecorded: import of the old lists"),
        ("truncated", None, OF_THE_SCHEDULE[3]),
    ]),
    "Suspicious: many deletions by one user within an hour": ("user_id deletions", [(1, 4)]),
}


def answer(connection: Connection, block: Block) -> list[dict[str, Any]]:
    """Return what a recipe finds; JSON is read, where the database gives it as text."""
    # The driver's own cursor, which leaves a % where it stands.
    cursor = connection.connection.cursor()
    cursor.execute(block.code)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    if connection.dialect.name == "sqlite":
        for row in rows:
            read = {name: json.loads(row[name]) for name in ("before", "after") if name in row}
            row.update(read)
    return rows


def by_column(connection: Connection, playlist_id: str) -> list[tuple[Any, ...]]:
    """Return what the recipe for a playlist should find."""
    log = ActivityLog.__table__
    rows = connection.execute(
        select(log).where(log.c.playlist_id == playlist_id).order_by(log.c.id)
    )
    return [
        (row.id, row.activity_type, name, *values)
        for row in rows if isinstance(row.metadata_json["changes"], dict)
        for name, values in sorted(row.metadata_json["changes"].items())
    ]


@pytest.mark.usefixtures("found")
@pytest.mark.unshadowed("the trail has a gap, and a recipe that looks for it")
def test_every_recipe_finds_what_it_is_for(app_database_url: str) -> None:
    engine = databases.connect(app_database_url)
    with engine.connect() as connection:
        answers = {
            heading(block): answer(connection, block) for block in recipes(engine.dialect.name)
        }
        expected = by_column(connection, "p1")
    engine.dispose()

    changes = answers.pop("Every change to a playlist, column by column")
    assert [(row["id"], row["activity_type"], row["column"], row["before"], row["after"])
            for row in changes] == expected
    silences = answers.pop("Suspicious: the longest silences")
    lengths = [
        row["hours"] if "hours" in row else round(row["silence"] / timedelta(hours=1), 1)
        for row in silences
    ]
    assert lengths[0] == 7.0 and len(lengths) == 20
    assert lengths == sorted(lengths, reverse=True)

    actors = "Who acts at all: people, jobs, commands, nobody?"
    assert [row["row_count"] for row in answers[actors]] == [18, 2, 1, 1, 1]
    answers[actors].sort(key=lambda row: (-row["row_count"], row["kind"]))
    assert set(answers) == set(FOUND)
    for name, (columns, rows) in FOUND.items():
        # What `->>` finds of a number is text on one database, a number on the other.
        found = [[str(row[column]) for column in columns.split()] for row in answers[name]]
        assert found == [[*map(str, row)] for row in rows], name


def test_each_database_has_the_same_recipes() -> None:
    both = {dialect: len(recipes(dialect)) for dialect in ("postgresql", "sqlite")}
    headings = RECIPES.read_text().count("\n## ")
    assert both == {"postgresql": headings, "sqlite": headings}
