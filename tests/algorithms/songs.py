"""Songs for the algorithms' tests, and a strategy that draws lists of them."""

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Song:
    uri: str
    first_artist: str | None = None
    album_name: str | None = None


def songs_by(artists: str) -> list[Song]:
    """One song for each letter, by the artist of that letter."""
    return [Song(f"{artist}{index}", first_artist=artist) for index, artist in enumerate(artists)]


def numbered(count: int) -> list[Song]:
    return [Song(f"song-{index}") for index in range(count)]


names = st.none() | st.sampled_from(["", "Ana", "Björk", "Céu", "Dvořák"])
songs = st.builds(Song, st.sampled_from([f"uri-{n}" for n in range(6)]), names, names)
playlists = st.lists(songs, max_size=40)
seeds = st.integers(0, 2**53 - 1)
