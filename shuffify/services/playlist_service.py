"""Playlists as Spotify has them, with what is ours beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from shuffify.enums import SnapshotType, WriteState
from shuffify.models.base import utcnow
from shuffify.services.errors import (
    CommitValidationError,
    PlaylistError,
    PlaylistSearchError,
)
from shuffify.services.playlist_search import (
    LIMIT,
    ExternalList,
    FoundPlaylist,
    checked_query,
    find_playlists,
    open_playlist,
    playlist_id_of,
)
from shuffify.services.playlist_view import PlaylistCard, PlaylistView
from shuffify.services.playlist_write import write
from shuffify.services.recovery import recover_all
from shuffify.services.snapshot_store import undo_steps, undo_steps_by_playlist
from shuffify.services.spotify_access import REQUEST, Limits, Progress, spotify_access
from shuffify.services.transaction import end_reads, reading
from shuffify.services.user_settings_service import UserSettingsService
from shuffify.services.write_entry import Ending, Entry, commit_entry
from shuffify.services.write_journal import SnapshotJournal
from shuffify.spotify.errors import UnknownItemsError
from shuffify.spotify.sequences import Diff, keep_null_rows
from shuffify.spotify.tracks import Playlist, Rows, Track
from shuffify.spotify.writes import WriteResult

_NO_STEPS = "The steps of undo could not be read."


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What a workshop commit did; not `changed` means that the list stood that way already.

    `kept_added` holds the rows that others added while it was written.
    """

    playlist: PlaylistView
    changed: bool
    diff: Diff
    undo_steps: int
    undoable: bool
    kept_added: Rows


class PlaylistService:
    """Reads playlists for a user, and writes them as the workshop left them."""

    @staticmethod
    def list_playlists(user_id: int, *, fresh: bool = False) -> list[PlaylistCard]:
        """Return the playlists that the user owns or may edit, in Spotify's order.

        Up to a minute old unless `fresh`. Raises ReconnectRequired and Spotify's errors.
        """
        with spotify_access(user_id) as access:
            summaries = access.gateway.playlists(fresh=fresh)
        with reading(PlaylistError, _NO_STEPS):
            steps = undo_steps_by_playlist(user_id)
            end_reads()
        return [
            PlaylistCard(
                summary,
                is_owner=summary.owned_by(access.spotify_id),
                undo_steps=steps.get(summary.id, 0),
            )
            for summary in summaries
            if summary.editable_by(access.spotify_id)
        ]

    @staticmethod
    def get_card(user_id: int, playlist_id: str) -> PlaylistCard:
        """Return a playlist that the user may change, without its rows, freshly read.

        Raises PlaylistNotFoundError, PlaylistAccessError, ReconnectRequired, Spotify's errors.
        """
        with spotify_access(user_id) as access:
            summary = access.editable(playlist_id)
        with reading(PlaylistError, _NO_STEPS):
            steps = undo_steps(user_id, playlist_id)
            end_reads()
        return PlaylistCard(
            summary, is_owner=summary.owned_by(access.spotify_id), undo_steps=steps
        )

    @staticmethod
    def get_playlist(user_id: int, playlist_id: str) -> PlaylistView:
        """Return a playlist with every row, freshly read; settles writes that died before.

        Raises PlaylistNotFoundError, PlaylistAccessError, ReconnectRequired, Spotify's errors.
        """
        recover_all(utcnow(), playlist_id)
        with spotify_access(user_id) as access:
            return PlaylistView.of(access.gateway.playlist(playlist_id), access.spotify_id)

    @staticmethod
    def search(
        user_id: int, query: str, *, limit: int = LIMIT, offset: int = 0
    ) -> list[Track]:
        """Search Spotify's catalogue for tracks, 10 at most.

        Raises PlaylistSearchError, ReconnectRequired and Spotify's errors.
        """
        words = checked_query(query)
        with spotify_access(user_id) as access:
            return [*access.gateway.search_tracks(words, limit=limit, offset=offset)]

    @staticmethod
    def search_playlists(user_id: int, query: str) -> list[FoundPlaylist]:
        """Search for playlists of anybody's, 10 at most; raises what `search` raises."""
        words = checked_query(query)
        with spotify_access(user_id) as access:
            return [*find_playlists(access, words)]

    @staticmethod
    def load_external(
        user_id: int, *, url: str | None = None, query: str | None = None
    ) -> ExternalList:
        """Open the playlist of a link, or search for playlists; exactly one of both is given.

        Raises PlaylistSearchError, PlaylistNotFoundError, ReconnectRequired, Spotify's errors.
        """
        if (url is None) == (query is None):
            raise PlaylistSearchError([("url", "give exactly one of url and query")])
        if query is not None:
            return ExternalList(
                "search", playlists=(*PlaylistService.search_playlists(user_id, query),)
            )
        playlist_id = playlist_id_of(url or "")
        with spotify_access(user_id) as access:
            return open_playlist(access, playlist_id)

    @staticmethod
    def commit(
        user_id: int,
        playlist_id: str,
        track_uris: Sequence[str],
        base_snapshot_id: str,
        *,
        limits: Limits = REQUEST,
        progress: Progress | None = None,
    ) -> CommitResult:
        """Make these the rows of a playlist that still is at `base_snapshot_id`; log it.

        Null rows, which have no address, keep their places. Commits the snapshot before the
        write and its outcome after it. Raises CommitValidationError for rows that Spotify does
        not know, PlaylistNotFoundError, PlaylistAccessError, PlaylistChangedError,
        PlaylistWriteError, ReconnectRequired and Spotify's errors.
        """
        settings = UserSettingsService.get_or_create(user_id)
        journal = SnapshotJournal(
            user_id,
            SnapshotType.AUTO_PRE_COMMIT,
            account=_commit_entry,
            spare_short_writes=not settings.auto_snapshot_enabled,
        )
        try:
            written = write(
                user_id,
                playlist_id,
                lambda fresh: keep_null_rows(fresh.uris, track_uris),
                journal=journal,
                limits=limits,
                progress=progress,
                base_snapshot_id=base_snapshot_id,
            )
        except UnknownItemsError as error:
            remedy = "Leave it out and commit again; the playlist is as it was."
            raise CommitValidationError([("track_uris", f"{error} {remedy}")]) from error
        with reading(PlaylistError, _NO_STEPS):
            steps = undo_steps(user_id, playlist_id)
            end_reads()
        return CommitResult(
            playlist=written.view,
            changed=written.result.changed,
            diff=written.result.diff,
            undo_steps=steps,
            undoable=written.undoable,
            kept_added=written.result.kept_added,
        )


def _commit_entry(playlist: Playlist, result: WriteResult | None, outcome: WriteState) -> Entry:
    return commit_entry(playlist.name, Ending.of(playlist, result, outcome))
