"""The four ways in which the API changes the rows of a playlist."""

from dataclasses import dataclass
from typing import TypeAlias

BATCH = 100
"""Rows in one call."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Make these the only rows."""

    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """Insert rows at a position; at the end without one."""

    uris: tuple[str, ...]
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove every occurrence of these."""

    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Move a range before the row that has index `insert_before` as the list is."""

    range_start: int
    insert_before: int
    range_length: int


Call: TypeAlias = Replace | Add | Remove | Move
