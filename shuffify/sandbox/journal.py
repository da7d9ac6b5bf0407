"""The record of every call, in order, for tests to assert on."""

import json
from collections import deque
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from werkzeug.wrappers import Request

LONGEST_TEXT = 200
KEPT = 20_000
"""Entries kept: a demo that runs for days must not grow without end."""


@dataclass
class Entry:
    number: int
    method: str
    path: str
    query: dict[str, str]
    body: Any
    user: str | None
    status: int | None = None
    """None while the call runs, and for good when it got no answer."""
    fault: str | None = None
    flags: list[str] = field(default_factory=list)


class Journal:
    """The caller holds the state's lock."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def open(self, request: Request, user: str | None) -> Entry:
        self._count += 1
        entry = Entry(self._count, request.method, request.path,
                      request.args.to_dict(), _body(request), user)
        self._entries.append(entry)
        return entry

    def entries(self, path: str = "*", method: str = "*") -> list[dict[str, Any]]:
        """Return copies of the entries whose path and method fit the patterns."""
        return [asdict(entry) for entry in self._entries
                if fnmatchcase(entry.path, path) and method in ("*", entry.method)]

    def clear(self) -> None:
        self._entries.clear()
        self._count = 0


def _body(request: Request) -> Any:
    data = request.get_data(cache=True)
    if not data:
        return None
    if request.mimetype == "application/x-www-form-urlencoded":
        return request.form.to_dict()
    try:
        return json.loads(data)
    except ValueError:
        return data[:LONGEST_TEXT].decode(errors="replace")
