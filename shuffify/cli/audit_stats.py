"""`shuffify audit stats`: counts by type and by day."""

from collections.abc import Iterator
from typing import Any

import click
from flask.cli import with_appcontext

from shuffify.cli import terminal
from shuffify.cli.audit_filters import filter_of, filter_options
from shuffify.cli.audit_reading import reading
from shuffify.cli.terminal import Column
from shuffify.services.activity_stats import ActivityStats, count_activity
from shuffify.web.negotiation import counted

COUNT_WIDTH = 11


@click.command("stats")
@click.option("--days", "shown", type=click.IntRange(1, 3660), default=30, show_default=True,
              help="Days with activity to list, the newest; --json has all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@filter_options
@with_appcontext
def stats(shown: int, as_json: bool, **options: Any) -> None:
    """Count what happened, by type and by day (UTC).

    Filters narrow each other down.
    """
    with reading():
        found = count_activity(filter_of(**options))
        if as_json:
            terminal.echo_json(found.to_dict())
        elif not found.total:
            terminal.echo(["No activity fits."])
        else:
            terminal.echo(_lines(found, shown))


def _lines(found: ActivityStats, shown: int) -> Iterator[str]:
    if found.first is None or found.last is None:
        yield f"{counted(found.total, 'row')}, none with a time that can be read."
    else:
        between = f"{found.first:%Y-%m-%d %H:%M} to {found.last:%Y-%m-%d %H:%M}"
        yield f"{found.total:,} rows from {between}."
    yield ""
    yield from _table("TYPE", found.types.most_common())
    yield ""
    days = [(day, counts.total()) for day, counts in found.days.items()]
    yield from _table("DAY (UTC)", days[-shown:])
    if len(days) > shown:
        yield f"{len(days) - shown:,} earlier days are left out: --days, --since, or --json."


def _table(name: str, counts: list[tuple[str, int]]) -> Iterator[str]:
    width = max(len(name), *(len(key) for key, _ in counts))
    layout = [[Column(name, width), Column("ROWS", COUNT_WIDTH, right=True)]]
    return terminal.table(layout, [{name: key, "ROWS": f"{count:,}"} for key, count in counts])
