"""Every scripted fault at every call of a write: what stands afterwards, as a table.

`python -m tests.spotify.fault_matrix` draws it line by line; it fails if a cell is wrong.
docs/fault-matrix.md shows it whole.
"""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from multiprocessing import Pool

from shuffify.errors import ShuffifyError
from shuffify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, library
from shuffify.spotify.errors import WriteFailedError
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.planner import plan
from shuffify.spotify.settings import SpotifySettings
from shuffify.spotify.tracks import Uri
from shuffify.spotify.writes import write_playlist
from tests.spotify.diary import Diary

LONG, SHORT = library.PLAYLISTS["hundred_twenty"], library.PLAYLISTS["twelve"]
LOCAL = "spotify:local:Ana:Casa:Mar:187"


class Strikes(Enum):
    """How often a fault strikes, from the call on at which it is planned."""

    ONCE = "once"
    TWICE = "twice"
    FOR_EVER = "from then on"
    WRITES = "writes from then on"
    """Reads go on to work, so that the error can say what stands."""

    @property
    def count(self) -> int | None:
        return {Strikes.ONCE: 1, Strikes.TWICE: 2}.get(self)


PATIENCE, SHORT_PATIENCE = 10.0, 0.15
"""Seconds until an answer is given up; where silence is the fault the short ones really pass."""

FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "rate limit, short": ("rate_limit", {"retry_after": 1}),
    "rate limit, long": ("rate_limit", {"retry_after": 900}),
    "500, not applied": ("error_before", {}),
    "502, applied": ("error_after", {}),
    "502, applied in part": ("partial", {"applied": 7}),
    "silence": ("timeout", {}),
    "silence, applied": ("timeout", {"applied": True}),
    "disconnected": ("disconnect", {}),
    "disconnected, applied": ("disconnect", {"applied": True}),
    "half a body": ("truncated", {}),
    "no body": ("empty", {}),
    "HTML page": ("not_json", {}),
    "token expired": ("token_expired", {}),
    "token revoked": ("token_revoked", {}),
    "spurious 401": ("spurious_401", {}),
    "user not registered": ("not_registered", {}),
    "lagging read": ("lagging_read", {"method": "GET"}),
}


@dataclass(frozen=True)
class Scenario:
    """A write of one strategy: the list, where rows that cannot be written go, the target."""

    method: str
    playlist_id: str
    unwritable_at: int | None
    target: Callable[[list[Uri]], list[Uri]]


SCENARIOS = (
    Scenario("replace", LONG, None, lambda rows: rows[::-1]),
    Scenario("append", SHORT, 12, lambda rows: rows + rows[:6] * 18),
    Scenario("moves", SHORT, 4, lambda rows: [rows[9], *rows[3:9], *rows[:3], *rows[:9:-1]]),
    Scenario("edit", SHORT, 4, lambda rows: [rows[9], *rows[3:9], *rows[:2], *rows[10:], rows[9]]),
)


def strikes(fault: str) -> tuple[Strikes, ...]:
    """A list that lags for ever looks like one that never changes."""
    return (Strikes.ONCE, Strikes.TWICE) if fault == "lagging read" else tuple(Strikes)


OUTCOMES = {
    "N": "the new list stands, and the caller was told so",
    "O": "the old list stands: nothing was written, and the error says so",
    "B": "the old list was put back, and the error says so",
    "e": "the error says what stands, row by row; the old list is in the snapshot",
    "?": "the error says that the list cannot be read; the old list is in the snapshot",
    "-": "no such call was made, so the fault did not strike; the new list stands",
    "!": "wrong: what stands is not what was said",
}


@dataclass(frozen=True)
class Case:
    """What one fault at one call of one write led to."""

    position: int
    stands: str
    """new, old, or other: neither."""
    outcome: str
    """A letter of OUTCOMES."""


