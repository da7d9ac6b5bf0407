"""A journal that keeps what it was told."""

from collections.abc import Callable

from shuffify.spotify.errors import WriteFailedError
from shuffify.spotify.writes import Attempt, WriteResult


class Diary:
    """Remembers the calls by name; `when` runs something in the middle of one."""

    def __init__(self, **when: Callable[[], object]) -> None:
        self.entries: list[str] = []
        self.snapshot: Attempt | None = None
        self.result: WriteResult | None = None
        self.failure: WriteFailedError | None = None
        self._when = when

    def pending(self, attempt: Attempt) -> None:
        self.snapshot = attempt
        self._note("pending")

    def refreshed(self, attempt: Attempt) -> None:
        self.snapshot = attempt
        self._note("refreshed")

    def applied(self, result: WriteResult) -> None:
        self.result = result
        self._note("applied")

    def void(self) -> None:
        self._note("void")

    def interrupted(self, failure: WriteFailedError) -> None:
        self.failure = failure
        self._note("interrupted")

    def _note(self, entry: str) -> None:
        self.entries.append(entry)
        self._when.get(entry, lambda: None)()
