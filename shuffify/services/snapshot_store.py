"""Snapshots as rows: which are steps of undo, which may go, and how one is made."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import defer

from shuffify.audit import bind
from shuffify.enums import SnapshotType, WriteState
from shuffify.extensions import db
from shuffify.models.playlist_snapshot import PlaylistSnapshot
from shuffify.models.user import UserSettings
from shuffify.services.fields import storable
from shuffify.spotify.tracks import Playlist

RETENTION = "retention"
"""Reason and source of what retention removes."""

DEFAULT_KEEP = 10

_UNSETTLED = (WriteState.PENDING, WriteState.INTERRUPTED)


def new_snapshot(
    user_id: int, playlist: Playlist, snapshot_type: SnapshotType
) -> PlaylistSnapshot:
    """Make a snapshot of a playlist as it was read; it is not added to the session."""
    snapshot = PlaylistSnapshot(
        user_id=user_id, playlist_id=playlist.id, snapshot_type=snapshot_type
    )
    take(snapshot, playlist)
    return snapshot


def take(snapshot: PlaylistSnapshot, playlist: Playlist) -> None:
    """Put the rows of a playlist into a snapshot; null rows stay, so positions survive."""
    snapshot.playlist_name = storable(playlist.name)
    snapshot.track_uris = [*playlist.uris]
    snapshot.track_count = len(playlist.tracks)


def undo_steps(user_id: int, playlist_id: str) -> int:
    """Count the changes of a playlist that the user can undo."""
    return undo_steps_by_playlist(user_id, playlist_id).get(playlist_id, 0)


def undo_steps_by_playlist(user_id: int, playlist_id: str | None = None) -> dict[str, int]:
    """Count the changes that the user can undo, for each playlist that has some."""
    query = (
        select(PlaylistSnapshot.playlist_id, func.count())
        .where(PlaylistSnapshot.user_id == user_id, *_is_step())
        .group_by(PlaylistSnapshot.playlist_id)
    )
    if playlist_id is not None:
        query = query.where(PlaylistSnapshot.playlist_id == playlist_id)
    return {found: count for found, count in db.session.execute(query)}


def newest_step(user_id: int, playlist_id: str) -> PlaylistSnapshot | None:
    """Return the snapshot that the next undo goes back to."""
    return db.session.scalar(
        select(PlaylistSnapshot)
        .where(
            PlaylistSnapshot.user_id == user_id,
            PlaylistSnapshot.playlist_id == playlist_id,
            *_is_step(),
        )
        .order_by(PlaylistSnapshot.created_at.desc(), PlaylistSnapshot.id.desc())
        .limit(1)
    )


def unsettled(user_id: int) -> list[PlaylistSnapshot]:
    """Return the snapshots that interrupted writes left to be restored, the newest first.

    A later write does not settle one: it works on what the interrupted write left standing.
    """
    return [
        *db.session.scalars(
            select(PlaylistSnapshot)
            .where(
                PlaylistSnapshot.user_id == user_id,
                PlaylistSnapshot.write_state == WriteState.INTERRUPTED,
                PlaylistSnapshot.restored_at.is_(None),
            )
            .order_by(PlaylistSnapshot.id.desc())
            .options(defer(PlaylistSnapshot.track_uris))
        )
    ]


def prune(user_id: int, playlist_id: str, spare: Collection[int] = ()) -> int:
    """Delete the automatic snapshots that retention does not keep and count them.

    Those that are no step of undo go first, then the oldest; never one whose write is not
    settled, nor the ids in `spare`. Flushes; does not commit.
    """
    # What is pending now is somebody's act: it must not be flushed as an act of retention.
    db.session.flush()
    settled = _settled(user_id, playlist_id)
    excess = len(settled) - _keep(user_id)
    if excess <= 0:
        return 0
    settled.sort(key=lambda snapshot: (_is_worth_undoing(snapshot), snapshot.created_at))
    doomed = [snapshot for snapshot in settled if snapshot.id not in spare][:excess]
    with bind(reason=RETENTION, source=RETENTION):
        for snapshot in doomed:
            db.session.delete(snapshot)
        db.session.flush()
    return len(doomed)


def _settled(user_id: int, playlist_id: str) -> list[PlaylistSnapshot]:
    return [
        *db.session.scalars(
            select(PlaylistSnapshot)
            .where(
                PlaylistSnapshot.user_id == user_id,
                PlaylistSnapshot.playlist_id == playlist_id,
                PlaylistSnapshot.snapshot_type != SnapshotType.MANUAL,
                PlaylistSnapshot.write_state.not_in(_UNSETTLED),
            )
            .order_by(PlaylistSnapshot.id)
        )
    ]


def _keep(user_id: int) -> int:
    kept = select(UserSettings.max_snapshots_per_playlist).where(UserSettings.user_id == user_id)
    return db.session.scalar(kept) or DEFAULT_KEEP


def _is_step() -> Sequence[ColumnElement[bool]]:
    return (
        PlaylistSnapshot.snapshot_type != SnapshotType.MANUAL,
        PlaylistSnapshot.write_state == WriteState.APPLIED,
        PlaylistSnapshot.undone_at.is_(None),
    )


def _is_worth_undoing(snapshot: PlaylistSnapshot) -> bool:
    return snapshot.write_state == WriteState.APPLIED and snapshot.undone_at is None