class Matrix:
    """Runs the cases against one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def cases(self, scenario: Scenario, fault: str, often: Strikes) -> Iterator[Case]:
        """Try the fault at every call, or at every write."""
        calls = self.calls(scenario)
        for position, method in enumerate(calls, 1):
            if often is not Strikes.WRITES:
                yield self._case(scenario, fault, often, {"*": position}, position)
            elif method != "GET":
                # each method counts its own calls, and so do the faults planned for it
                first = {
                    write: calls[: position - 1].count(write) + 1
                    for write in ("PUT", "POST", "DELETE")
                }
                yield self._case(scenario, fault, often, first, position)

    def calls(self, scenario: Scenario) -> list[str]:
        """Return the method of each call of the write when nothing goes wrong."""
        before = self._start(scenario)
        planned = plan(before, scenario.target(before), call_limit=200)
        assert planned.method == scenario.method and planned.cost > 1
        self._write(scenario, Diary(), PATIENCE)
        return [str(request["method"]) for request in self._sandbox.requests()]

    def _start(self, scenario: Scenario) -> list[Uri]:
        self._sandbox.reset()
        if scenario.unwritable_at is not None:
            rows, position = [LOCAL, None], scenario.unwritable_at
            self._sandbox.edit(scenario.playlist_id, "add", uris=rows, position=position)
        return self._sandbox.uris(scenario.playlist_id)

    def _case(
        self, scenario: Scenario, fault: str, often: Strikes, first: Mapping[str, int],
        position: int,
    ) -> Case:
        before = self._start(scenario)
        kind, details = FAULTS[fault]
        for method, at in first.items():
            planned = {"method": method, **details}
            self._sandbox.fault(kind, path="/v1/*", position=at, count=often.count, **planned)
        diary = Diary()
        error: ShuffifyError | None = None
        try:
            self._write(scenario, diary, SHORT_PATIENCE if kind == "timeout" else PATIENCE)
        except ShuffifyError as raised:
            error = raised
        left = self._sandbox.pending_faults()
        has_struck = len(left) < len(first) or any(planned["hits"] for planned in left)
        after = self._sandbox.uris(scenario.playlist_id)
        stands = {str(before): "old", str(scenario.target(before)): "new"}.get(str(after), "other")
        outcome = _outcome(stands, before, after, diary, error)
        if outcome == "?" and often in (Strikes.ONCE, Strikes.WRITES):
            outcome = "!"  # a second look would have told
        if not has_struck:
            outcome = "-" if outcome == "N" else "!"
        return Case(position, stands, outcome)

    def _write(self, scenario: Scenario, diary: Diary, patience: float) -> None:
        def refresh(refused: str) -> str:
            return str(self._sandbox.grant("mira")["access_token"])

        url, token = self._sandbox.url, str(self._sandbox.grant("mira")["access_token"])
        settings = SpotifySettings(
            CLIENT_ID, CLIENT_SECRET, "http://127.0.0.1/callback", url, url,
            timeout=(PATIENCE, patience),
        )
        with Gateway(
            settings, token, user_id="mira", refresh=refresh, sleep=lambda seconds: None
        ) as gateway:
            write_playlist(
                gateway,
                scenario.playlist_id,
                user_id="mira",
                compute=lambda playlist: scenario.target(list(playlist.uris)),
                journal=diary,
                lock=nullcontext(),
                sleep=lambda seconds: None,
            )


def _outcome(
    stands: str,
    before: list[Uri],
    after: list[Uri],
    diary: Diary,
    error: ShuffifyError | None,
) -> str:
    """Say what was said and written down, where that is what stands."""
    match error:
        case None:
            return "N" if stands == "new" and diary.entries[-1] == "applied" else "!"
        case WriteFailedError(restored=False):
            assert diary.snapshot is not None
            kept = list(diary.snapshot.before.uris) == before
            if not kept or diary.entries[-1] != "interrupted":
                return "!"
            if error.found is None:
                return "?"
            said = f"now it has {len(after):,}" in str(error)
            return "e" if said and list(error.found.uris) == after else "!"
        case _:
            good = stands == "old" and diary.entries in ([], ["pending", "void"])
            return "!" if not good else "B" if isinstance(error, WriteFailedError) else "O"


LINES = [(fault, often) for often in Strikes for fault in FAULTS if often in strikes(fault)]
NAME = max(len(f"{fault}, {often.value}") for fault, often in LINES)
_matrix: list[Matrix] = []
"""Of this process."""


def _begin() -> None:
    logging.disable()
    # the process ends with its pool, and the sandbox's threads with it
    _matrix.append(Matrix(Sandbox().start()))


def _calls(number: int) -> str:
    made = _matrix[0].calls(SCENARIOS[number])
    return "".join("r" if method == "GET" else "W" for method in made)


def _line(line: tuple[str, Strikes]) -> list[str]:
    cells = []
    for scenario in SCENARIOS:
        outcomes = {case.position: case.outcome for case in _matrix[0].cases(scenario, *line)}
        cells.append("".join(outcomes.get(at, " ") for at in range(1, max(outcomes) + 1)))
    return cells


def _draw(name: str, cells: Sequence[str], widths: Sequence[int]) -> None:
    columns = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    print("  ".join([name.ljust(NAME), *columns]).rstrip(), flush=True)


def main() -> int:
    """Draw the table; return 1 if a cell is wrong."""
    found: Counter[str] = Counter()
    # more than there are processors, for a silent answer keeps none of them busy
    with Pool(2 * (os.cpu_count() or 1), _begin) as pool:
        calls = pool.map(_calls, range(len(SCENARIOS)))
        widths = [max(len(name.method), len(made)) for name, made in zip(SCENARIOS, calls)]
        _draw("", [scenario.method for scenario in SCENARIOS], widths)
        _draw("calls: r reads, W writes", calls, widths)
        for (fault, often), cells in zip(LINES, pool.imap(_line, LINES), strict=True):
            _draw(f"{fault}, {often.value}", cells, widths)
            found.update("".join(cells))
    print()
    for letter, meaning in OUTCOMES.items():
        print(f"{letter} {found[letter]:5,}  {meaning}")
    return 1 if found["!"] else 0


if __name__ == "__main__":
    sys.exit(main())
