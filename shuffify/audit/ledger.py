"""The net of a transaction: one frame per savepoint, one change per object (rules A1 and A4).

Pure bookkeeping; it knows neither sessions nor databases, so its cases are tables in a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .change import Change, combine, replace, total
from .context import AuditContext
from .suspension import Passed, Suspension

if TYPE_CHECKING:
    from .plan import Plan

Identity: TypeAlias = tuple[Any, tuple[Any, ...]]
"""A mapper's root class and a primary key: what "the same object" means to the ledger."""


class Refused(NamedTuple):
    """A row that has to be saved another way once the root transaction is durable."""

    row: Mapping[str, Any]
    stage: str
    error: str
    retry: bool


class Frame:
    """The net changes made inside one savepoint, or outside all of them.

    It is a relation between rows before and rows after. What stands is known by the key that it
    has now, what is gone by the key that it had: while keys change, both may be the same key.
    """

    __slots__ = ("rows", "refused", "passed", "_standing", "_gone", "_vanished", "_moved",
                 "_disordered")

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        """Rows written inside this savepoint already, by type; they share its fate."""
        self.refused: list[Refused] = []
        self.passed: dict[Suspension, Passed] = {}
        """What was let pass unrecorded, by the suspension that let it."""
        self._standing: dict[Identity, Change] = {}
        self._gone: dict[Identity, Change] = {}
        self._vanished: dict[Identity, Mapping[str, int]] = {}
        """What ON DELETE took with objects made and deleted here. They leave nothing, unless one
        of the same key was deleted around this savepoint: then it is one row, deleted twice."""
        self._moved = False
        self._disordered = False

    def record(self, change: Change) -> None:
        """Add one change to what is already known of its object."""
        if change.former_key is not None:
            self._moved = True
        elif change.operation != "delete" and not self._gone:
            here = (change.plan.root, change.key)
            first = self._standing.get(here)
            both = change if first is None else combine(first, change)
            if both is not None:
                self._standing[here] = both
            else:
                del self._standing[here]
            return
        self._put(self._take(change), change)

    def wrote(self, kinds: Iterable[str]) -> None:
        """Count rows that are written: the type of each."""
        rows = self.rows
        for kind in kinds:
            rows[kind] = rows.get(kind, 0) + 1

    def let_pass(self, pause: Suspension, context: AuditContext, at: datetime, number: int
                 ) -> None:
        """Count changes that a suspension lets pass; the first says who and when."""
        passed = self.passed.get(pause)
        if passed is not None:
            passed.number += number
        elif number:
            self.passed[pause] = Passed(context, at, number)

    def knows(self, change: Change) -> bool:
        """Tell whether a change of the same object is recorded here."""
        key = change.key if change.former_key is None else change.former_key
        here = (change.plan.root, key)
        return here in self._standing or here in self._gone

    def record_together(self, changes: Iterable[Change], moved: bool) -> None:
        """Add changes of one statement or savepoint; ``moved`` says that keys may have changed."""
        if not moved:
            for change in changes:
                self.record(change)
            return
        # Two objects may have exchanged their keys: all are taken out before any is put back.
        self._moved = True
        for first, change in [(self._take(change), change) for change in changes]:
            self._put(first, change)

    def absorb(self, inner: Frame) -> None:
        """Take over what a released savepoint did."""
        for kind, number in inner.rows.items():
            self.rows[kind] = self.rows.get(kind, 0) + number
        self.refused += inner.refused
        for pause, passed in inner.passed.items():
            self.let_pass(pause, passed.context, passed.at, passed.number)
        for here, cascaded in inner._vanished.items():
            self._vanish(here, cascaded)
        if not self._standing and not self._gone:
            self._standing, self._gone = inner._standing, inner._gone
            self._moved, self._disordered = inner._moved, inner._disordered
            return
        self.record_together(inner, inner._moved)

    def take(self) -> list[Change]:
        """Hand out the net changes, in the order of the first of each, and forget them."""
        changes = list(self)
        self._standing, self._gone, self._vanished = {}, {}, {}
        self._moved = self._disordered = False
        return changes

    def forget(self) -> None:
        """Forget everything: what was done here is undone."""
        self.rows.clear()
        self.refused.clear()
        self.passed.clear()
        self.take()

    def former_key(self, root: Any, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the key that an object had before what is recorded here, or the same."""
        change = self._standing.get((root, key))
        return key if change is None or change.former_key is None else change.former_key

    def identities(self) -> Iterable[Identity]:
        """Return which objects are changed or gone, by the keys that they have or had last."""
        return (*self._standing, *self._gone)

    def __iter__(self) -> Iterator[Change]:
        if not self._disordered:
            return iter(self._standing.values())
        # Of one time, what is gone comes first: its key may have been taken.
        both = (*self._gone.values(), *self._standing.values())
        return iter(sorted(both, key=attrgetter("at")))

    def _take(self, change: Change) -> Change | None:
        """Take out what is known of the change's object, by the key that it had until now."""
        if change.operation == "create":
            return None
        key = change.key if change.former_key is None else change.former_key
        return self._standing.pop((change.plan.root, key), None)

    def _put(self, first: Change | None, change: Change) -> None:
        self._disordered = True
        both = change if first is None else combine(first, change)
        if both is None:
            if change.cascaded:
                self._vanish((change.plan.root, change.key), change.cascaded)
            return
        here = (both.plan.root, both.key)
        # A row that was deleted and a row that was made under the same key are one row altered.
        if both.operation == "delete":
            made = self._standing.get(here)
            if made is None or made.operation != "create":
                self._gone[here] = both
                return
            both = combine(both, made)
        elif both.operation == "create" and here in self._gone:
            both = combine(self._gone.pop(here), both)
        if both is not None:
            self._standing[here] = both
        else:
            self._standing.pop(here, None)

    def _vanish(self, here: Identity, cascaded: Mapping[str, int]) -> None:
        """Count what went with an object that was made and deleted inside a savepoint."""
        gone = self._gone.get(here)
        if gone is not None:
            self._gone[here] = replace(gone, cascaded=total(gone.cascaded, cascaded))
        else:
            self._vanished[here] = total(self._vanished.get(here), cascaded) or {}


class Scene(NamedTuple):
    """Where and on whose behalf something is recorded, and whether it is to pass."""

    frame: Frame
    context: AuditContext
    pause: Suspension | None


class Ledger:
    """All frames of one root transaction; ``None`` names the frame outside every savepoint."""

    __slots__ = ("_frames", "doubted")

    def __init__(self) -> None:
        self._frames: dict[Any, Frame] = {}
        self.doubted: set[Identity] = set()
        """Objects whose loaded values may be none that the database keeps or ever kept; without a
        key, all of their class."""

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
        """Forget what a savepoint did that nobody released.

        Objects may go on holding what is undone: of one that was rolled back, SQLAlchemy expires
        what a flush wrote, not what a statement brought up to date; where it ended with the one
        around it, nothing.
        """
        frame = self._frames.pop(savepoint, None)
        if frame is not None:
            self.doubted.update(frame.identities())

    def discard_all(self) -> None:
        """Forget all that was done: the transaction goes on, and this is undone."""
        for savepoint in [*self._frames]:
            self.discard(savepoint)

    def knows(self, change: Change) -> bool:
        """Tell whether a change of the same object is recorded in any frame."""
        return any(frame.knows(change) for frame in self._frames.values())

    def recorded_key(self, plan: Plan, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the key under which the log knows an object that has this one meanwhile."""
        key = key if plan.key_form is None else plan.key_form(key)
        for frame in reversed(list(self._frames.values())):
            key = frame.former_key(plan.root, key)
        return key

    @property
    def root(self) -> Frame:
        """Return the frame outside every savepoint."""
        return self.frame(None)

    def collapse(self) -> Frame:
        """Return the root's frame with those of savepoints still open: all is being committed."""
        root = self.root
        for savepoint in [*self._frames]:
            if savepoint is not None:
                self.release(savepoint, None)
        return root

    def clear(self) -> None:
        """Forget everything: the root transaction is over."""
        self._frames.clear()
        self.doubted.clear()
