"""Playlists as Spotify has them, with what is ours beside them."""

from dataclasses import dataclass

from shuffify.services.errors import PlaylistError
from shuffify.services.snapshot_store import undo_steps_by_playlist
from shuffify.services.spotify_access import spotify_access
from shuffify.services.transaction import end_reads, reading
from shuffify.spotify.tracks import Playlist, PlaylistSummary


@dataclass(frozen=True, slots=True)
class PlaylistCard:
    """A playlist on the dashboard."""

    summary: PlaylistSummary
    is_owner: bool
    undo_steps: int

    def to_dict(self) -> dict[str, object]:
        """Serialise for JSON answers; only editable playlists become cards."""
        return {
            "id": self.summary.id,
            "name": self.summary.name,
            "track_count": self.summary.track_count,
            "image_url": self.summary.image_url,
            "url": self.summary.url,
            "editable": True,
            "collaborative": self.summary.collaborative,
            "is_owner": self.is_owner,
            "undo_steps": self.undo_steps,
        }


@dataclass(frozen=True, slots=True)
class PlaylistView:
    """A playlist with its rows, as one user may see it."""

    playlist: Playlist
    editable: bool
    is_owner: bool

    @classmethod
    def of(cls, playlist: Playlist, spotify_id: str) -> "PlaylistView":
        """Say what this Spotify user may do with the playlist."""
        return cls(
            playlist,
            editable=playlist.editable_by(spotify_id),
            is_owner=playlist.owned_by(spotify_id),
        )

    def to_dict(self) -> dict[str, object]:
        """Serialise for JSON answers."""
        playlist = self.playlist
        return {
            "id": playlist.id,
            "name": playlist.name,
            "description": playlist.description,
            "owner": {"id": playlist.owner_id, "display_name": playlist.owner_name},
            "is_owner": self.is_owner,
            "editable": self.editable,
            "collaborative": playlist.collaborative,
            "public": playlist.public,
            "snapshot_id": playlist.snapshot_id,
            "track_count": len(playlist.tracks),
            "image_url": playlist.image_url,
            "url": playlist.url,
            "tracks": [track.to_dict() for track in playlist.tracks],
        }


class PlaylistService:
    """Reads playlists for a user."""

    @staticmethod
    def list_playlists(user_id: int, *, fresh: bool = False) -> list[PlaylistCard]:
        """Return the playlists that the user owns or may edit, in Spotify's order.

        Up to a minute old unless `fresh`. Raises ReconnectRequired and Spotify's errors.
        """
        with spotify_access(user_id) as access:
            summaries = access.gateway.playlists(fresh=fresh)
        with reading(PlaylistError, "The steps of undo could not be read."):
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
    def get_playlist(user_id: int, playlist_id: str) -> PlaylistView:
        """Return a playlist with every row, freshly read.

        Raises PlaylistNotFoundError, PlaylistAccessError, ReconnectRequired, Spotify's errors.
        """
        with spotify_access(user_id) as access:
            return PlaylistView.of(access.gateway.playlist(playlist_id), access.spotify_id)
