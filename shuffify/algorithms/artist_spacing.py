"""Artist Spacing: tracks of one artist stand apart."""

import random
from collections import deque
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.groups import grouped
from shuffify.algorithms.parameters import Parameter
from shuffify.algorithms.tracks import Shufflable

T = TypeVar("T", bound=Shufflable)


def shuffle(tracks: Sequence[T], rng: random.Random, *, min_spacing: int = 1) -> list[T]:
    """Keep `min_spacing` other tracks between two of an artist whenever some order can.

    Each pick comes from the largest group that is free, so no group is left over to clump at
    the end; where every group cools down, the one that is free first goes on.
    """
    groups = grouped(tracks, lambda track: track.first_artist)
    for group in groups:
        rng.shuffle(group)
    # entries: (-tracks left, a random number that breaks ties, group)
    free = [(-len(group), rng.random(), index) for index, group in enumerate(groups)]
    heapify(free)
    cooling: deque[tuple[int, int]] = deque()
    order: list[T] = []
    while free or cooling:
        while cooling and cooling[0][0] <= len(order):
            index = cooling.popleft()[1]
            heappush(free, (-len(groups[index]), rng.random(), index))
        index = heappop(free)[2] if free else cooling.popleft()[1]
        order.append(groups[index].pop())
        if groups[index]:
            cooling.append((len(order) + min_spacing, index))
    return order


ARTIST_SPACING = Algorithm(
    name="ArtistSpacingShuffle",
    label="Artist Spacing",
    description="Keeps tracks of the same artist apart wherever the list allows it.",
    function=shuffle,
    parameters=(
        Parameter(
            name="min_spacing",
            label="Tracks between",
            kind="integer",
            default=1,
            min=1,
            max=10,
            help="At least this many other tracks stand between two of the same artist.",
        ),
    ),
)
