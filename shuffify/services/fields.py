"""What texts and lists must be before they are stored: those of users and those of Spotify."""

from collections.abc import Sequence

from shuffify.models.base import cut_text

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
    if any(_is_unstorable(char) for char in text):
        return "holds a character that cannot be stored"
    return None


def storable(text: str, limit: int = 255) -> str:
    """Return as much of somebody else's text as can be stored; names have 255 characters."""
    return cut_text("".join(char for char in text if not _is_unstorable(char)), limit)


def _is_unstorable(char: str) -> bool:
    # A lone half of a surrogate pair is no text to either database, NUL none to PostgreSQL.
    return char == "\0" or "\ud800" <= char <= "\udfff"


def uris_problem(uris: Sequence[str]) -> str | None:
    """Say why a list of addresses cannot be stored; None when it can."""
    if len(uris) > MAX_URIS:
        return f"must have at most {MAX_URIS:,} entries, not {len(uris):,}"
    if any(text_problem(uri, 1024) for uri in uris):
        return "holds an address that cannot be stored"
    return None
