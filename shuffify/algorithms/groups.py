"""Tracks gathered by a common property."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def grouped(tracks: Sequence[T], key: Callable[[T], str | None]) -> list[list[T]]:
    """Gather tracks with an equal key, in first-seen order; those without one share a group."""
    groups: dict[str | None, list[T]] = {}
    for track in tracks:
        groups.setdefault(key(track) or None, []).append(track)
    return list(groups.values())
