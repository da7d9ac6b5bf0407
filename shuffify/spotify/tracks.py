"""Spotify's things as the rest of the app sees them: one frozen shape, whatever Spotify sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Uri: TypeAlias = str | None
"""The address of a row; None for content that Spotify removed and that keeps its place."""
Rows: TypeAlias = tuple[Uri, ...]


@dataclass(frozen=True, slots=True)
class Artist:
    """A name with a link, when there is one."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One row of a playlist: a track, an episode, a local file, or the place of lost content."""

    uri: Uri
    id: str | None = None
    name: str = ""
    type: Literal["track", "episode", "unavailable"] = "track"
    artists: tuple[Artist, ...] = ()
    album_name: str | None = None
    album_image_url: str | None = None
    duration_ms: int | None = None
    explicit: bool = False
    added_at: str | None = None
    added_by: str | None = None
    is_local: bool = False
    is_playable: bool = True
    url: str | None = None

    @classmethod
    def draft(
        cls,
        uri: str,
        *,
        name: str = "",
        artists: Sequence[str] = (),
        album_name: str | None = None,
    ) -> "Track":
        """Make a track of what a client said about it; nothing is looked up."""
        named = tuple(Artist(artist) for artist in artists)
        return cls(uri=uri, name=name, artists=named, album_name=album_name)

    @property
    def first_artist(self) -> str | None:
        return self.artists[0].name if self.artists else None

    @property
    def is_writable(self) -> bool:
        """Say whether the API could add this row back."""
        return self.uri is not None and not self.is_local

    def to_dict(self) -> dict[str, object]:
        """Serialise for JSON answers."""
        return {
            "uri": self.uri,
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "artists": [{"name": artist.name, "url": artist.url} for artist in self.artists],
            "album_name": self.album_name,
            "album_image_url": self.album_image_url,
            "duration_ms": self.duration_ms,
            "explicit": self.explicit,
            "added_at": self.added_at,
            "is_local": self.is_local,
            "is_playable": self.is_playable,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Unwritable:
    """How many rows the API cannot add back."""

    local_files: int
    null_rows: int

    def __bool__(self) -> bool:
        return bool(self.local_files or self.null_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistSummary:
    """A playlist without its rows; `track_count` is None where Spotify withholds the items."""

    id: str
    name: str
    description: str = ""
    owner_id: str
    owner_name: str
    collaborative: bool = False
    public: bool | None = None
    snapshot_id: str = ""
    track_count: int | None = None
    image_url: str | None = None
    url: str | None = None

    def owned_by(self, user_id: str) -> bool:
        """Say whether the playlist is this Spotify user's own."""
        return self.owner_id == user_id

    def editable_by(self, user_id: str) -> bool:
        """Say whether this Spotify user may change the playlist."""
        return self.collaborative or self.owned_by(user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist(PlaylistSummary):
    """A playlist with every row it has, in order."""

    tracks: tuple[Track, ...] = field(repr=False)

    @property
    def uris(self) -> tuple[Uri, ...]:
        return tuple(track.uri for track in self.tracks)

    @property
    def unwritable(self) -> Unwritable:
        """Count local files and null rows."""
        return Unwritable(
            local_files=sum(track.is_local for track in self.tracks),
            null_rows=sum(track.uri is None for track in self.tracks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who signed in."""

    id: str
    account_id: str | None = None
    display_name: str | None = None
    image_url: str | None = None
    uri: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Serialise in the shape of `GET /me`."""
        return {
            "id": self.id,
            "account_id": self.account_id,
            "display_name": self.display_name,
            "images": [{"url": self.image_url}] if self.image_url else [],
            "uri": self.uri,
        }
