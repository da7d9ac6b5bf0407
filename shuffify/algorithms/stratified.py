"""Stratified: tracks are shuffled, but stay in their part of the list."""

import random
from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.parameters import KEEP_FIRST, section_count
from shuffify.algorithms.sections import shuffled_sections

T = TypeVar("T")


def shuffle(
    tracks: Sequence[T], rng: random.Random, *, keep_first: int = 0, section_count: int = 5
) -> list[T]:
    """Shuffle each section and join them in their old order."""
    sections = shuffled_sections(tracks[keep_first:], section_count, rng)
    return [*tracks[:keep_first], *chain.from_iterable(sections)]


STRATIFIED = Algorithm(
    name="StratifiedShuffle",
    label="Stratified",
    description="Shuffles within each part of the list; the parts keep their order.",
    function=shuffle,
    parameters=(KEEP_FIRST, section_count(5)),
)
