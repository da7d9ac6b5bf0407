"""What two lists of rows have in common: pairing, longest increasing runs, differences.

Rows are told apart by URI alone; equal ones pair in order, and null rows equal each other.
"""

import hashlib
import json
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from shuffify.spotify.tracks import Uri


@dataclass(frozen=True, slots=True)
class Diff:
    """How many rows came, went, and have to be picked up to get from one order to the other."""

    added: int
    removed: int
    moved: int


def diff(before: Sequence[Uri], after: Sequence[Uri]) -> Diff:
    """Count the differences between two lists."""
    places = [place for place in paired(before, after) if place is not None]
    return Diff(
        added=len(after) - len(places),
        removed=len(before) - len(places),
        moved=len(places) - len(longest_increasing(places)),
    )


def paired(before: Sequence[Uri], after: Sequence[Uri]) -> list[int | None]:
    """Find for each row its index in the other list; None when it has no place there."""
    places: defaultdict[Uri, deque[int]] = defaultdict(deque)
    for index, uri in enumerate(after):
        places[uri].append(index)
    return [places[uri].popleft() if places[uri] else None for uri in before]


def longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the indices of a longest increasing run of distinct values, gaps allowed."""
    ends: list[int] = []
    end_values: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(end_values, value)
        previous.append(ends[length - 1] if length else -1)
        ends[length:length + 1] = [index]
        end_values[length:length + 1] = [value]
    run = []
    index = ends[-1] if ends else -1
    while index >= 0:
        run.append(index)
        index = previous[index]
    return run[::-1]


def keep_null_rows(before: Sequence[Uri], wanted: Sequence[str]) -> tuple[Uri, ...]:
    """Put the null rows of a list back at their indices in a new order of the others.

    Where the new list is too short for an index, the null row stands at its end.
    """
    rows: list[Uri] = list(wanted)
    for index, uri in enumerate(before):
        if uri is None:
            rows.insert(index, None)
    return tuple(rows)


def rows_added(found: Sequence[Uri], *known: Sequence[Uri]) -> Counter[Uri]:
    """Count the rows that none of the known lists accounts for."""
    accounted_for = Counter[Uri]()
    for rows in known:
        accounted_for |= Counter(rows)
    return Counter(found) - accounted_for


def left_over(found: Sequence[Uri], target: Sequence[Uri]) -> list[Uri] | None:
    """Return what `found` holds beside the target in its order; None when that is not there."""
    extra: list[Uri] = []
    wanted = iter(target)
    missing = object()
    expected: object = next(wanted, missing)
    for uri in found:
        if expected is not missing and uri == expected:
            expected = next(wanted, missing)
        else:
            extra.append(uri)
    return extra if expected is missing else None


def target_digest(uris: Sequence[Uri]) -> str:
    """Digest a list so that it can be recognised later: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(list(uris)).encode()).hexdigest()
