"""Undo and restore: writes that bring a playlist back to one of its snapshots."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from shuffify.audit import bind
from shuffify.enums import SnapshotType, WriteState
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.services.errors import (
    NothingToUndoError,
    PlaylistSnapshotError,
    UnknownRowsError,
)
from shuffify.services.playlist_write import write
from shuffify.services.snapshot_store import newest_step, undo_steps
from shuffify.services.spotify_access import Limits, Progress
from shuffify.services.transaction import end_reads, one_commit, reading
from shuffify.services.undo import RestoreResult, UndoOrder, UndoResult, undo_order
from shuffify.services.user_settings_service import UserSettingsService
from shuffify.services.write_journal import SnapshotJournal
from shuffify.spotify.errors import UnknownItemsError, UnwritableRowsError
from shuffify.spotify.losses import Loss
from shuffify.spotify.tracks import Playlist, Unwritable, Uri
from shuffify.spotify.writes import WriteResult

_UNREADABLE = "The snapshots could not be read."
_STANDS = "The order before the last change stands already; that step is done with."
_REMOVED = "What is left stands in that order already; that step is done with."

_TOO_LONG = (
    "Take the local files and removed tracks out of it in Spotify, into a playlist of their own "
    "where you want to keep them; then try again."
)


class _Step:
    """The step that one undo takes back, chosen once the playlist's lock is held."""

    def __init__(self, user_id: int, playlist_id: str) -> None:
        self._user_id = user_id
        self._playlist_id = playlist_id
        self._uris: list[Uri] = []
        self._id: int | None = None
        self.order = UndoOrder((), 0, 0)

    @property
    def id(self) -> int:
        """Return the chosen snapshot's id; raise NothingToUndoError before it is chosen."""
        if self._id is None:
            raise NothingToUndoError
        return self._id

    def target(self, fresh: Playlist) -> Sequence[Uri]:
        """Return what to write; the list may be read a second time, the step stays."""
        if self._id is None:
            self._choose()
        self.order = undo_order(fresh.uris, self._uris)
        return self.order.target

    def _choose(self) -> None:
        with reading(PlaylistSnapshotError, _UNREADABLE):
            step = newest_step(self._user_id, self._playlist_id)
            if step is None:
                end_reads()
                raise NothingToUndoError
            self._id, self._uris = step.id, step.track_uris
            end_reads()

    def settle(self, _: WriteResult) -> None:
        """Note that the step is taken back; the trail derives its row from this."""
        step = self._stored()
        step.undone_at = step.restored_at = utcnow()

    def skip(self) -> None:
        """Note that there was nothing to take back. Commits."""
        with one_commit(PlaylistSnapshotError, "The step could not be marked as undone."):
            self._stored().undone_at = utcnow()

    def _stored(self) -> PlaylistSnapshot:
        return db.session.get_one(PlaylistSnapshot, self.id)


def undo_last(
    user_id: int, playlist_id: str, limits: Limits, progress: Progress | None
) -> UndoResult:
    """Re-apply the order of the newest step to the list as it stands."""
    step = _Step(user_id, playlist_id)
    journal = _journal(
        user_id, born_undone=True, restores=lambda: step.id, settle=step.settle
    )
    with _advised():
        written = write(
            user_id, playlist_id, step.target, journal=journal, limits=limits, progress=progress
        )
    reason = None
    if not written.result.changed:
        step.skip()
        reason = _REMOVED if step.order.not_restored else _STANDS
    return UndoResult(
        playlist=written.view,
        changed=written.result.changed,
        reason=reason,
        kept_added=step.order.kept_added + len(written.result.kept_added),
        not_restored=step.order.not_restored,
        snapshot_id=step.id,
        undo_steps=_steps_left(user_id, playlist_id),
    )


def restore_exactly(
    snapshot: PlaylistSnapshot,
    *,
    accept_loss: bool,
    accept_unknown_loss: bool,
    limits: Limits,
    progress: Progress | None,
) -> RestoreResult:
    """Write the rows of a snapshot as they are, or all those that Spotify takes."""
    snapshot_id, user_id = snapshot.id, snapshot.user_id
    playlist_id, uris = snapshot.playlist_id, snapshot.track_uris

    def settle(result: WriteResult) -> None:
        with _saying_what_differs(result, uris):
            db.session.get_one(PlaylistSnapshot, snapshot_id).restored_at = utcnow()
            db.session.flush()

    journal = _journal(user_id, restores=lambda: snapshot_id, settle=settle)
    try:
        with _advised():
            written = write(
                user_id,
                playlist_id,
                lambda fresh: uris,
                journal=journal,
                limits=limits,
                progress=progress,
                accept_loss=accept_loss,
                leave_out_unknown=accept_unknown_loss,
            )
    except UnknownItemsError as error:
        raise UnknownRowsError(str(error), error.uris) from error
    if not written.result.changed:
        _settle_standing(snapshot_id)
    return RestoreResult(
        playlist=written.view,
        changed=written.result.changed,
        undo_steps=_steps_left(user_id, playlist_id),
        undoable=written.undoable,
        left_out=written.result.left_out,
        loss=Loss.between(written.result.before.uris, uris),
        kept_added=written.result.kept_added,
    )


@contextmanager
def _advised() -> Iterator[None]:
    """Say what helps where going back takes too many calls: its target is not to be chosen."""
    try:
        yield
    except UnwritableRowsError as error:
        if error.calls is None:
            raise
        found = Unwritable(error.local_files, error.null_rows)
        raise UnwritableRowsError(
            found, calls=error.calls, limit=error.limit, remedy=_TOO_LONG
        ) from error


def _saying_what_differs(
    result: WriteResult, wanted: Sequence[Uri]
) -> AbstractContextManager[object]:
    """Have the trail say how many rows do not stand as in the snapshot, and why."""
    loss = Loss.between(result.before.uris, wanted)
    reasons = "; ".join(
        f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'} {why}"
        for rows, why in (
            (result.left_out, "left out: unknown to Spotify by now"),
            (loss.missing, "missing: no app can add local files or removed tracks"),
            (loss.leaving, "gone for good: no app can add local files or removed tracks"),
            (loss.staying, "still there: no app can take out single ones"),
        )
        if rows
    )
    return bind(reason=reasons) if reasons else nullcontext()


def _settle_standing(snapshot_id: int) -> None:
    """Let go of an interrupted write whose list turns out to stand as before it. Commits.

    Nobody changed anything, so nothing of it is in the trail.
    """
    with one_commit(PlaylistSnapshotError, "The snapshot could not be settled."):
        snapshot = db.session.get(PlaylistSnapshot, snapshot_id)
        if snapshot is not None and snapshot.write_state == WriteState.INTERRUPTED:
            snapshot.write_state = WriteState.VOID


def _journal(user_id: int, **going_back: Any) -> SnapshotJournal:
    settings = UserSettingsService.get_or_create(user_id)
    return SnapshotJournal(
        user_id,
        SnapshotType.AUTO_PRE_RESTORE,
        spare_short_writes=not settings.auto_snapshot_enabled,
        **going_back,
    )


def _steps_left(user_id: int, playlist_id: str) -> int:
    with reading(PlaylistSnapshotError, _UNREADABLE):
        left = undo_steps(user_id, playlist_id)
        end_reads()
    return left
