"""Balanced: every stretch of the result holds tracks from all parts of the list."""

import random
from collections.abc import Sequence
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.parameters import KEEP_FIRST, section_count
from shuffify.algorithms.sections import shuffled_sections

T = TypeVar("T")


def shuffle(
    tracks: Sequence[T], rng: random.Random, *, keep_first: int = 0, section_count: int = 4
) -> list[T]:
    """Shuffle each section, then take one track from each in turn until all are empty."""
    sections = shuffled_sections(tracks[keep_first:], section_count, rng)
    rounds = max(map(len, sections), default=0)
    dealt = [
        section[turn] for turn in range(rounds) for section in sections if turn < len(section)
    ]
    return [*tracks[:keep_first], *dealt]


BALANCED = Algorithm(
    name="BalancedShuffle",
    label="Balanced",
    description="Mixes the parts of the list evenly: one track from each part in turn.",
    function=shuffle,
    parameters=(KEEP_FIRST, section_count(4)),
)
