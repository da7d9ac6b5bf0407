"""The net of a transaction: one frame per savepoint, one change per object (rules A1 and A4).

Pure bookkeeping; it knows neither sessions nor databases, so its cases are tables in a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from .change import Change, combine

Identity: TypeAlias = tuple[Any, tuple[Any, ...]]
"""A mapper's root class and a primary key: what "the same object" means to the ledger."""


class Refused(NamedTuple):
    """A row that has to be saved another way once the root transaction is durable."""

    row: Mapping[str, Any]
    stage: str
    error: str
    retry: bool


class Frame:
    """The net changes made inside one savepoint, or outside all of them, in order of the first."""

    __slots__ = ("rows", "refused", "_net", "_settled", "_moved_any")

    def __init__(self) -> None:
        self.rows = 0
        """Rows written inside this savepoint already; they share its fate."""
        self.refused: list[Refused] = []
        self._net: dict[Identity, Change] = {}
        self._settled: list[Change] = []
        self._moved_any = False

    def record(self, change: Change) -> None:
        """Add one change to what is already known of its object."""
        if change.former_key is not None:
            self._moved(change, change.former_key)
            return
        net = self._net
        here = (change.plan.root, change.key)
        first = net.get(here)
        if first is None:
            net[here] = change
            return
        both = combine(first, change)
        if both is not None and both.key == change.key:
            net[here] = both
            return
        del net[here]
        if both is not None:
            self._put_back(both)

    def _moved(self, change: Change, former_key: tuple[Any, ...]) -> None:
        """An object whose key changed takes its history along.

        A delete that stands at the new key is of another object, whose story is over.
        """
        self._moved_any = True
        root = change.plan.root
        gone = self._net.pop((root, change.key), None)
        if gone is not None:
            self._settled.append(gone)
        first = self._net.pop((root, former_key), None)
        both = change if first is None else combine(first, change)
        if both is not None:
            self._net[root, both.key] = both

    def _put_back(self, deleted: Change) -> None:
        """A row that changed its key and was deleted is, in the table, the old key's delete."""
        here = (deleted.plan.root, deleted.key)
        successor = self._net.pop(here, None)
        both = deleted if successor is None else combine(deleted, successor)
        if both is not None:
            self._net[here] = both

    def absorb(self, inner: Frame) -> None:
        """Take over what a released savepoint did."""
        self.rows += inner.rows
        self.refused += inner.refused
        if not self._net:
            self._net = inner._net
        else:
            for change in inner._net.values():
                self.record(change)
        self._settled += inner._settled
        self._moved_any |= inner._moved_any

    def take(self) -> list[Change]:
        """Hand out the net changes, in the order of the first of each, and forget them."""
        changes = list(self)
        self._net, self._settled, self._moved_any = {}, [], False
        return changes

    def __iter__(self) -> Iterator[Change]:
        if not self._moved_any:
            return iter(self._net.values())
        return iter(sorted((*self._settled, *self._net.values()), key=lambda change: change.at))


class Ledger:
    """All frames of one root transaction; ``None`` names the frame outside every savepoint."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames: dict[Any, Frame] = {}

    def frame(self, savepoint: Any) -> Frame:
        """Return the frame of a savepoint, opening it at its first change."""
        frame = self._frames.get(savepoint)
        if frame is None:
            frame = self._frames[savepoint] = Frame()
        return frame

    def release(self, savepoint: Any, parent: Any) -> None:
        """Let a released savepoint's changes join its parent's."""
        frame = self._frames.pop(savepoint, None)
        if frame is not None:
            self.frame(parent).absorb(frame)

    def discard(self, savepoint: Any) -> None:
        """Forget what a savepoint did: it was rolled back, or closed without a release."""
        self._frames.pop(savepoint, None)

    @property
    def root(self) -> Frame:
        """Return the frame outside every savepoint."""
        return self.frame(None)

    def clear(self) -> None:
        """Forget everything: the root transaction is over."""
        self._frames.clear()
