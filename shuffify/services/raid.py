"""Raids: rows of other playlists that a playlist does not hold yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shuffify.extensions import db
from shuffify.models.upstream_source import UpstreamSource
from shuffify.services.errors import JobExecutionError, SourcesUnreadableError
from shuffify.services.spotify_access import Limits, spotify_access
from shuffify.services.transaction import end_reads, reading
from shuffify.spotify.errors import NotFoundError, NotReadableError
from shuffify.spotify.gateway import Gateway
from shuffify.spotify.planner import ROW_LIMIT
from shuffify.spotify.tracks import Playlist, Track


@dataclass(frozen=True, slots=True)
class Loot:
    """What the sources hold, each URI once, in their order; notes name those passed over."""

    tracks: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()

    def missing_from(self, target: Playlist) -> tuple[Track, ...]:
        """Return the rows that the target does not hold, as many as it has room for."""
        return self._missing(target)[:self._room(target)]

    def notes_on(self, target: Playlist) -> tuple[str, ...]:
        """Say what was passed over, and what did not fit into the target."""
        left_out = len(self._missing(target)) - self._room(target)
        if left_out <= 0:
            return self.notes
        tracks = "1 track was" if left_out == 1 else f"{left_out:,} tracks were"
        return (*self.notes, f"{tracks} left out: a playlist holds {ROW_LIMIT:,} at most.")

    def _missing(self, target: Playlist) -> tuple[Track, ...]:
        held = set(target.uris)
        return tuple(track for track in self.tracks if track.uri not in held)

    def _room(self, target: Playlist) -> int:
        return max(0, ROW_LIMIT - len(target.tracks))


def gather(
    user_id: int, target_id: str, source_ids: Sequence[str], limits: Limits
) -> Loot:
    """Read the sources in order; pass over those that are gone or withheld.

    Raises SourcesUnreadableError when that is all of them, ReconnectRequired, Spotify's errors.
    """
    names = _names(user_id, target_id)
    found: dict[str, Track] = {}
    notes = []
    with spotify_access(user_id, limits) as access:
        for source_id in source_ids:
            name = names.get(source_id, source_id)
            try:
                tracks = _writable_rows(access.gateway, source_id)
            except NotFoundError:
                notes.append(f"'{name}' was passed over: Spotify does not know it any more.")
            except NotReadableError:
                notes.append(f"'{name}' was passed over: Spotify withholds its tracks.")
            else:
                for uri, track in tracks.items():
                    found.setdefault(uri, track)
    if len(notes) == len(source_ids):
        raise SourcesUnreadableError(notes)
    return Loot(tuple(found.values()), tuple(notes))


def _writable_rows(gateway: Gateway, source_id: str) -> dict[str, Track]:
    rows = gateway.playlist(source_id).tracks
    return {track.uri: track for track in rows if track.uri is not None and track.is_writable}


def _names(user_id: int, target_id: str) -> dict[str, str]:
    query = select(UpstreamSource.source_playlist_id, UpstreamSource.source_name).where(
        UpstreamSource.user_id == user_id, UpstreamSource.target_playlist_id == target_id
    )
    with reading(JobExecutionError, "The sources could not be read."):
        names = {source_id: name for source_id, name in db.session.execute(query)}
        end_reads()
    return names
