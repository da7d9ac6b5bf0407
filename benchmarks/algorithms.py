"""How long each shuffle takes, and how it grows with the list.

    python -m benchmarks.algorithms [--rounds 7]

The goal: 10,000 tracks below 0.3 s in every algorithm, growth n log n. ``growth`` is the time of
10,000 tracks over that of 1,000; n log n alone gives 13.3, a square would give 100.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from shuffify.algorithms import ALGORITHMS, Algorithm

SIZES = (1_000, 10_000)
GOAL_SECONDS = 0.3
N_LOG_N = 10 * 4 / 3


@dataclass(frozen=True, slots=True)
class Track:
    """A track as the algorithms see it."""

    first_artist: str | None
    album_name: str | None


def tracks(number: int) -> list[Track]:
    """Return a list with a favourite artist, many others and albums of ten."""
    return [
        Track(f"Artist {0 if n % 3 == 0 else n % 500}", f"Album {n // 10}") for n in range(number)
    ]


def seconds(algorithm: Algorithm, number: int, rounds: int) -> float:
    """Return the median time of one shuffle."""
    given, samples = tracks(number), []
    for seed in range(rounds):
        begin = perf_counter()
        algorithm.shuffle(given, seed=seed)
        samples.append(perf_counter() - begin)
    return median(samples)


def main() -> None:
    """Print one line an algorithm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"{'algorithm':24}{'1,000 ms':>10}{'10,000 ms':>11}{'goal':>6}{'growth':>8}"
          f"{'n log n':>9}")
    for algorithm in ALGORITHMS.values():
        small, large = (seconds(algorithm, number, rounds) for number in SIZES)
        print(f"{algorithm.name:24}{small * 1e3:>10.2f}{large * 1e3:>11.2f}"
              f"{GOAL_SECONDS * 1e3:>6.0f}{large / small:>8.1f}{N_LOG_N:>9.1f}")


if __name__ == "__main__":
    main()
