"""Snapshots: our copies of a playlist's order, taken by hand or before a write."""

import builtins
from datetime import datetime
import logging

from sqlalchemy import func, select

from shuffify.enums import SnapshotType
from shuffify.errors import SpotifyError
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.services import snapshot_store
from shuffify.services.fields import text_problem
from shuffify.services.errors import (
    PlaylistAccessError,
    PlaylistNotFoundError,
    PlaylistSnapshotError,
    PlaylistSnapshotLimitError,
    PlaylistSnapshotNotFoundError,
    PlaylistSnapshotValidationError,
    ReconnectRequired,
)
from shuffify.services.going_back import restore_exactly, undo_last
from shuffify.services.recovery import recover_all
from shuffify.services.spotify_access import GOING_BACK, Limits, Progress, spotify_access
from shuffify.services.transaction import lock_user, one_commit, reading
from shuffify.services.undo import RestoreResult, SnapshotDiff, UndoResult

logger = logging.getLogger(__name__)

LIMIT = 50
"""Snapshots of one playlist that a user may take by hand."""

_UNREADABLE = "The snapshots could not be read."


class PlaylistSnapshotService:
    """Takes, lists and deletes snapshots."""

    @staticmethod
    def create_snapshot(
        user_id: int, playlist_id: str, *, trigger_description: str | None = None
    ) -> PlaylistSnapshot:
        """Take a snapshot of the list as Spotify has it now. Commits.

        Raises PlaylistSnapshotValidationError, PlaylistSnapshotLimitError,
        PlaylistNotFoundError, PlaylistAccessError, ReconnectRequired, Spotify's errors.
        """
        why = (trigger_description or "").strip() or None
        problem = why and text_problem(why, 500)
        if problem:
            raise PlaylistSnapshotValidationError([("trigger_description", problem)])
        with spotify_access(user_id) as access:
            fresh = access.gateway.playlist(playlist_id)
        with one_commit(PlaylistSnapshotError, "The snapshot could not be saved."):
            lock_user(user_id)
            if _count_manual(user_id, playlist_id) >= LIMIT:
                raise PlaylistSnapshotLimitError(LIMIT)
            snapshot = snapshot_store.new_snapshot(user_id, fresh, SnapshotType.MANUAL)
            snapshot.trigger_description = why
            db.session.add(snapshot)
        return snapshot

    @staticmethod
    def list(
        user_id: int, playlist_id: str, *, limit: int = 20
    ) -> builtins.list[PlaylistSnapshot]:
        """Return the user's latest snapshots of a playlist, newest first."""
        with reading(PlaylistSnapshotError, _UNREADABLE):
            return [
                *db.session.scalars(
                    select(PlaylistSnapshot)
                    .where(
                        PlaylistSnapshot.user_id == user_id,
                        PlaylistSnapshot.playlist_id == playlist_id,
                    )
                    .order_by(PlaylistSnapshot.created_at.desc(), PlaylistSnapshot.id.desc())
                    .limit(limit)
                )
            ]

    @staticmethod
    def list_interrupted(user_id: int) -> builtins.list[PlaylistSnapshot]:
        """Return the snapshots of writes that ended half-way and were not put back since.

        Without their rows, the newest first.
        """
        with reading(PlaylistSnapshotError, _UNREADABLE):
            return snapshot_store.unsettled(user_id)

    @staticmethod
    def get(user_id: int, snapshot_id: int) -> PlaylistSnapshot:
        """Return a snapshot; raise PlaylistSnapshotNotFoundError."""
        with reading(PlaylistSnapshotError, _UNREADABLE):
            return _owned(user_id, snapshot_id)

    @staticmethod
    def delete_snapshot(user_id: int, snapshot_id: int) -> None:
        """Delete a snapshot. Commits. Raises PlaylistSnapshotNotFoundError."""
        with one_commit(PlaylistSnapshotError, "The snapshot could not be deleted."):
            db.session.delete(_owned(user_id, snapshot_id))

    @staticmethod
    def diff(user_id: int, snapshot_id: int) -> SnapshotDiff | None:
        """Tell what a restore would do to the list as it stands; None where nobody can tell.

        What is stored stays readable while Spotify is away, the account has to be reconnected,
        or the list is gone. Raises PlaylistSnapshotNotFoundError.
        """
        snapshot = PlaylistSnapshotService.get(user_id, snapshot_id)
        playlist_id, uris = snapshot.playlist_id, snapshot.track_uris
        try:
            with spotify_access(user_id) as access:
                fresh = access.gateway.playlist(playlist_id)
        except (
            SpotifyError, ReconnectRequired, PlaylistNotFoundError, PlaylistAccessError
        ) as why:
            logger.warning("No comparison with snapshot %s: %s", snapshot_id, why)
            return None
        return SnapshotDiff.between(fresh.uris, uris, standing=fresh.tracks)

    @staticmethod
    def undo(
        user_id: int,
        playlist_id: str,
        *,
        limits: Limits = GOING_BACK,
        progress: Progress | None = None,
    ) -> UndoResult:
        """Take back the user's last change of a playlist; what others added since stays.

        Commits as every write does. Raises NothingToUndoError, the errors of
        PlaylistService, ReconnectRequired and Spotify's errors.
        """
        return undo_last(user_id, playlist_id, limits, progress)

    @staticmethod
    def restore(
        user_id: int,
        snapshot_id: int,
        *,
        accept_local_loss: bool = False,
        accept_unknown_loss: bool = False,
        limits: Limits = GOING_BACK,
        progress: Progress | None = None,
    ) -> RestoreResult:
        """Bring a playlist back to exactly what a snapshot holds.

        Commits as every write does. Raises PlaylistSnapshotNotFoundError, UnwritableRowsError
        unless `accept_local_loss`, UnknownRowsError unless `accept_unknown_loss` (then what
        Spotify does not know any more is left out), the errors of PlaylistService,
        ReconnectRequired and Spotify's errors.
        """
        snapshot = PlaylistSnapshotService.get(user_id, snapshot_id)
        return restore_exactly(
            snapshot,
            accept_loss=accept_local_loss,
            accept_unknown_loss=accept_unknown_loss,
            limits=limits,
            progress=progress,
        )

    @staticmethod
    def undo_steps(user_id: int, playlist_id: str) -> int:
        """Count the changes of a playlist that the user can undo."""
        with reading(PlaylistSnapshotError, _UNREADABLE):
            return snapshot_store.undo_steps(user_id, playlist_id)

    @staticmethod
    def is_undoable(user_id: int, playlist_id: str, since: datetime) -> bool:
        """Tell whether the next undo takes back a change that was made since a moment."""
        with reading(PlaylistSnapshotError, _UNREADABLE):
            step = snapshot_store.newest_step(user_id, playlist_id)
            return step is not None and step.created_at >= since

    @staticmethod
    def recover(now: datetime | None = None) -> int:
        """Settle the writes that died on the way, and count them. Commits for each.

        Takes those that are pending for two minutes and whose playlist nobody is writing.
        """
        return recover_all(now or utcnow())

    @staticmethod
    def prune(user_id: int, playlist_id: str) -> int:
        """Delete the automatic snapshots that retention does not keep; count them. Commits."""
        with one_commit(PlaylistSnapshotError, "Old snapshots could not be removed."):
            return snapshot_store.prune(user_id, playlist_id)


def _owned(user_id: int, snapshot_id: int) -> PlaylistSnapshot:
    snapshot = db.session.get(PlaylistSnapshot, snapshot_id)
    if snapshot is None or snapshot.user_id != user_id:
        raise PlaylistSnapshotNotFoundError
    return snapshot


def _count_manual(user_id: int, playlist_id: str) -> int:
    query = select(func.count()).where(
        PlaylistSnapshot.user_id == user_id,
        PlaylistSnapshot.playlist_id == playlist_id,
        PlaylistSnapshot.snapshot_type == SnapshotType.MANUAL,
    )
    return db.session.scalar(query) or 0
