"""Basic: every order is as likely as any other."""

import random
from collections.abc import Sequence
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.parameters import KEEP_FIRST

T = TypeVar("T")


def shuffle(tracks: Sequence[T], rng: random.Random, *, keep_first: int = 0) -> list[T]:
    """Shuffle everything behind the first `keep_first` tracks."""
    rest = list(tracks[keep_first:])
    rng.shuffle(rest)
    return [*tracks[:keep_first], *rest]


BASIC = Algorithm(
    name="BasicShuffle",
    label="Basic",
    description="Puts the tracks in any order, each as likely as the next.",
    function=shuffle,
    parameters=(KEEP_FIRST,),
)
