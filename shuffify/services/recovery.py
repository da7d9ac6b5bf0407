"""Settles the writes that a process left open when it died."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
import logging
from uuid import uuid4

from sqlalchemy import select

from shuffify.audit import AuditContext, bind
from shuffify.enums import SnapshotType, WriteState
from shuffify.errors import ShuffifyError
from shuffify.extensions import db
from shuffify.models.activity_log import ActivityLog
from shuffify.models.base import utcnow
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.services.activity_log_service import ActivityLogService
from shuffify.services.errors import (
    PlaylistAccessError,
    PlaylistNotFoundError,
    PlaylistSnapshotError,
)
from shuffify.services.pending_write import PendingWrite, Verdict, find_pending
from shuffify.services.snapshot_store import prune
from shuffify.services.spotify_access import GOING_BACK, Access, spotify_access
from shuffify.services.transaction import end_reads, one_commit, reading
from shuffify.services.write_entry import Ending, Entry, commit_entry, shuffle_entry
from shuffify.services.write_journal import event_id
from shuffify.spotify.errors import LockBusyError, UnwritableRowsError, WriteFailedError
from shuffify.spotify.locks import playlist_lock
from shuffify.spotify.sequences import diff
from shuffify.spotify.tracks import Uri
from shuffify.spotify.writes import Attempt, WriteResult, write_playlist

logger = logging.getLogger(__name__)

REASON = "recovery"

_FAILURE = "The outcome of a write could not be recorded."


def recover_all(now: datetime, playlist_id: str | None = None) -> int:
    """Settle what can be settled, each in a commit of its own, and count it."""
    with reading(PlaylistSnapshotError, "The open writes could not be read."):
        found = find_pending(now, playlist_id)
        end_reads()
    return sum(_recover(snapshot_id, playlist_id) for snapshot_id, playlist_id in found)


def _acting_as_recovery() -> AbstractContextManager[AuditContext]:
    # One cause each: nothing of the visitor who happened to open the list belongs to it.
    return bind(
        kind="system",
        label=REASON,
        source="scheduler",
        reason=REASON,
        request_id=str(uuid4()),
        remote_addr=None,
        user_agent=None,
    )


def _recover(snapshot_id: int, playlist_id: str) -> bool:
    """Say whether the write is settled now."""
    try:
        with _acting_as_recovery(), playlist_lock(db.engine, playlist_id, wait=0):
            return _settle(snapshot_id)
    except LockBusyError:
        return False
    except ShuffifyError as error:
        # Whatever is in the way (no connection, no consent) may be gone the next time.
        logger.warning("The write of snapshot %s stays open: %s", snapshot_id, error)
        return False


def _settle(snapshot_id: int) -> bool:
    with reading(PlaylistSnapshotError, "The snapshot could not be read."):
        write = PendingWrite.read(snapshot_id)
        end_reads()
    if write is None:
        return False
    if write.after is not None:
        _record(write, write.verdict(write.after), write.after)
        return True
    try:
        with spotify_access(write.user_id) as access:
            found = access.gateway.playlist(write.playlist_id).uris
            verdict = write.verdict(found)
            if verdict is Verdict.CUT_SHORT:
                return _put_back(write, access)
    except (PlaylistNotFoundError, PlaylistAccessError, UnwritableRowsError):
        # It is gone, or cannot be written back: nobody will ever know more than now.
        verdict, found = Verdict.INTERRUPTED, ()
    _record(write, verdict, found)
    return True


def _put_back(write: PendingWrite, access: Access) -> bool:
    outcome = _PutBack(write)
    write_playlist(
        access.gateway,
        write.playlist_id,
        user_id=access.spotify_id,
        compute=lambda fresh: write.before,
        journal=outcome,
        lock=nullcontext(),
        call_limit=GOING_BACK.calls,
    )
    return outcome.settled


class _PutBack:
    """Keeps book about bringing a list back to its snapshot, which needs no second one."""

    def __init__(self, write: PendingWrite) -> None:
        self._write = write
        self.settled = False

    def pending(self, attempt: Attempt) -> None:
        """The snapshot of the write that died serves this one too."""

    def refreshed(self, attempt: Attempt) -> None:
        """The target is the snapshot, whatever the list has become."""

    def applied(self, result: WriteResult) -> None:
        """Note that the list is as it was; the trail derives its row from this."""
        with one_commit(PlaylistSnapshotError, _FAILURE):
            snapshot = db.session.get_one(PlaylistSnapshot, self._write.snapshot_id)
            snapshot.write_state = WriteState.VOID
            snapshot.restored_at = utcnow()
        self.settled = True

    def void(self) -> None:
        """Nothing was put back: the next recovery tries again."""

    def interrupted(self, failure: WriteFailedError) -> None:
        """Note that the list stands elsewhere now."""
        _record(self._write, Verdict.INTERRUPTED, failure.found.uris if failure.found else ())
        self.settled = True


def _record(write: PendingWrite, verdict: Verdict, found: Sequence[Uri]) -> None:
    """Settle the snapshot, and write the row that the dead process owed. Commits."""
    with one_commit(PlaylistSnapshotError, _FAILURE):
        snapshot = db.session.get_one(PlaylistSnapshot, write.snapshot_id)
        snapshot.write_state = WriteState[verdict.name]
        if verdict is Verdict.APPLIED:
            _restore_owed(snapshot)
        if verdict in (Verdict.APPLIED, Verdict.INTERRUPTED):
            _log_owed(snapshot, found)
        if verdict is Verdict.APPLIED:
            prune(write.user_id, write.playlist_id, {write.snapshot_id})


def _restore_owed(snapshot: PlaylistSnapshot) -> None:
    """Note an undo or restore on the snapshot that it went back to."""
    if snapshot.restores_id is None:
        return
    source = db.session.get(PlaylistSnapshot, snapshot.restores_id)
    if source is None:
        return
    source.restored_at = utcnow()
    # The snapshot that an undo takes for itself is born undone.
    if snapshot.undone_at is not None:
        source.undone_at = source.restored_at


def _log_owed(snapshot: PlaylistSnapshot, found: Sequence[Uri]) -> None:
    entry = _owed(snapshot, found)
    if entry is None:
        return
    identity = event_id(snapshot.id, entry.activity_type)
    if db.session.scalar(select(ActivityLog.id).where(ActivityLog.event_id == identity)):
        return
    ActivityLogService.log(
        snapshot.user_id,
        entry.activity_type,
        entry.description,
        playlist_id=snapshot.playlist_id,
        playlist_name=snapshot.playlist_name,
        metadata={**entry.metadata, "snapshot_id": snapshot.id, "reason": REASON},
        event_id=identity,
    )


def _owed(snapshot: PlaylistSnapshot, found: Sequence[Uri]) -> Entry | None:
    """Return the row that the write would have left; None for those that leave none."""
    recipe = dict(snapshot.write_facts or {})
    method = recipe.pop("method", None)
    ending = Ending(WriteState(snapshot.write_state or ""), len(found))
    if ending.outcome is WriteState.APPLIED:
        ending = replace(ending, method=method, change=diff(snapshot.track_uris, found))
    match snapshot.snapshot_type:
        case SnapshotType.AUTO_PRE_SHUFFLE:
            return shuffle_entry(snapshot.playlist_name, recipe, ending)
        case SnapshotType.AUTO_PRE_COMMIT:
            return commit_entry(snapshot.playlist_name, ending)
    return None
