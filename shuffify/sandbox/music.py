"""What a playlist can hold: tracks, episodes and local files, as values."""

from dataclasses import dataclass
from urllib.parse import quote_plus, unquote_plus


@dataclass(frozen=True)
class Artist:
    id: str
    name: str

    @property
    def uri(self) -> str:
        return f"spotify:artist:{self.id}"


@dataclass(frozen=True)
class Album:
    id: str
    name: str
    artists: tuple[Artist, ...]
    release_date: str
    total_tracks: int
    has_cover: bool = True

    @property
    def uri(self) -> str:
        return f"spotify:album:{self.id}"


@dataclass(frozen=True)
class Track:
    id: str
    name: str
    album: Album
    artists: tuple[Artist, ...]
    duration_ms: int
    track_number: int
    isrc: str
    explicit: bool = False
    popularity: int = 0
    restriction: str | None = None
    relinked_to: str | None = None
    """Id of the track that Spotify hands out instead of this one in the user's market."""

    @property
    def uri(self) -> str:
        return f"spotify:track:{self.id}"


@dataclass(frozen=True)
class Show:
    id: str
    name: str
    publisher: str

    @property
    def uri(self) -> str:
        return f"spotify:show:{self.id}"


@dataclass(frozen=True)
class Episode:
    id: str
    name: str
    show: Show
    duration_ms: int
    release_date: str

    @property
    def uri(self) -> str:
        return f"spotify:episode:{self.id}"


@dataclass(frozen=True)
class LocalFile:
    artist: str
    album: str
    title: str
    seconds: int

    @property
    def uri(self) -> str:
        parts = (self.artist, self.album, self.title)
        return f"spotify:local:{':'.join(quote_plus(part) for part in parts)}:{self.seconds}"

    @classmethod
    def parse(cls, uri: str) -> "LocalFile | None":
        """Read a local file's URI; None for any other."""
        parts = uri.split(":")
        if parts[:2] != ["spotify", "local"] or len(parts) != 6 or not parts[5].isdigit():
            return None
        artist, album, title = (unquote_plus(part) for part in parts[2:5])
        return cls(artist, album, title, int(parts[5]))


Item = Track | Episode | LocalFile
