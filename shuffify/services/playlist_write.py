"""The one way in which a use case changes a playlist at Spotify."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shuffify.extensions import db
from shuffify.services.playlist_view import PlaylistView
from shuffify.services.spotify_access import Limits, Progress, spotify_access, translated
from shuffify.services.write_journal import SnapshotJournal
from shuffify.spotify.locks import playlist_lock
from shuffify.spotify.tracks import Playlist, Uri
from shuffify.spotify.writes import WriteResult, write_playlist

Compute = Callable[[Playlist], Sequence[Uri]]
"""Makes the target from the list as it stands; may be asked twice."""


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write, and the list as the user may see it.

    `undoable` tells whether the write left a step of its own: a short one need not.
    """

    result: WriteResult
    view: PlaylistView
    undoable: bool


def write(
    user_id: int,
    playlist_id: str,
    compute: Compute,
    *,
    journal: SnapshotJournal,
    limits: Limits,
    progress: Progress | None = None,
    base_snapshot_id: str | None = None,
    accept_loss: bool = False,
    leave_out_unknown: bool = False,
) -> Written:
    """Bring a playlist to the computed order, or leave it as it was.

    The journal commits. Raises the errors of PlaylistService, ReconnectRequired and
    Spotify's errors.
    """
    with spotify_access(user_id, limits) as access, translated(lambda: journal.snapshot_id):
        result = write_playlist(
            access.gateway,
            playlist_id,
            user_id=access.spotify_id,
            compute=compute,
            journal=journal,
            lock=playlist_lock(db.engine, playlist_id, wait=limits.lock_wait),
            base_snapshot_id=base_snapshot_id,
            call_limit=limits.calls,
            accept_loss=accept_loss,
            leave_out_unknown=leave_out_unknown,
            progress=progress or _unwatched,
        )
        view = PlaylistView.of(result.playlist, access.spotify_id)
        undoable = result.changed and journal.snapshot_id is not None
        return Written(result, view, undoable)


def _unwatched(done: int, total: int) -> None:
    """Nobody waits for the progress."""
