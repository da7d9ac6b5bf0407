"""Compares a log with its seals and names what is wrong, row by row (rule A15).

Two streams in the order of ids, seals and rows, in one snapshot; one seal's rows and the first
findings are what is held at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.engine import Connection, CursorResult

from .anchor import Anchor
from .errors import SealKeyError
from .event import metadata_of
from .permanence import only_key
from .retention import PRUNED
from .seal import Seal
from .sealer import Sealer, as_seal, is_seal
from .tolerance import any_text, tolerant

MOST_FINDINGS: Final = 100
"""More are counted, not kept."""

ROWS_A_FETCH: Final = 1000

SEALS_A_FETCH: Final = 10
"""Fewer, as each has a trace of up to 40 KiB."""

Entry = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Tampering:
    """One thing that is not as it was sealed."""

    kind: str
    """altered, removed, inserted, reordered, truncated; seal_altered, seal_missing, rewritten"""
    row_id: int
    """The row, or the first one that a seal is about."""
    told: str


@dataclass(slots=True)
class Verified:
    """What a verification saw."""

    rows: int = 0
    seals: int = 0
    unkeyed: int = 0
    """Seals without a key: whoever can write to the database could have made them."""
    unsealed: int = 0
    """Rows above the head, which nothing proves yet."""
    pruned_up_to: int = 0
    head: Seal | None = None
    found: int = 0
    findings: list[Tampering] = field(default_factory=list)
    """The first ones, by row."""


class Verification:
    """One pass over a log and its seals."""

    def __init__(self, sealer: Sealer, connection: Connection, anchors: Iterable[Anchor]) -> None:
        self._sealer = sealer
        self._connection = connection
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.last_id, []).append(anchor)
        self._saw = Verified()
        self._gone: list[int] = []
        """The first and the last of the rows that are gone without one between that stands."""
        self._gone_count = 0
        self._digest: Any = None
        """Of the seal before, whatever stands there."""
        self._is_blind = False
        """Nobody can say where the rows of the seal before end."""
        self._missing: SealKeyError | None = None
        self._key = only_key(sealer.log)

    def run(self) -> Verified:
        """Return what stands and what is wrong; raises SealKeyError without the right key.

        The error comes at the end, with what was seen: one seal's `key_id` hides no other row.
        """
        with any_text(self._connection, "surrogateescape"):
            saw = self._run()
        if self._missing is not None:
            self._missing.saw = saw
            raise self._missing
        return saw

    def _run(self) -> Verified:
        saw = self._saw
        saw.pruned_up_to = self._pruned_up_to()
        every_row = self._sealer.every_row().order_by(self._key)
        with (
            self._stream(self._sealer.every_seal(), SEALS_A_FETCH) as seals,
            self._stream(every_row, ROWS_A_FETCH) as stream,
        ):
            rows = _Rows(map(self._sealer.digested, stream))
            for seal in map(as_seal, seals):
                saw.seals += 1
                if is_seal(seal):
                    self._check_seal(seal, rows)
                    self._check_anchor(seal)
                    self._check_rows(seal, rows)
                    saw.head = seal
                else:
                    self._is_no_seal(seal)
                self._digest = seal.digest
            self._end(rows)
        saw.findings.sort(key=lambda finding: finding.row_id)
        return saw

    # -- seals ---------------------------------------------------------------------------------

    def _check_seal(self, seal: Seal, rows: _Rows) -> None:
        before = self._saw.head
        if self._is_blind:
            rows.skip(seal.first_id)
            self._is_blind = False
        if seal.previous != self._digest:
            self._find("seal_missing", seal.first_id, (
                f"the seal of rows {_range(seal)} does not follow the one before it: a seal"
                " between them is gone, or the one before it was made anew"
            ))
            # Without their seal, nothing can be said of these rows.
            rows.skip(seal.first_id)
        if seal.key_id is None:
            self._saw.unkeyed += 1
            if before is not None and before.key_id is not None:
                self._find("seal_altered", seal.first_id, (
                    f"the seal of rows {_range(seal)} has no key, the one before it had one"))
        try:
            is_as_made = self._sealer.keys.digest(seal.key_id, seal.content()) == seal.digest
        except SealKeyError as error:
            self._missing = self._missing or error
            return
        if not is_as_made:
            told = f"the seal of rows {_range(seal)} is not as it was made"
            self._find("seal_altered", seal.first_id, told)

    def _is_no_seal(self, seal: Seal) -> None:
        head = self._saw.head
        last_id = 0 if head is None else head.last_id
        first_id = seal.first_id if type(seal.first_id) is int else last_id + 1
        told = f"a seal of rows above {last_id} holds what no seal does, and tells nothing of them"
        self._find("seal_altered", first_id, told)
        self._is_blind = True

    def _check_anchor(self, seal: Seal) -> None:
        anchors = self._anchors.pop(seal.last_id, [])
        if any(anchor.digest != seal.digest for anchor in anchors):
            self._find("rewritten", seal.first_id, (
                f"the seal of rows {_range(seal)} is not the one that was anchored"))

    # -- rows ----------------------------------------------------------------------------------

    def _check_rows(self, seal: Seal, rows: _Rows) -> None:
        try:
            expected = dict(seal.entries())
        except ValueError:
            # An altered seal, which is found already and tells nothing of its rows.
            rows.skip(seal.last_id + 1)
            return
        homes = {digest: number for number, digest in expected.items()}
        there: set[int] = set()
        moved: set[int] = set()
        for number, digest in rows.below(seal.last_id + 1):
            self._saw.rows += 1
            there.add(number)
            if expected.get(number) != digest:
                home = homes.get(digest)
                if home is not None:
                    moved.add(home)
                self._wrong(number, digest, home, number in expected)
        for number in expected:
            if number in there:
                self._gap_ends()
            elif number > self._saw.pruned_up_to and number not in moved:
                self._gone = [*self._gone[:1], number]
                self._gone_count += 1

    def _wrong(self, number: int, digest: str, home: int | None, is_expected: bool) -> None:
        if home is None and self._is_keeping():
            home = self._home(digest)
        if home is not None:
            self._find("reordered", number, f"row {number} holds what was sealed as row {home}")
        elif is_expected:
            self._find("altered", number, f"row {number} is not as it was sealed")
        else:
            self._find("inserted", number, f"row {number} was not there when its time was sealed")

    def _home(self, digest: str) -> int | None:
        """Return under which id a content was sealed, if it ever was."""
        trace = self._sealer.seals.c.trace
        found = self._connection.scalar(select(trace).where(trace.contains(f":{digest}")).limit(1))
        for entry in found.split() if isinstance(found, str) else ():
            number, _, known = entry.partition(":")
            if known == digest and number.isdecimal():
                return int(number)
        return None

    def _gap_ends(self, kind: str = "removed", more: str = "") -> None:
        if not self._gone:
            return
        first, last = self._gone[0], self._gone[-1]
        if first == last:
            told = f"row {first} is gone"
        else:
            told = f"rows {first} to {last} are gone ({self._gone_count})"
        self._find(kind, first, told + more)
        self._gone, self._gone_count = [], 0

    def _end(self, rows: _Rows) -> None:
        saw = self._saw
        last_id = 0 if saw.head is None else saw.head.last_id
        self._gap_ends("truncated", ", up to the newest seal: the tail is cut")
        saw.unsealed = rows.count()
        for anchor, *_ in self._anchors.values():
            if anchor.last_id > last_id:
                self._find("truncated", anchor.last_id, (
                    f"the trail was anchored up to row {anchor.last_id}, sealed at"
                    f" {anchor.sealed_at}; its seals end at row {last_id}"
                ))
            else:
                self._find("rewritten", anchor.last_id, (
                    f"the seal that ended at row {anchor.last_id} was anchored and is gone"))

    # -- reading -------------------------------------------------------------------------------

    def _stream(self, query: Any, at_once: int) -> CursorResult[Any]:
        return self._connection.execute(query, execution_options={"yield_per": at_once})

    def _pruned_up_to(self) -> int:
        """Return up to which id rows were deleted through the door, as the trail tells it."""
        log = self._sealer.log
        if not {"activity_type", "metadata_json"} <= set(log.c.keys()):
            return 0  # Nobody could have told of it, so nothing was deleted through the door.
        metadata = tolerant(log.c.metadata_json, "metadata")
        query = select(self._key, metadata).where(log.c.activity_type == PRUNED)
        told = ((number, (metadata_of(metadata) or {}).get("up_to_id"))
                for number, metadata in self._connection.execute(query))
        # A pruning takes what stood before its own row; whoever writes more excuses nothing.
        return max((end for number, end in told if isinstance(end, int) and end < number),
                   default=0)

    # -- findings ------------------------------------------------------------------------------

    def _is_keeping(self) -> bool:
        return len(self._saw.findings) < MOST_FINDINGS

    def _find(self, kind: str, row_id: int, told: str) -> None:
        self._saw.found += 1
        if self._is_keeping():
            self._saw.findings.append(Tampering(kind, row_id, told))


class _Rows:
    """Rows in order, taken up to an id at a time."""

    def __init__(self, rows: Iterator[Entry]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def below(self, end: int) -> Iterator[Entry]:
        """Take the rows whose ids are below an end."""
        while self._next is not None and self._next[0] < end:
            yield self._next
            self._next = next(self._rows, None)

    def skip(self, end: int) -> None:
        """Pass over the rows whose ids are below an end."""
        for _ in self.below(end):
            pass

    def count(self) -> int:
        """Take all the rest and return how many they are."""
        taken = 0 if self._next is None else 1
        return taken + sum(1 for _ in self._rows)


def _range(seal: Seal) -> str:
    return f"{seal.first_id} to {seal.last_id}"
