"""Heads of the chain, kept outside the database: one JSON line for each (rule A15).

Whoever owns the database can cut the newest rows together with their seals, or make all seals
anew; an anchor in somebody else's hands shows it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import AnchorError
from .seal import Seal


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it was when it was taken out."""

    last_id: int
    digest: str
    sealed_at: str
    key_id: str | None = None


def anchor_of(seal: Seal) -> Anchor:
    """Return what is to be kept of a head."""
    return Anchor(seal.last_id, seal.digest, seal.sealed_at.isoformat() + "+00:00", seal.key_id)


def read_anchors(path: Path) -> list[Anchor]:
    """Return a file's anchors, none where there is no file; raises AnchorError, OSError."""
    if not path.exists():
        return []
    found = []
    text = path.read_bytes().decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            anchor = Anchor(**json.loads(line))
        except (TypeError, ValueError):
            raise AnchorError(str(path), number) from None
        if type(anchor.last_id) is not int or type(anchor.digest) is not str:
            raise AnchorError(str(path), number)
        found.append(anchor)
    return found


def add_anchor(path: Path, anchor: Anchor) -> None:
    """Append an anchor to a file and see it safely there; raises OSError."""
    line = json.dumps(asdict(anchor)).encode() + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line  # An editor or a copy has left the last line without its end.
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
