"""Ways from one list to another in as few calls as possible: pure, nothing is called here.

moves     the same rows in another order, neighbours together
append    the list and more rows at its end
edit      rows come and go: remove by URI, move those that stay, insert the new ones
replace   all rows anew, in batches; loses what the API cannot add back
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from shuffify.spotify.calls import BATCH, Add, Call, Move, Remove, Replace
from shuffify.spotify.errors import TooManyRowsError, UnwritableRowsError
from shuffify.spotify.losses import Loss, can_return, count_unwritable, nearest
from shuffify.spotify.sequences import longest_increasing, paired
from shuffify.spotify.tracks import Rows, Uri

Method: TypeAlias = Literal["none", "moves", "append", "edit", "replace"]

ROW_LIMIT = 10_000
"""Rows that a playlist can hold."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The calls that turn a list into `target`; each call counts one, whatever its size."""

    method: Method
    target: Rows
    calls: tuple[Call, ...]

    @property
    def cost(self) -> int:
        return len(self.calls)


def plan(
    before: Sequence[Uri],
    target: Sequence[Uri],
    *,
    call_limit: int,
    accept_loss: bool = False,
) -> Plan:
    """Choose the cheapest way that loses nothing.

    Local files and null rows can move, but neither leave nor come. Where the target asks for
    that, raise UnwritableRowsError, or with `accept_loss` come as near as can be. The
    same error refuses a way row by row that takes more than `call_limit` calls.
    """
    rows, goal = tuple(before), tuple(target)
    loss = Loss.between(rows, goal)
    if loss:
        if not accept_loss:
            raise UnwritableRowsError(loss.counted, loss=loss)
        goal = nearest(rows, goal)
    if len(goal) > ROW_LIMIT:
        raise TooManyRowsError(len(goal), ROW_LIMIT)
    if rows == goal:
        return Plan("none", goal, ())
    cost, method, calls = min(_ways(rows, goal), key=lambda way: way[0])
    if method in ("moves", "edit") and cost > call_limit:
        raise UnwritableRowsError(count_unwritable(rows), calls=cost, limit=call_limit)
    return Plan(method, goal, tuple(calls()))


_Way: TypeAlias = tuple[int, Method, Callable[[], Iterator[Call]]]


def _ways(rows: Rows, goal: Rows) -> Iterator[_Way]:
    """List the ways that are open, the preferred first among equally cheap ones."""
    if goal[:len(rows)] == rows:
        added = goal[len(rows):]
        yield -(-len(added) // BATCH), "append", lambda: _adds(added, None)
    if all(can_return(uri) for uri in goal):
        yield max(1, -(-len(goal) // BATCH)), "replace", lambda: _replace(goal)
    if Loss.between(rows, goal).leaving:
        return
    edit = _Edit(rows, goal)
    yield edit.cost, "edit" if edit.gone or edit.new else "moves", edit.calls


def _replace(goal: Rows) -> Iterator[Call]:
    yield Replace(_uris(goal[:BATCH]))
    yield from _adds(goal[BATCH:], None)


def _adds(rows: Rows, position: int | None) -> Iterator[Call]:
    for start in range(0, len(rows), BATCH):
        batch = _uris(rows[start:start + BATCH])
        yield Add(batch, None if position is None else position + start)


class _Edit:
    """Removals, moves and insertions; without the first and last it is a plain reordering.

    In this order, so that until the first insertion the list holds rows that it held before
    and no others: a process that dies half-way leaves what can be recognised and restored.
    """

    def __init__(self, rows: Rows, goal: Rows) -> None:
        # removal takes every occurrence, so a URI that loses one starts again from none
        surplus = Counter(rows) - Counter(goal)
        self.gone = tuple(uri for uri in dict.fromkeys(rows) if uri in surplus)
        stay = [uri for uri in rows if uri not in surplus]
        places = [place for place in paired(stay, goal) if place is not None]
        rank = {place: number for number, place in enumerate(sorted(places))}
        self._ranks = [rank[place] for place in places]
        self.new = [index for index in range(len(goal)) if index not in rank]
        self._goal = goal
        self._runs = _runs(self._ranks)
        self._moving = _moving(self._ranks, self._runs)

    @property
    def cost(self) -> int:
        inserts = sum(-(-len(run) // BATCH) for run in self._insertions())
        return -(-len(self.gone) // BATCH) + len(self._moving) + inserts

    def calls(self) -> Iterator[Call]:
        for start in range(0, len(self.gone), BATCH):
            yield Remove(_uris(self.gone[start:start + BATCH]))
        yield from _moves(self._ranks, self._moving)
        for run in self._insertions():
            yield from _adds(self._goal[run.start:run.stop], run.start)

    def _insertions(self) -> list[range]:
        return [
            range(self.new[run.start], self.new[run.start] + len(run)) for run in _runs(self.new)
        ]


def _runs(numbers: Sequence[int]) -> list[range]:
    """Cut into index ranges in which each number is one more than the last."""
    starts = [i for i, number in enumerate(numbers) if not i or number != numbers[i - 1] + 1]
    return [range(start, stop) for start, stop in pairwise([*starts, len(numbers)])]


def _moving(ranks: Sequence[int], runs: Sequence[range]) -> list[tuple[int, int]]:
    """Choose the runs that have to move: first rank and length of each, in target order."""
    firsts = [ranks[run.start] for run in runs]
    staying = set(longest_increasing(firsts))
    return sorted((firsts[i], len(run)) for i, run in enumerate(runs) if i not in staying)


def _moves(ranks: Sequence[int], moving: Sequence[tuple[int, int]]) -> Iterator[Call]:
    """Put each moving run behind its predecessor, which by then is in its place."""
    order = list(ranks)
    for first, length in moving:
        start = order.index(first)
        before = order.index(first - 1) + 1 if first else 0
        yield Move(start, before, length)
        run = order[start:start + length]
        del order[start:start + length]
        at = before if before <= start else before - length
        order[at:at] = run


def _uris(rows: Sequence[Uri]) -> tuple[str, ...]:
    return tuple(uri for uri in rows if uri is not None)
