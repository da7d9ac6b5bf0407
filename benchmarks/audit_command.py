"""What one `shuffify audit` command takes, in a process of its own, and a plain reader."""

from __future__ import annotations

import os
from pathlib import Path
import re
from resource import RUSAGE_CHILDREN, getrusage
import subprocess
import sys
import tempfile
from time import perf_counter, sleep
from typing import NamedTuple

from tests import apps

GLANCE = 0.02
"""Seconds between two looks at a process's memory."""

FINDS = {"reconcile"}
"""The rows tell of objects that are not there: it has them all to name, and ends with 1."""


class Used(NamedTuple):
    """What a command took."""

    seconds: float
    cpu: float
    """Seconds of processor time, the database server's left out."""
    mib: float


def run(url: str, *words: str) -> Used:
    """Run a command on a database; raises SystemExit where it fails."""
    return _used(url, "shuffify", "audit", *words, is_done=(0, 1) if words[0] in FINDS else (0,))


def plain_read(url: str, rows: int) -> float:
    """Return the seconds of processor time that a plain reader needs for each of these rows."""
    start, end = (
        _used(url, "benchmarks.plain_read", url, str(count)).cpu for count in (0, rows)
    )
    return (end - start) / rows


def _used(url: str, *words: str, is_done: tuple[int, ...] = (0,)) -> Used:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **apps.SECRETS, "APP_CONFIG": "testing", "DATABASE_URL": url,
                   "AUDIT_SPOOL": str(Path(folder) / "spool.jsonl")}
        before, begin = getrusage(RUSAGE_CHILDREN), perf_counter()
        child = subprocess.Popen([sys.executable, "-m", *words],
                                 env=environ, stdout=subprocess.DEVNULL)
        mib = _peak(child)
        seconds, after = perf_counter() - begin, getrusage(RUSAGE_CHILDREN)
    if child.returncode not in is_done:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Used(seconds, cpu, mib)


def _peak(child: subprocess.Popen[bytes]) -> float:
    """Return a process's peak MiB once it has ended.

    Not `ru_maxrss`, which begins with what the process had that started it.
    """
    peak = 0
    while child.poll() is None:
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{child.pid}/status").read_text())
        peak = int(found[1]) if found else peak  # It has no memory left when it is ending.
        sleep(GLANCE)
    return peak / 1024
