"""What each playlist write does to the rows: pure functions, no limits and no rights."""

from collections import defaultdict, deque
from collections.abc import Collection, Sequence

from .library import Row
from .music import Item

Rows = tuple[Row, ...]


class OutOfBoundsError(Exception):
    """A position or a range lies outside the playlist."""


def reorder(rows: Rows, start: int, before: int, length: int) -> Rows:
    """Move `length` rows from `start` to stand before the row that was at `before`.

    `before` equal to the number of rows means the end; inside the range, nothing moves.
    """
    _check_range(rows, start, before, length)
    segment, rest = rows[start:start + length], rows[:start] + rows[start + length:]
    target = before if before <= start else max(start, before - length)
    return rest[:target] + segment + rest[target:]


def reorder_from(base: Rows, rows: Rows, start: int, before: int, length: int) -> Rows:
    """Apply to `rows` the move that was meant for the older version `base`.

    Rows are followed by identity. Those that are gone stay gone, those that came stay.
    """
    _check_range(base, start, before, length)
    present, wanted = set(rows), set(base[start:start + length])
    moving = tuple(row for row in base[start:start + length] if row in present)
    rest = tuple(row for row in rows if row not in wanted)
    anchor = next((row for row in base[before:] if row in present - wanted), None)
    target = rest.index(anchor) if anchor else len(rest)
    return rest[:target] + moving + rest[target:]


def insert(rows: Rows, items: Sequence[Item | None], position: int | None, *,
           now: str, by: str | None) -> Rows:
    """Put new rows at a position, at the end by default."""
    target = len(rows) if position is None else position
    if not 0 <= target <= len(rows):
        raise OutOfBoundsError
    return rows[:target] + tuple(Row(item, now, by) for item in items) + rows[target:]


def replace(rows: Rows, items: Sequence[Item | None], *, now: str, by: str | None,
            keep_dates: bool) -> Rows:
    """Make a new list; rows whose URI was there keep their date and their adder on demand."""
    known: dict[str | None, deque[Row]] = defaultdict(deque)
    if keep_dates:
        for row in rows:
            known[row.uri].append(row)
    fresh = []
    for item in items:
        old = known[item.uri if item else None]
        fresh.append(old.popleft() if old else Row(item, now, by))
    return tuple(fresh)


def remove(rows: Rows, uris: Collection[str], base: Rows | None = None) -> Rows:
    """Remove every row with one of these URIs, of `base` only when a version is named."""
    reachable = set(rows if base is None else base)
    return tuple(row for row in rows if row.uri not in uris or row not in reachable)


def remove_at(rows: Rows, positions: Collection[int]) -> Rows:
    _check_positions(rows, positions)
    return tuple(row for index, row in enumerate(rows) if index not in positions)


def blank(rows: Rows, positions: Collection[int]) -> Rows:
    """Turn rows into null rows, as Spotify does when content is withdrawn."""
    _check_positions(rows, positions)
    return tuple(Row(None, row.added_at, row.added_by) if index in positions else row
                 for index, row in enumerate(rows))


def _check_range(rows: Rows, start: int, before: int, length: int) -> None:
    if start < 0 or length < 1 or start + length > len(rows) or not 0 <= before <= len(rows):
        raise OutOfBoundsError


def _check_positions(rows: Rows, positions: Collection[int]) -> None:
    if not all(0 <= position < len(rows) for position in positions):
        raise OutOfBoundsError
