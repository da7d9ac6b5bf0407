"""How fast the trail is read when it is long, on both databases, against the goals.

    python -m benchmarks.audit_at_size [--rows 1000000] [--database sqlite postgresql]

Pages are read by what the app itself uses, by turns from a short trail and from the long one. The
commands that an auditor starts run in processes of their own, whose peak memory and processor
time count. Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
import os
from pathlib import Path
from statistics import median
import sys
import tempfile
from time import perf_counter
from typing import Any, NamedTuple

from flask import Flask

from benchmarks.audit_command import plain_read, run
from benchmarks.trail_rows import RARE, START, YEAR, fill
from shuffify.models.db import db
from shuffify.services import ActivityLogService
from shuffify.services.activity_query import ActivityFilter, Cursor, read_page
from tests import apps

SHORT = 10_000
ROUNDS = 15
LOOKS = 3
"""So often a page that misses is read anew, before it counts: others may use the machine."""

MOST_MILLISECONDS = 10.0
MOST_GROWTH, SLACK = 3.0, 1.0
"""A page of the long trail may take so many times that of the short one, and so many ms more."""

MOST_MIB = 200.0
MOST_READS = 4.0
"""So many times a plain reader's processor time may a command need, its start left out.

A number of rows in a second would judge the machine: one day's is half of another's.
"""

PLAIN = 200_000
"""Rows that the plain reader reads, beside each command."""

NO_TIME = 0.1
"""Seconds by which one start of a command differs from another."""

USER = 5

FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "user": {"user_id": USER},
    "type, frequent": {"types": ("schedule_run",)},
    "type, rare": {"types": (RARE,)},
    "type, pattern": {"types": ("schedule_*",)},
    "object": {"entity_type": "schedule", "entity_id": "7"},
    "source": {"source": "web"},
    "since": {"since": START + YEAR / 2},
    "until": {"until": START + YEAR / 2},
    "playlist": {"playlist": f"{1:04d}{0:018d}"},
}
UNBOUNDED: dict[str, dict[str, Any]] = {
    "request": {"request_id": "abcdef01"},
    "kind": {"entity_type": "playlist_snapshot"},
    "pattern, rare": {"types": ("schedule_d*",)},
}
"""What no index finds: measured without a goal."""

COMMANDS = (
    ("stats",), ("export", "--format", "ndjson"), ("export", "--format", "csv"),
    ("export", "--format", "cloudevents"), ("export", "--format", "ecs"),
    ("seal",), ("verify",), ("reconcile",),
)


@contextmanager
def filled(kind: str, rows: int) -> Iterator[tuple[Flask, str]]:
    """Yield an app on a trail of so many rows, and its address."""
    with tempfile.TemporaryDirectory() as folder, \
            apps.database_with_tables(kind, Path(folder)) as url:
        app = apps.make_app(url, Path(folder), "testing", {})
        begin = perf_counter()
        with app.app_context():
            fill(db.engine, rows)
        print(f"{kind}: {rows:,} rows, filled at {rows / (perf_counter() - begin):,.0f} rows/s,"
              f" load {os.getloadavg()[0]:.1f}", flush=True)
        yield app, url
        apps.close_app(app)


class Read(NamedTuple):
    """How long reads took, in milliseconds."""

    middle: float
    """The median, which has a goal."""
    least: float
    """What it takes where nobody else wants the machine."""


def timed(read: Callable[[], Any], both: tuple[Flask, Flask]) -> tuple[Read, Read]:
    """Return the times of a read, each in a transaction of its own, of two apps."""
    samples: tuple[list[float], list[float]] = ([], [])
    for number in range(-2, ROUNDS):
        # By turns: what else the machine has to do slows both.
        for app, kept in zip(both, samples, strict=True):
            with app.app_context():
                begin = perf_counter()
                read()
                if number >= 0:
                    kept.append((perf_counter() - begin) * 1e3)
                db.session.remove()
    short, long = samples
    return Read(median(short), min(short)), Read(median(long), min(long))


def pages(filters: dict[str, dict[str, Any]]) -> dict[str, Callable[[], Any]]:
    """Return what reads pages of 20: the newest, one in the middle, and the oldest."""
    middle, oldest = Cursor(START + YEAR / 2, 0), Cursor(START, 0)
    return {
        f"{name}, {place}": partial(read_page, ActivityFilter(**fields), limit=20, **cursor)
        for name, fields in filters.items()
        for place, cursor in (
            ("top", {}), ("middle", {"before": middle}), ("end", {"after": oldest}),
        )
    }


def missed_pages(both: tuple[Flask, Flask]) -> Iterator[str]:
    """Print what pages take; yield those that miss a goal."""
    print(f"{'page of 20':28}{'ms':>9}{'least':>9}{f'ms of {SHORT:,}':>14}{'least':>9}"
          f"{'ratio':>8}")
    recent = partial(ActivityLogService.get_recent, USER)
    for name, read in {"get_recent": recent, **pages(FILTERS)}.items():
        for _ in range(LOOKS):
            short, long = timed(read, both)
            most = min(MOST_MILLISECONDS, MOST_GROWTH * short.middle + SLACK)
            is_missed = long.middle >= most
            if not is_missed:
                break
        print(f"{name:28}{_told(short, long)}{long.middle / short.middle:>8.2f}"
              f"{'  missed' * is_missed}", flush=True)
        if is_missed:
            yield name
    for name, read in pages(UNBOUNDED).items():
        print(f"{name:28}{_told(*timed(read, both))}  no index has it", flush=True)


def _told(short: Read, long: Read) -> str:
    return f"{long.middle:>9.2f}{long.least:>9.2f}{short.middle:>14.2f}{short.least:>9.2f}"


def missed_commands(url: str, rows: int) -> Iterator[str]:
    """Print what commands take; yield those that miss a goal."""
    start = run(url, "list", "--limit", "20")
    print(f"\n{'command':28}{'s':>9}{'rows/s':>10}{'of CPU':>10}{'MiB':>6}{'plain reads':>13}"
          f"  (a start: {start.seconds:.1f} s, {start.cpu:.1f} s of CPU, {start.mib:.0f} MiB)")
    plain = min(PLAIN, rows)
    before = plain_read(url, plain)
    for words in COMMANDS:
        used = run(url, *words)
        after = plain_read(url, plain)
        cpu = used.cpu - start.cpu
        reads = cpu / rows / (before + after) * 2
        before = after
        is_missed = used.mib >= MOST_MIB or reads > MOST_READS
        # What the database does alone takes none of the command's own.
        rate = f"{rows / cpu:,.0f}" if cpu > NO_TIME else "-"
        print(f"{' '.join(words):28}{used.seconds:>9.1f}{rows / used.seconds:>10,.0f}"
              f"{rate:>10}{used.mib:>6.0f}{reads:>13.2f}{'  missed' * is_missed}", flush=True)
        if is_missed:
            yield " ".join(words)


def measure(kind: str, rows: int) -> list[str]:
    """Print what one kind of database needs; return what misses a goal."""
    with filled(kind, SHORT) as (short, _), filled(kind, rows) as (long, url):
        missed = [*missed_pages((short, long)), *missed_commands(url, rows)]
        print(f"load {os.getloadavg()[0]:.1f}\n")
    return [f"{kind}: {name}" for name in missed]


def main() -> int:
    """Measure what the command line asks for; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int,
                        default=int(os.environ.get("PROOF_ROWS", "1000000")))
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    arguments = parser.parse_args()
    missed = [one for kind in arguments.database for one in measure(kind, arguments.rows)]
    for one in missed:
        print(f"missed: {one}", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
