"""How fast the trail is read when it is long, on both databases, against the goals.

    python -m benchmarks.audit_at_size [--rows 1000000] [--database sqlite postgresql]

Pages are read by what the app itself uses, each the median of some reads, with a short trail
beside the long one: the ratio is what the length costs. Export, seal, verify and reconcile run as
the commands that an auditor starts, each in a process of its own, whose peak memory counts. Exits
with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile
from time import perf_counter
from typing import Any

from benchmarks.trail_rows import RARE, START, YEAR, fill
from shuffify.models.db import db
from shuffify.services import ActivityLogService
from shuffify.services.activity_query import ActivityFilter, Cursor, read_page
from tests import apps

SHORT = 10_000
ROUNDS = 15
MOST_MILLISECONDS = 10.0
MOST_MIB = 200.0
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
    ("export", "--format", "ndjson"), ("export", "--format", "csv"),
    ("export", "--format", "cloudevents"), ("export", "--format", "ecs"),
    ("stats",), ("seal",), ("verify",), ("reconcile",),
)
FINDS = {"reconcile"}
"""The rows tell of objects that are not there: it has them all to name, and ends with 1."""


@contextmanager
def filled(kind: str, rows: int) -> Iterator[tuple[Any, str, float]]:
    """Yield an app on a trail of so many rows, its address, and how long the rows took."""
    with tempfile.TemporaryDirectory() as folder, \
            apps.database_with_tables(kind, Path(folder)) as url:
        app = apps.make_app(url, Path(folder), "testing", {})
        with app.app_context():
            begin = perf_counter()
            fill(db.engine, rows)
            seconds = perf_counter() - begin
            yield app, url, seconds
        apps.close_app(app)


def milliseconds(read: Callable[[], Any]) -> float:
    """Return the median time of a read, each in a transaction of its own."""
    samples = []
    for number in range(-2, ROUNDS):
        db.session.remove()
        begin = perf_counter()
        read()
        if number >= 0:
            samples.append(perf_counter() - begin)
    return median(samples) * 1e3


def pages(rows: int, filters: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the times of pages of 20: the newest, one in the middle, and the oldest."""
    middle, oldest = Cursor(START + YEAR / 2, rows // 2), Cursor(START, 0)
    found = {}
    for name, fields in filters.items():
        for place, cursor in (
            ("top", {}), ("middle", {"before": middle}), ("end", {"after": oldest}),
        ):
            wanted = ActivityFilter(**fields)
            found[f"{name}, {place}"] = milliseconds(
                lambda w=wanted, c=cursor: read_page(w, limit=20, **c)
            )
    return found


def bounded_pages(rows: int) -> dict[str, float]:
    """Return the times of everything that has a goal."""
    recent = milliseconds(lambda: ActivityLogService.get_recent(USER))
    return {"get_recent": recent, **pages(rows, FILTERS)}


def command(url: str, *words: str) -> tuple[float, float]:
    """Return the seconds and the peak MiB of one command in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **apps.SECRETS, "APP_CONFIG": "testing", "DATABASE_URL": url,
                   "AUDIT_SPOOL": str(Path(folder) / "spool.jsonl")}
        begin = perf_counter()
        child = subprocess.Popen([sys.executable, "-m", "shuffify", "audit", *words],
                                 env=environ, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        seconds = perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in ((0, 1) if words[0] in FINDS else (0,)):
        raise SystemExit(f"shuffify audit {' '.join(words)} ended with {child.returncode}")
    return seconds, used.ru_maxrss / 1024


def measure(kind: str, rows: int) -> list[str]:
    """Print what one kind of database needs; return the goals that are missed."""
    missed = []
    with filled(kind, SHORT):
        short = bounded_pages(SHORT)
    with filled(kind, rows) as (_, url, seconds):
        print(f"\n{kind}: {rows:,} rows, filled at {rows / seconds:,.0f} rows/s, "
              f"load {os.getloadavg()[0]:.1f}")
        print(f"{'page of 20':28}{'ms':>9}{f'ms of {SHORT:,}':>14}{'ratio':>8}")
        for name, found in bounded_pages(rows).items():
            verdict = "" if found < MOST_MILLISECONDS else "  missed"
            ratio = found / short[name]
            print(f"{name:28}{found:>9.2f}{short[name]:>14.2f}{ratio:>8.2f}{verdict}")
            missed += [f"{kind}: {name}"] if verdict else []
        for name, found in pages(rows, UNBOUNDED).items():
            print(f"{name:28}{found:>9.2f}  no index has it")
        print(f"\n{'command':28}{'s':>9}{'rows/s':>14}{'MiB':>8}")
        db.session.remove()
        for words in COMMANDS:
            seconds, mib = command(url, *words)
            bounded = words[0] in ("export", "seal", "verify")
            verdict = "  missed" if bounded and mib >= MOST_MIB else ""
            print(f"{' '.join(words):28}{seconds:>9.1f}{rows / seconds:>14,.0f}{mib:>8.0f}"
                  f"{verdict}")
            missed += [f"{kind}: {' '.join(words)}"] if verdict else []
    return missed


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
