"""Carries a plan out, and looks at what came of it."""

from collections import Counter
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from shuffify.spotify.calls import Add, Call, Move, Remove, Replace
from shuffify.spotify.errors import RequestRefusedError, UnavailableError, UnknownItemsError
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.planner import Plan, plan
from shuffify.spotify.sequences import left_over, rows_added
from shuffify.spotify.tracks import Playlist, Rows, Uri
from shuffify.spotify.transport import TRIES, pause_after

READS = 3
PAUSE = 0.5
"""Seconds between two reads of a list that may lag behind its last write."""
RESTORE_LIMIT = 1000
"""Calls that finishing a write, or taking it back, may need once it has begun."""

MOST_LEFT_OUT = 100
"""Rows unknown to Spotify that one write finds out: each takes up to a dozen refused calls."""

_UNKNOWN = re.compile("invalid (track|episode) uri|non-existing id|invalid base62 id", re.I)
"""Spotify's words for rows that do not exist; the status, 400, is that of every refusal."""


class Execution:
    """The calls of one write, counted; knows which rows it may have sent twice."""

    def __init__(
        self,
        gateway: Gateway,
        before: Playlist,
        *,
        leave_out_unknown: bool = False,
        progress: Callable[[int, int], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._gateway = gateway
        self._before = before
        self._leaves_out_unknown = leave_out_unknown
        self._progress = progress
        self._sleep = sleep
        self._sent_twice: Counter[Uri] = Counter()
        self._targets: list[Rows] = []
        """Of the plans so far: what they put there is nobody else's, also while taken back."""
        self._unknown: set[Uri] = set()
        """Rows that Spotify refused one by one, because it does not know them."""
        self.touched = False
        """Whether a call may have changed the list."""
        self.calls_done = 0
        self.calls_total = 0

    def carry_out(self, planned: Plan) -> None:
        """Send every call; try one that fails up to three times, part one with unknown rows.

        A repeated insertion would double rows and a repeated move would move others, so after
        those the list is read first, and the rest planned anew from what it shows.
        """
        self._targets.append(planned.target)
        calls = list(planned.calls)
        setbacks = 0
        while calls:
            self.calls_total = self.calls_done + len(calls)
            try:
                self._send(calls[0])
                rest, setbacks = calls[1:], 0
            except UnknownItemsError:
                if not self._leaves_out_unknown or len(self._unknown) >= MOST_LEFT_OUT:
                    raise
                calls = self._parted(calls)
                continue
            except UnavailableError:
                self.touched = True
                setbacks += 1
                if setbacks == TRIES:
                    raise
                self._sleep(pause_after(setbacks))
                goal = self.possible(planned.target)
                rest = self._rest(calls[0], goal) if _is_once_only(calls[0]) else calls
            self.touched = True
            self.calls_done += len(rest) < len(calls)
            self._progress(self.calls_done, self.calls_done + len(rest))
            calls = rest

    def possible(self, target: Rows) -> Rows:
        """Return what is left of a target without the rows that Spotify does not know."""
        return tuple(uri for uri in target if uri not in self._unknown)

    def left_out(self, target: Rows) -> Rows:
        """Return the rows of a target that Spotify does not know."""
        return tuple(uri for uri in target if uri in self._unknown)

    def _parted(self, calls: Sequence[Call]) -> list[Call]:
        """Halve a refused call, of which nothing was written; of one row nothing is left.

        Only insertions follow a call that can be refused for its rows, in the list's order.
        """
        refused, *rest = calls
        assert isinstance(refused, Add | Replace)
        uris, half = refused.uris, len(refused.uris) // 2
        if half:
            first, at = replace(refused, uris=uris[:half]), getattr(refused, "position", None)
            return [first, Add(uris[half:], None if at is None else at + half), *rest]
        self._unknown.update(uris)
        rest = [_one_row_earlier(call) for call in rest]
        return [Replace(()), *rest] if isinstance(refused, Replace) else rest

    def verified(self, target: Rows) -> tuple[Playlist, bool]:
        """Read the list until it is the target; say whether it came to that."""
        for attempt in range(READS):
            if attempt:
                self._sleep(PAUSE)
            found = self._gateway.playlist(self._before.id)
            if self.is_target(found.uris, target):
                return found, True
        return found, False

    def is_target(self, found: Sequence[Uri], target: Rows) -> bool:
        """Say whether the list is the target, give or take rows that others added meanwhile."""
        extra = left_over(found, target)
        return extra is not None and Counter(extra) == self._foreign(found, target)

    def previous(self, found: Sequence[Uri], target: Rows) -> Rows:
        """Return the list as it was, with rows that others added meanwhile at its end."""
        return self._before.uris + self._in_order(found, self._foreign(found, target))

    def added_by_others(self, found: Sequence[Uri], target: Rows) -> tuple[Uri, ...]:
        """Name the rows that others added meanwhile, in the order of the list."""
        return self._in_order(found, self._foreign(found, target))

    def _foreign(self, found: Sequence[Uri], target: Rows) -> Counter[Uri]:
        ours = self._before.uris, target, *self._targets
        return rows_added(found, *ours) - self._sent_twice

    def _in_order(self, found: Sequence[Uri], wanted: Counter[Uri]) -> tuple[Uri, ...]:
        # the last ones of each: what others add usually stands at the end
        left = wanted.copy()
        rows = []
        for uri in reversed(found):
            if left[uri]:
                left[uri] -= 1
                rows.append(uri)
        return tuple(reversed(rows))

    def _send(self, call: Call) -> None:
        try:
            self._tell(call)
        except RequestRefusedError as error:
            if isinstance(call, Add | Replace) and _UNKNOWN.search(error.description):
                raise UnknownItemsError(self._suspects(call.uris, error)) from error
            raise

    def _suspects(self, uris: Sequence[str], error: RequestRefusedError) -> Sequence[str]:
        """Return the row that the refusal names, else those that are new to the list."""
        named = [uri for uri in uris if uri in error.description.split()]
        known = {*self._before.uris}
        return named[:1] or [uri for uri in dict.fromkeys(uris) if uri not in known] or uris

    def _tell(self, call: Call) -> None:
        playlist_id = self._before.id
        match call:
            case Replace(uris):
                self._gateway.replace(playlist_id, uris)
            case Add(uris, position):
                self._gateway.add(playlist_id, uris, position)
            case Remove(uris):
                self._gateway.remove(playlist_id, uris)
            case Move(start, before, length):
                self._gateway.reorder(
                    playlist_id, range_start=start, insert_before=before, range_length=length
                )

    def _rest(self, doubtful: Call, target: Rows) -> list[Call]:
        """Plan from the list as it is now, after a call whose outcome is unknown."""
        # twice, for the first read may still show the list as it was before the call
        self._gateway.playlist(self._before.id)
        self._sleep(PAUSE)
        found = self._gateway.playlist(self._before.id).uris
        goal = target + self.added_by_others(found, target)
        rest = plan(found, goal, call_limit=RESTORE_LIMIT).calls
        if isinstance(doubtful, Add):
            again = Counter[Uri](
                uri for call in rest if isinstance(call, Add) for uri in call.uris
            )
            self._sent_twice += again & Counter[Uri](doubtful.uris)
        return list(rest)


def _one_row_earlier(call: Call) -> Call:
    if isinstance(call, Add) and call.position is not None:
        return replace(call, position=call.position - 1)
    return call


def _is_once_only(call: Call) -> bool:
    return isinstance(call, Add | Move)
