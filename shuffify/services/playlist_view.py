"""Playlists as they are answered: Spotify's facts beside what the user may do with them."""

from dataclasses import dataclass

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
