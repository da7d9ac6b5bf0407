"""The dead-letter file: rows that the table refused, one JSON object a line, kept for replay.

A line is appended with one write and fsynced, so several processes may share the file. A replay
takes the file away under another name first: lines that are appended meanwhile begin a new one,
and a replay that was cut short is picked up by the next. `event_id` makes it all idempotent.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from errno import EISDIR
from pathlib import Path
from typing import Any, Final

from .canonical import encode_default, instant, naive_utc

try:
    import fcntl
except ImportError:  # Windows: two replays at once are then the operator's to avoid.
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger("shuffify.audit")

LONGEST_ERROR: Final = 500

Row = Mapping[str, Any]


class Spool:
    """A file of refused rows; without a path the ERROR log alone keeps them."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        # A link stays one: what it leads to is what is taken away and made anew.
        self.path = None if path is None else Path(path).resolve()

    def append(self, row: Row, stage: str, error: str) -> None:
        """Keep one row with the stage that lost it; raises OSError when the disk refuses too."""
        line = encode_line(row, stage, error)
        log.error("audit row not written (%s): %s", stage, line)
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _append(self.path, line.encode() + b"\n")

    def __len__(self) -> int:
        """Return how many lines wait for replay."""
        return sum(1 for path in self._files() for _ in _lines(path))

    def replay(self, put: Callable[[dict[str, Any]], str]) -> dict[str, int]:
        """Hand every line to ``put``, which answers ``inserted``, ``present`` or what refuses it.

        Lines that were refused again stay in the spool. Returns how many went which way.
        """
        with self._alone():
            return self._replay(put)

    def _replay(self, put: Callable[[dict[str, Any]], str]) -> dict[str, int]:
        outcome = {"inserted": 0, "present": 0, "kept": 0}
        self._set_aside()
        aside = [path for path in self._files() if path != self.path]
        kept: dict[bytes, None] = {}  # A replay that was cut short may have kept a line twice.
        for line in (line for path in aside for line in _lines(path) if line not in kept):
            answer = self._put(line, put)
            outcome[answer if answer in outcome else "kept"] += 1
            if answer not in ("inserted", "present"):
                kept[line] = None
        if kept and self.path is not None:
            _append(self.path, b"".join(line + b"\n" for line in kept))
        for path in aside:
            path.unlink()
        return outcome

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one replay at a time take files away; another waits for its turn."""
        if fcntl is None or self.path is None or not self.path.parent.is_dir():
            yield
            return
        name = self.path.with_name(f"{self.path.name}.lock")
        lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @staticmethod
    def _put(line: bytes, put: Callable[[dict[str, Any]], str]) -> str:
        try:
            row = decode_line(line)
        except (ValueError, RecursionError):
            log.error("a line of the audit spool is no JSON object and stays there")
            return "unreadable"
        return put(row)

    def _set_aside(self) -> None:
        if self.path is None or not self.path.exists():
            return
        if self.path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(self.path))
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.replay-{number}")).exists():
            number += 1
        self.path.rename(aside)

    def _files(self) -> list[Path]:
        if self.path is None or not self.path.parent.is_dir():
            return []
        name = re.compile(rf"{re.escape(self.path.name)}\.replay-[0-9]+")
        aside = sorted(one for one in self.path.parent.iterdir() if name.fullmatch(one.name))
        aside = [one for one in aside if one.is_file()]
        return [*aside, *([self.path] if self.path.exists() else [])]


def _append(path: Path, data: bytes) -> None:
    """Append whole lines and fsync, in a file that no replay has taken away meanwhile."""
    descriptor = _open(path)
    try:
        if os.lseek(descriptor, 0, os.SEEK_END):
            os.lseek(descriptor, -1, os.SEEK_END)
            if os.read(descriptor, 1) != b"\n":
                data = b"\n" + data  # A full disk has cut the line before this one short.
        while data:
            data = data[os.write(descriptor, data):]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except FileNotFoundError:
            pass  # Taken away this very moment: the next turn makes a new one.
        os.close(descriptor)


def encode_line(row: Row, stage: str, error: str) -> str:
    """Return a row's columns as JSON, with the stage and the error."""
    columns = dict(row)
    if isinstance(columns.get("metadata_json"), str):
        columns["metadata_json"] = json.loads(columns["metadata_json"])
    if isinstance(columns.get("created_at"), datetime):
        columns["created_at"] = instant(columns["created_at"])
    columns.update(stage=stage, error=error[:LONGEST_ERROR])
    return json.dumps(columns, default=encode_default, separators=(",", ":"))


def decode_line(line: bytes) -> dict[str, Any]:
    """Return a line's row, ready to be written; raises ValueError when it is none."""
    columns = json.loads(line)
    if not isinstance(columns, dict) or "event_id" not in columns:
        raise ValueError("no row")
    for name in ("stage", "error"):
        columns.pop(name, None)
    at = columns.get("created_at")
    if isinstance(at, str):
        columns["created_at"] = naive_utc(datetime.fromisoformat(at))
    if columns.get("metadata_json") is not None:
        columns["metadata_json"] = json.dumps(columns["metadata_json"], separators=(",", ":"))
    return columns


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # Who opened it before it was set aside may write.
        for line in file:
            if line.strip():
                yield line.rstrip(b"\n")
