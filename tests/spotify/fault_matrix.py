"""Every scripted fault at every call of a write: what stands afterwards, as a table.

`python -m tests.spotify.fault_matrix` prints it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

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

ONCE, TWICE, FOR_EVER = 1, 2, None

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


def counts(fault: str) -> tuple[int | None, ...]:
    """How often the fault strikes; a list that lags for ever looks like one that never changes."""
    return (ONCE, TWICE) if fault == "lagging read" else (ONCE, TWICE, FOR_EVER)


@dataclass(frozen=True)
class Case:
    """What one fault at one call of one write led to."""

    scenario: str
    fault: str
    count: int | None
    position: int
    stands: str
    """new, old, or other: neither."""
    said: str
    """What the caller was told: done, refused, restored or interrupted."""
    is_right: bool


class Matrix:
    """Runs the cases against one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._settings = SpotifySettings(
            CLIENT_ID,
            CLIENT_SECRET,
            "http://127.0.0.1/callback",
            sandbox.url,
            sandbox.url,
            timeout=(1.0, 0.15),
        )

    def cases(
        self, scenario: Scenario, fault: str, count: int | None
    ) -> Iterator[Case]:
        """Try the fault at every call."""
        for position in range(1, self._calls_without_faults(scenario) + 1):
            yield self._case(scenario, fault, count, position)

    def _calls_without_faults(self, scenario: Scenario) -> int:
        before = self._start(scenario)
        planned = plan(before, scenario.target(before), call_limit=200)
        assert planned.method == scenario.method and planned.cost > 1
        self._write(scenario, Diary())
        return len(self._sandbox.requests())

    def _start(self, scenario: Scenario) -> list[Uri]:
        self._sandbox.reset()
        if scenario.unwritable_at is not None:
            rows, position = [LOCAL, None], scenario.unwritable_at
            self._sandbox.edit(scenario.playlist_id, "add", uris=rows, position=position)
        return self._sandbox.uris(scenario.playlist_id)

    def _case(self, scenario: Scenario, fault: str, count: int | None, position: int) -> Case:
        before = self._start(scenario)
        kind, details = FAULTS[fault]
        self._sandbox.fault(kind, path="/v1/*", position=position, count=count, **details)
        diary = Diary()
        error: ShuffifyError | None = None
        try:
            self._write(scenario, diary)
        except ShuffifyError as raised:
            error = raised
        after = self._sandbox.uris(scenario.playlist_id)
        stands = {str(before): "old", str(scenario.target(before)): "new"}.get(str(after), "other")
        return Case(
            scenario.method, fault, count, position, stands,
            _said(error), _is_right(stands, before, after, diary, error),
        )

    def _write(self, scenario: Scenario, diary: Diary) -> None:
        def refresh(refused: str) -> str:
            return str(self._sandbox.grant("mira")["access_token"])

        token = self._sandbox.grant("mira")["access_token"]
        with Gateway(
            self._settings, token, user_id="mira", refresh=refresh, sleep=lambda seconds: None
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


def _said(error: ShuffifyError | None) -> str:
    if error is None:
        return "done"
    if not isinstance(error, WriteFailedError):
        return "refused"
    return "restored" if error.restored else "interrupted"


def _is_right(
    stands: str,
    before: list[Uri],
    after: list[Uri],
    diary: Diary,
    error: ShuffifyError | None,
) -> bool:
    """Say whether what was said, and what was written down, is what stands."""
    said = _said(error)
    if said == "done":
        return stands == "new" and diary.entries[-1] == "applied"
    if said in ("refused", "restored"):
        return stands == "old" and diary.entries in ([], ["pending", "void"])
    assert isinstance(error, WriteFailedError) and diary.snapshot is not None
    kept = list(diary.snapshot.before.uris) == before and diary.entries[-1] == "interrupted"
    return kept and (error.found is None or list(error.found.uris) == after)


def table(cases: Sequence[Case]) -> str:
    """Draw the outcomes: a line for each fault, a column for each strategy."""
    columns = [scenario.method for scenario in SCENARIOS]
    lines = [["", *columns]]
    for count, often in ((ONCE, "once"), (TWICE, "twice"), (FOR_EVER, "from then on")):
        for fault in FAULTS:
            cells = [
                _cell(case for case in cases
                      if (case.scenario, case.fault, case.count) == (column, fault, count))
                for column in columns
            ]
            if any(cells):
                lines.append([f"{fault}, {often}", *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(cases: Iterator[Case]) -> str:
    found = Counter(
        f"{case.stands}, {case.said}" + ("" if case.is_right else " WRONG") for case in cases
    )
    return " · ".join(f"{number} {what}" for what, number in found.items())


def main() -> None:
    logging.disable()
    with Sandbox() as sandbox:
        matrix = Matrix(sandbox)
        print(table([
            case
            for scenario in SCENARIOS
            for fault in FAULTS
            for count in counts(fault)
            for case in matrix.cases(scenario, fault, count)
        ]))


if __name__ == "__main__":
    main()
