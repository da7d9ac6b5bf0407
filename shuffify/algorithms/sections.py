"""Contiguous sections of a list, sizes differing by at most one, larger ones first."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled_sections(tracks: Sequence[T], count: int, rng: random.Random) -> list[list[T]]:
    """Cut the tracks into `count` sections, no more than there are tracks, and shuffle each."""
    count = min(count, len(tracks))
    sections = []
    start = 0
    for index in range(count):
        stop = start + len(tracks) // count + (index < len(tracks) % count)
        section = list(tracks[start:stop])
        rng.shuffle(section)
        sections.append(section)
        start = stop
    return sections
