"""Album Sequence: albums change places, but are heard whole."""

import random
from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

from shuffify.algorithms.algorithm import Algorithm
from shuffify.algorithms.groups import grouped
from shuffify.algorithms.parameters import Parameter
from shuffify.algorithms.tracks import Shufflable

T = TypeVar("T", bound=Shufflable)


def shuffle(
    tracks: Sequence[T], rng: random.Random, *, shuffle_within_albums: str = "no"
) -> list[T]:
    """Shuffle whole albums, and with "yes" also the tracks of each."""
    albums = grouped(tracks, lambda track: track.album_name)
    rng.shuffle(albums)
    if shuffle_within_albums == "yes":
        for album in albums:
            rng.shuffle(album)
    return list(chain.from_iterable(albums))


ALBUM_SEQUENCE = Algorithm(
    name="AlbumSequenceShuffle",
    label="Album Sequence",
    description="Keeps the tracks of an album together and shuffles the albums.",
    function=shuffle,
    parameters=(
        Parameter(
            name="shuffle_within_albums",
            label="Shuffle within albums",
            kind="choice",
            default="no",
            options=("no", "yes"),
            help="Whether the tracks of an album change places too.",
        ),
    ),
)
