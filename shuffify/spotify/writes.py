"""The one way in which a playlist's rows are written: no track is lost on it.

    lock -> fresh list -> target -> plan -> snapshot -> still the same? -> calls -> verify
                                                                             |
                                                             previous list <-+ when it went wrong

The caller's journal keeps the database's side; nothing here knows about rows of tables.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import NoReturn

from shuffify.errors import ShuffifyError
from shuffify.spotify.errors import (
    NotEditableError,
    NotReadableError,
    PlaylistChangedError,
    WriteFailedError,
)
from shuffify.spotify.execution import RESTORE_LIMIT, Execution
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.journal import Attempt, WriteJournal, WriteResult
from shuffify.spotify.planner import plan
from shuffify.spotify.tracks import Playlist, Uri

__all__ = ["Attempt", "WriteJournal", "WriteResult", "write_playlist"]

logger = logging.getLogger(__name__)


def _silent(done: int, total: int) -> None:
    """Report no progress."""


def write_playlist(
    gateway: Gateway,
    playlist_id: str,
    *,
    user_id: str,
    compute: Callable[[Playlist], Sequence[Uri]],
    journal: WriteJournal,
    lock: AbstractContextManager[None],
    base_snapshot_id: str | None = None,
    call_limit: int = 200,
    accept_loss: bool = False,
    leave_out_unknown: bool = False,
    progress: Callable[[int, int], None] = _silent,
    sleep: Callable[[float], None] = time.sleep,
) -> WriteResult:
    """Write what `compute` makes of the fresh list, or leave the list as it is.

    `compute` may be called twice. With `leave_out_unknown` rows that Spotify does not know are
    left out, and told of in the result; without it they refuse the whole write. Raise
    WriteFailedError when it went wrong on the way; any other error means that nothing was
    written.
    """
    write = _Write(
        gateway=gateway,
        playlist_id=playlist_id,
        user_id=user_id,
        compute=compute,
        journal=journal,
        base_snapshot_id=base_snapshot_id,
        call_limit=call_limit,
        accept_loss=accept_loss,
        leave_out_unknown=leave_out_unknown,
        progress=progress,
        sleep=sleep,
    )
    with lock:
        return write.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    gateway: Gateway
    playlist_id: str
    user_id: str
    compute: Callable[[Playlist], Sequence[Uri]]
    journal: WriteJournal
    base_snapshot_id: str | None
    call_limit: int
    accept_loss: bool
    leave_out_unknown: bool
    progress: Callable[[int, int], None]
    sleep: Callable[[float], None]

    def run(self) -> WriteResult:
        attempt = self._prepare()
        if attempt.plan.method == "none":
            return _unchanged(attempt)
        self.journal.pending(attempt)
        with ExitStack() as untouched:
            untouched.callback(self.journal.void)
            attempt = self._undisturbed(attempt)
            if attempt.plan.method == "none":
                return _unchanged(attempt)
            untouched.pop_all()
        return self._write(attempt)

    def _prepare(self) -> Attempt:
        try:
            fresh = self.gateway.playlist(self.playlist_id)
        except NotReadableError as error:
            # owners and collaborators can read, so whoever cannot may not write either
            raise NotEditableError from error
        if not fresh.editable_by(self.user_id):
            raise NotEditableError
        if self.base_snapshot_id not in (None, fresh.snapshot_id):
            raise PlaylistChangedError(fresh.snapshot_id)
        target = self.compute(fresh)
        planned = plan(
            fresh.uris, target, call_limit=self.call_limit, accept_loss=self.accept_loss
        )
        return Attempt(fresh, planned)

    def _undisturbed(self, attempt: Attempt) -> Attempt:
        """Make sure that the list is still the one read; once, start over from the new one."""
        if self._is_current(attempt):
            return attempt
        attempt = self._prepare()
        if attempt.plan.method == "none":
            return attempt
        self.journal.refreshed(attempt)
        if not self._is_current(attempt):
            raise PlaylistChangedError(self.gateway.snapshot_id(self.playlist_id))
        return attempt

    def _is_current(self, attempt: Attempt) -> bool:
        return self.gateway.snapshot_id(self.playlist_id) == attempt.before.snapshot_id

    def _write(self, attempt: Attempt) -> WriteResult:
        execution = Execution(
            self.gateway,
            attempt.before,
            leave_out_unknown=self.leave_out_unknown,
            progress=self.progress,
            sleep=self.sleep,
        )
        failure: ShuffifyError | None = None
        try:
            execution.carry_out(attempt.plan)
        except ShuffifyError as error:
            if not execution.touched:
                self.journal.void()
                raise
            failure = error
        calls = execution.calls_done, execution.calls_total
        target = execution.possible(attempt.target)
        if not execution.touched:
            self.journal.void()
            return replace(_unchanged(attempt), left_out=execution.left_out(attempt.target))
        try:
            found, written = execution.verified(target)
        except ShuffifyError as error:
            failure = failure or error
            # what is refused once, a limit or a login, may be let through the second time
            seen = self._last_look()
            if seen is None:
                self._fail(attempt, calls, failure, found=None, restored=False)
            found, written = seen, execution.is_target(seen.uris, target)
        if not written:
            found_now, restored = self._put_back(execution, attempt, found)
            self._fail(attempt, calls, failure, found=found_now, restored=restored)
        result = WriteResult(
            before=attempt.before,
            playlist=found,
            target=target,
            method=attempt.plan.method,
            calls=execution.calls_done,
            kept_added=execution.added_by_others(found.uris, target),
            left_out=execution.left_out(attempt.target),
        )
        self.journal.applied(result)
        return result

    def _put_back(
        self, execution: Execution, attempt: Attempt, found: Playlist
    ) -> tuple[Playlist | None, bool]:
        """Put the previous list back; return what stands then, and whether it is that list."""
        previous = execution.previous(found.uris, attempt.target)
        try:
            if found.uris != previous:
                execution.carry_out(plan(found.uris, previous, call_limit=RESTORE_LIMIT))
            return execution.verified(previous)
        except ShuffifyError:
            seen = self._last_look()
            return seen, seen is not None and execution.is_target(seen.uris, previous)

    def _last_look(self) -> Playlist | None:
        try:
            return self.gateway.playlist(self.playlist_id)
        except ShuffifyError:
            return None

    def _fail(
        self,
        attempt: Attempt,
        calls: tuple[int, int],
        cause: ShuffifyError | None,
        *,
        found: Playlist | None,
        restored: bool,
    ) -> NoReturn:
        failure = WriteFailedError(
            restored=restored,
            before=attempt.before,
            found=found,
            calls_done=calls[0],
            calls_total=calls[1],
            cause=cause,
        )
        logger.warning("Playlist %s: %s", self.playlist_id, failure)
        if restored:
            self.journal.void()
        else:
            self.journal.interrupted(failure)
        raise failure from cause


def _unchanged(attempt: Attempt) -> WriteResult:
    return WriteResult(
        before=attempt.before,
        playlist=attempt.before,
        target=attempt.target,
        method="none",
    )
