"""What the detector finds: a statement that wrote past the trail, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple


class Bypass(NamedTuple):
    """One statement that wrote audited tables past the trail."""

    verb: str
    tables: tuple[str, ...]
    form: str
    """How it came: ``text``, ``statement``, or ``mapper``: a bulk method, an unwatched flush."""
    site: str
    """File and line of the code that executed it."""
    statement: str
    """Its text, without parameters; it may quote literals, so no log line has it."""

    def __str__(self) -> str:
        return f"{self.verb} of {', '.join(self.tables)} by {_FORMS[self.form]} at {self.site}"


_FORMS: Final = {
    "text": "plain SQL",
    "statement": "a Core statement",
    "mapper": "a bulk method or an unwatched session",
}

observers: Final[list[Callable[[Bypass], None]]] = []
"""Called with each bypass, whichever trail detects it; for tests, which may fail for it."""
