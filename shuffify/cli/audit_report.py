"""`shuffify audit report`: the trail as one page that needs nothing else."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from jinja2 import Environment, PackageLoader, StrictUndefined

from shuffify.audit import spelt_out
from shuffify.audit_trail import trail
from shuffify.cli.audit_filters import filter_of, filter_options
from shuffify.cli.audit_reading import reading
from shuffify.cli.file_name import FileName
from shuffify.cli.whole_file import whole_file
from shuffify.extensions import app_settings
from shuffify.models.base import utcnow
from shuffify.services.activity_query import ActivityFilter
from shuffify.services.activity_report import ActivityReport, read_report

CHART_WIDTH = 720
CHART_HEIGHT = 180
"""Units of the drawing, which is stretched to the page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a chart over time, in the drawing's units."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@click.command("report")
@click.option("--out", type=FileName(), metavar="FILE.html",
              required=True, help="Write the page to this file; it appears when it is complete.")
@filter_options
@with_appcontext
def report(out: Path, **options: Any) -> None:
    """Write a page on the trail: over time, by type and playlist, schedules, failures, losses.

    It is one file without scripts, to open, print or send. Filters narrow each other down.
    """
    with reading():
        wanted = filter_of(**options)
        page = render(read_report(wanted), wanted, len(trail.spool), utcnow())
        with whole_file(out) as file:
            file.write(page)
    click.echo(f"The report is in {out}.", err=True)


def render(found: ActivityReport, wanted: ActivityFilter, spooled: int, now: datetime) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("shuffify.cli"), autoescape=True, undefined=StrictUndefined,
        finalize=_visible, trim_blocks=True, lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["share"] = share
    return environment.get_template("audit_report.html").render(
        report=found,
        wanted=described(wanted),
        spooled=spooled,
        made_at=now,
        address=app_settings().public_url,
        bars=bars(found.over_time),
        labels=axis_labels(found.over_time),
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
    )


def _visible(value: Any) -> Any:
    # What a macro gave is markup, with lines of its own.
    return spelt_out(value) if type(value) is str else value


def described(wanted: ActivityFilter) -> list[tuple[str, str]]:
    """Return what was asked for, in the words of the command's options."""
    entity = ":".join(part for part in (wanted.entity_type, wanted.entity_id) if part)
    asked = {
        "user": wanted.user_id, "type": ", ".join(wanted.types), "playlist": wanted.playlist,
        "entity": entity, "source": wanted.source, "request": wanted.request_id,
        "since": wanted.since and f"{wanted.since:%Y-%m-%d %H:%M} UTC",
        "until": wanted.until and f"{wanted.until:%Y-%m-%d %H:%M} UTC",
    }
    return [(name, str(value)) for name, value in asked.items() if value]


def bars(series: list[tuple[str, int]]) -> list[Bar]:
    """Return a series as columns that fill the chart; the highest reaches its top."""
    most = max((count for _, count in series), default=0)
    room = CHART_WIDTH / max(len(series), 1)
    gap = min(2.0, room / 4)
    return [
        Bar(round(index * room, 2), round(CHART_HEIGHT - height, 2), round(room - gap, 2),
            round(height, 2), label, count)
        for index, (label, count) in enumerate(series)
        # What is there is seen, however small beside the others.
        for height in [max(CHART_HEIGHT * count / most, 1.5) if count else 0.0]
    ]


def axis_labels(series: list[tuple[str, int]]) -> list[str]:
    """Return what stands below a chart: its first step, its middle and its last."""
    names = [label for label, _ in series]
    return list(dict.fromkeys([*names[:1], *names[len(names) // 2:][:1], *names[-1:]]))


def share(count: int, counts: list[tuple[str, int]]) -> float:
    """Return a count in percent of the largest of all, for the length of a bar."""
    return round(100 * count / max(number for _, number in counts), 2)
