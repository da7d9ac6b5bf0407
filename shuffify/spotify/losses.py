"""Rows that no app can add to a playlist, local files and null rows, where a list has to change.

They can be moved, but not taken out one by one: removal goes by URI, which null rows lack and
with local files is refused. Only a replacement takes them out, and then it takes all of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shuffify.spotify.references import is_writable
from shuffify.spotify.sequences import paired
from shuffify.spotify.tracks import Rows, Unwritable, Uri


def can_return(uri: Uri) -> bool:
    """Say whether the API could add this row back."""
    return uri is not None and is_writable(uri)


def count_unwritable(rows: Iterable[Uri]) -> Unwritable:
    """Count the local files and the null rows of a list."""
    found = Counter(uri for uri in rows if not can_return(uri))
    return Unwritable(local_files=found.total() - found[None], null_rows=found[None])


@dataclass(frozen=True, slots=True)
class Loss:
    """What keeps a list from becoming another one exactly.

    `missing` are wanted and cannot come, `leaving` would be gone for good. `staying` are not
    wanted, but taking them out would take out others that are.
    """

    missing: Rows = ()
    leaving: Rows = ()
    staying: Rows = ()

    @classmethod
    def between(cls, rows: Sequence[Uri], goal: Sequence[Uri]) -> "Loss":
        """Compare a list with what it is to become."""
        surplus = _unpaired(rows, goal)
        none_wanted = len(surplus) == sum(not can_return(uri) for uri in rows)
        return cls(
            missing=_unpaired(goal, rows),
            leaving=surplus if none_wanted else (),
            staying=() if none_wanted else surplus,
        )

    def __bool__(self) -> bool:
        return bool(self.missing or self.leaving or self.staying)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Count the missing, the leaving and the staying rows."""
        return len(self.missing), len(self.leaving), len(self.staying)

    @property
    def counted(self) -> Unwritable:
        """Count all rows concerned."""
        return count_unwritable(self.missing + self.leaving + self.staying)


def nearest(rows: Sequence[Uri], goal: Sequence[Uri]) -> Rows:
    """Return what a list can become instead: without what is missing, the staying at its end."""
    possible = tuple(
        uri
        for uri, place in zip(goal, paired(goal, rows), strict=True)
        if place is not None or can_return(uri)
    )
    return possible + Loss.between(rows, goal).staying


def _unpaired(rows: Sequence[Uri], others: Sequence[Uri]) -> Rows:
    return tuple(
        uri
        for uri, place in zip(rows, paired(rows, others), strict=True)
        if place is None and not can_return(uri)
    )
