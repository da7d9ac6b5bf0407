"""Percentage: one end of the list is shuffled, the other stays."""

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.parameters import Parameter

T = TypeVar("T")


def shuffle(
    tracks: Sequence[T],
    rng: random.Random,
    *,
    shuffle_percentage: float = 50,
    shuffle_location: str = "front",
) -> list[T]:
    """Shuffle floor(n * p / 100) tracks at the front or the back."""
    # exact: 0.07 * 10,000 in floating point is a little less than 700
    count = len(tracks) * Fraction(str(shuffle_percentage)) // 100
    front = shuffle_location == "front"
    cut = count if front else len(tracks) - count
    head, tail = list(tracks[:cut]), list(tracks[cut:])
    rng.shuffle(head if front else tail)
    return head + tail


PERCENTAGE = Algorithm(
    name="PercentageShuffle",
    label="Percentage",
    description="Shuffles a share of the tracks at one end and leaves the others in place.",
    function=shuffle,
    parameters=(
        Parameter(
            name="shuffle_percentage",
            label="Share to shuffle",
            kind="number",
            default=50,
            min=0,
            max=100,
            help="How much of the list is shuffled, in per cent.",
        ),
        Parameter(
            name="shuffle_location",
            label="Where",
            kind="choice",
            default="front",
            options=("front", "back"),
            help="The end of the list that is shuffled.",
        ),
    ),
)
