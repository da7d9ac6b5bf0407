"""What texts and lists from a user must be before they are stored."""

from collections.abc import Sequence

MAX_URIS = 10_000
"""Rows in one playlist, and so in one stored list."""

FieldErrors = list[tuple[str, str]]
"""(field, message) for each value that is refused."""


def text_problem(text: str, limit: int) -> str | None:
    """Say why a text cannot be stored; None when it can."""
    if not text:
        return "must not be empty"
    if len(text) > limit:
        return f"must have at most {limit} characters, not {len(text)}"
    # PostgreSQL stores neither, SQLite would.
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        return "holds a character that cannot be stored"
    return None


def uris_problem(uris: Sequence[str]) -> str | None:
    """Say why a list of addresses cannot be stored; None when it can."""
    if len(uris) > MAX_URIS:
        return f"must have at most {MAX_URIS:,} entries, not {len(uris):,}"
    if any(text_problem(uri, 1024) for uri in uris):
        return "holds an address that cannot be stored"
    return None
