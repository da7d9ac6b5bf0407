"""What a write to a playlist leaves in our database, step by step."""

from collections.abc import Callable, Collection, Mapping
import logging
from types import MappingProxyType
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid4, uuid5

from shuffify.enums import ActivityType, SnapshotType, WriteState
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.services.activity_log_service import ActivityLogService
from shuffify.services.errors import PlaylistError, PlaylistRecordError
from shuffify.services.snapshot_store import new_snapshot, prune, take
from shuffify.services.transaction import one_commit
from shuffify.services.write_entry import Entry
from shuffify.spotify.errors import WriteFailedError
from shuffify.spotify.tracks import Playlist
from shuffify.spotify.writes import Attempt, WriteResult

logger = logging.getLogger(__name__)

_FAILURE = "The change could not be recorded."


class Account(Protocol):
    """Tells what stands in the trail about a write that ended.

    `result` is None for a write that was interrupted; None back means: nothing explicit.
    """

    def __call__(
        self, playlist: Playlist, result: WriteResult | None, outcome: WriteState
    ) -> Entry | None: ...


def no_entry(playlist: Playlist, result: WriteResult | None, outcome: WriteState) -> None:
    """Leave the trail to what the flush derives."""


def event_id(snapshot_id: int | None, activity_type: ActivityType) -> str:
    """Return the identity of an explicit row.

    Derived from the write's snapshot, so that replay of the spool and recovery meet in one row.
    """
    if snapshot_id is None:
        return str(uuid4())
    return str(uuid5(NAMESPACE_URL, f"shuffify:snapshot:{snapshot_id}:{activity_type}"))


class SnapshotJournal:
    """Takes the automatic snapshot of one write, and settles it with the write's outcome.

    Implements `shuffify.spotify.writes.WriteJournal`; each method commits and leaves no
    transaction open. `facts` are what recovery could not find out, should the process die;
    `restores` names the snapshot that is gone back to, `settle` changes rows in the commit that
    settles the write.
    """

    def __init__(
        self,
        user_id: int,
        snapshot_type: SnapshotType,
        *,
        account: Account = no_entry,
        facts: Mapping[str, Any] = MappingProxyType({}),
        description: str | None = None,
        spare_short_writes: bool = False,
        born_undone: bool = False,
        restores: Callable[[], int | None] = lambda: None,
        settle: Callable[[WriteResult], None] = lambda result: None,
    ) -> None:
        self.user_id = user_id
        self.snapshot_id: int | None = None
        self._snapshot_type = snapshot_type
        self._account = account
        self._facts = facts
        self._description = description
        self._spare_short_writes = spare_short_writes
        self._born_undone = born_undone
        self._restores = restores
        self._settle = settle
        self._spared: Attempt | None = None

    def pending(self, attempt: Attempt) -> None:
        """Commit the snapshot before the first call that changes something."""
        if self._spare_short_writes and attempt.plan.cost <= 1:
            self._spared = attempt
            return
        self._keep(attempt)

    def _keep(self, attempt: Attempt) -> None:
        with one_commit(PlaylistError, "The playlist could not be saved before the change."):
            snapshot = new_snapshot(self.user_id, attempt.before, self._snapshot_type)
            snapshot.trigger_description = self._description
            snapshot.write_state = WriteState.PENDING
            self._promise(snapshot, attempt)
            snapshot.restores_id = self._restores()
            snapshot.undone_at = utcnow() if self._born_undone else None
            db.session.add(snapshot)
            db.session.flush()
            taken = snapshot.id
        self.snapshot_id = taken

    def refreshed(self, attempt: Attempt) -> None:
        """Bring the snapshot up to date: the list moved before anything was written."""
        if self.snapshot_id is None:
            self.pending(attempt)
            return
        with one_commit(PlaylistError, "The playlist could not be saved before the change."):
            snapshot = self._snapshot()
            if snapshot is not None:
                take(snapshot, attempt.before)
                self._promise(snapshot, attempt)

    def _promise(self, snapshot: PlaylistSnapshot, attempt: Attempt) -> None:
        snapshot.write_target = attempt.digest
        snapshot.write_facts = {**self._facts, "method": attempt.plan.method}

    def applied(self, result: WriteResult) -> None:
        """Settle the snapshot, the activity row and retention in one commit."""
        if not self._record(result.playlist, result, WriteState.APPLIED):
            raise PlaylistRecordError

    def void(self) -> None:
        """Mark the snapshot as that of a write that changed nothing in the end."""
        if self.snapshot_id is None:
            return
        try:
            with one_commit(PlaylistError, _FAILURE):
                snapshot = self._snapshot()
                if snapshot is not None:
                    snapshot.write_state = WriteState.VOID
        except PlaylistError:
            # The write's own error is what the user has to hear; recovery settles the snapshot.
            logger.exception("Snapshot %s stays pending.", self.snapshot_id)

    def interrupted(self, failure: WriteFailedError) -> None:
        """Record that the list stands neither as before nor as intended.

        What it held before is the only way back, so a snapshot that was spared is kept now.
        """
        if self.snapshot_id is None and self._spared is not None:
            try:
                self._keep(self._spared)
            except PlaylistError:
                # The write's own error is what the user has to hear; it promises no snapshot.
                logger.exception("The order of %s before the write is lost.", failure.before.id)
        self._record(failure.found or failure.before, None, WriteState.INTERRUPTED)

    def _record(
        self, playlist: Playlist, result: WriteResult | None, outcome: WriteState
    ) -> bool:
        row = self._row(playlist, self._account(playlist, result, outcome))
        try:
            with one_commit(PlaylistError, _FAILURE):
                snapshot = self._snapshot()
                if snapshot is not None:
                    snapshot.write_state = outcome
                if result is not None:
                    self._settle(result)
                if row is not None:
                    ActivityLogService.log(**row)
                if result is not None:
                    prune(self.user_id, playlist.id, self._under_way())
        except PlaylistError as error:
            # Spotify did it whatever became of our commit, so the row must not be lost with it.
            logger.exception("A write to %s is %s, unrecorded.", playlist.id, outcome)
            if row is not None:
                ActivityLogService.hand_over(**row, error=error)
            return False
        return True

    def _row(self, playlist: Playlist, entry: Entry | None) -> dict[str, Any] | None:
        if entry is None:
            return None
        return {
            "user_id": self.user_id,
            "activity_type": entry.activity_type,
            "description": entry.description,
            "playlist_id": playlist.id,
            "playlist_name": playlist.name,
            "metadata": {**entry.metadata, "snapshot_id": self.snapshot_id},
            "event_id": event_id(self.snapshot_id, entry.activity_type),
        }

    def _snapshot(self) -> PlaylistSnapshot | None:
        if self.snapshot_id is None:
            return None
        return db.session.get(PlaylistSnapshot, self.snapshot_id)

    def _under_way(self) -> Collection[int]:
        return {taken for taken in (self.snapshot_id, self._restores()) if taken is not None}
