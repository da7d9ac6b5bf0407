"""`shuffify audit export`: the trail for other systems, streamed."""

from collections.abc import Callable, Iterator
import csv
from functools import partial
import json
from pathlib import Path
from typing import Any, TextIO

import click
from flask.cli import with_appcontext

from shuffify.audit import cloud_event, csv_cells, ecs
from shuffify.cli import terminal
from shuffify.cli.audit_filters import filter_of, filter_options
from shuffify.cli.audit_reading import reading
from shuffify.cli.file_name import FileName
from shuffify.cli.whole_file import whole_file
from shuffify.extensions import app_settings
from shuffify.models.db import ActivityLog
from shuffify.services.activity_stream import stream_rows

Record = dict[str, Any]
Rows = Iterator[Record]

PREFIX = "io.shuffify"


@click.command("export")
@click.option("--format", "kind", type=click.Choice(["ndjson", "csv", "cloudevents", "ecs"]),
              default="ndjson", show_default=True, help="One record a line, in this form.")
@click.option("--out", type=FileName(), metavar="FILE",
              help="Write to this file instead; it appears when it is complete.")
@filter_options
@with_appcontext
def export(kind: str, out: Path | None, **options: Any) -> None:
    """Write the trail, or the part that fits, oldest first.

    Filters narrow each other down. Memory stays the same however many rows there are.
    """
    with reading():
        rows = stream_rows(filter_of(**options))
        if out is None:
            _write(rows, kind, terminal.output())
        else:
            with whole_file(out) as file:
                count = _write(rows, kind, file)
            click.echo(f"{count:,} rows in {out}.", err=True)


def _write(rows: Rows, kind: str, file: TextIO) -> int:
    if kind == "csv":
        return _write_csv(rows, file)
    form = _forms()[kind]
    count = 0
    for row in rows:
        # ASCII, each record a line: no name can begin another record, or steer a terminal.
        file.write(json.dumps(form(row), separators=(",", ":")) + "\n")
        count += 1
    return count


def _forms() -> dict[str, Callable[[Record], Record]]:
    return {
        "ndjson": lambda row: row,
        "cloudevents": partial(
            cloud_event, source=f"{app_settings().public_url}/activity", prefix=PREFIX
        ),
        "ecs": partial(ecs, namespace="shuffify"),
    }


def _write_csv(rows: Rows, file: TextIO) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(ActivityLog().to_dict())
    count = 0
    for row in rows:
        writer.writerow(csv_cells(row))
        count += 1
    return count
