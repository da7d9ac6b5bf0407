"""The invented music of the sandbox, the same at every start."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from .ids import stable_id
from .music import Album, Artist, Episode, Item, Show, Track

COLOURS = ("Amber", "Cobalt", "Copper", "Crimson", "Indigo", "Ivory", "Jade", "Ochre", "Saffron",
           "Scarlet", "Silver", "Teal", "Umber", "Violet", "Walnut")
THINGS = ("Anchors", "Bicycles", "Compass", "Ferries", "Gardens", "Harbour", "Kites", "Ladders",
          "Lanterns", "Meridian", "Orchard", "Pianos", "Rivers", "Satellites", "Staircase",
          "Telegraph", "Trains", "Umbrellas", "Weather", "Windows")
MOMENTS = ("After", "Before", "Behind", "Beyond", "Between", "During", "Inside", "Under",
           "Without")
NAMES_ELSEWHERE = ("فرقة النيل الأزرق", "夜明けの汽車", "Żółta Łódź", "Ночной трамвай", "밤의 정원")
ALBUMS_PER_ARTIST = 3
ARTISTS = 56


@dataclass(frozen=True)
class Catalogue:
    artists: Mapping[str, Artist]
    albums: Mapping[str, Album]
    tracks: Mapping[str, Track]
    shows: Mapping[str, Show]
    episodes: Mapping[str, Episode]
    album_tracks: Mapping[str, tuple[Track, ...]]

    def item(self, uri: str) -> Item | None:
        """Find a track or an episode by its URI."""
        kind, _, identifier = uri.removeprefix("spotify:").partition(":")
        if kind == "track":
            return self.tracks.get(identifier)
        return self.episodes.get(identifier) if kind == "episode" else None

    def knows(self, kind: str, identifier: str) -> bool:
        things: dict[str, Collection[str]] = {
            "track": self.tracks, "album": self.albums, "artist": self.artists,
            "show": self.shows, "episode": self.episodes}
        return identifier in things[kind]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Make the catalogue, once per process: it never changes."""
    rng = random.Random(20261123)
    artists = _artists(rng)
    album_tracks: dict[str, tuple[Track, ...]] = {}
    albums: dict[str, Album] = {}
    tracks: dict[str, Track] = {}
    for artist in artists:
        for number in range(ALBUMS_PER_ARTIST):
            album = _album(rng, artist, number)
            songs = tuple(_track(rng, album, artists, position)
                          for position in range(1, album.total_tracks + 1))
            albums[album.id], album_tracks[album.id] = album, songs
            tracks.update((song.id, song) for song in songs)
    _set_exceptions(tracks)
    shows = tuple(_show(name) for name in ("The Long Platform", "كلام الليل"))
    episodes = (_episode(rng, show, number) for show in shows for number in range(1, 9))
    return Catalogue(
        artists={artist.id: artist for artist in artists}, albums=albums, tracks=tracks,
        shows={show.id: show for show in shows},
        episodes={episode.id: episode for episode in episodes},
        album_tracks={key: tuple(tracks[song.id] for song in songs)
                      for key, songs in album_tracks.items()},
    )


def _artists(rng: random.Random) -> list[Artist]:
    pairs = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
    names = list(NAMES_ELSEWHERE) + rng.sample(pairs, ARTISTS - len(NAMES_ELSEWHERE))
    return [Artist(stable_id("artist", name), name) for name in names]


def _album(rng: random.Random, artist: Artist, number: int) -> Album:
    name = f"{rng.choice(MOMENTS)} the {rng.choice(THINGS)}"
    return Album(
        id=stable_id("album", f"{artist.id}/{number}"), name=name, artists=(artist,),
        release_date=f"{rng.randint(1971, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        total_tracks=rng.randint(7, 13), has_cover=rng.random() > 0.04)


def _track(rng: random.Random, album: Album, artists: list[Artist], position: int) -> Track:
    guests = (rng.choice(artists),) if rng.random() < 0.12 else ()
    everyone = album.artists + tuple(guest for guest in guests if guest not in album.artists)
    words = (rng.choice(MOMENTS), rng.choice(COLOURS), rng.choice(THINGS))
    identifier = stable_id("track", f"{album.id}/{position}")
    return Track(
        id=identifier, name=" ".join(words), album=album, artists=everyone,
        duration_ms=rng.randint(95_000, 420_000), track_number=position,
        isrc=f"XXSBX{rng.randint(0, 9_999_999):07}", explicit=rng.random() < 0.08,
        popularity=rng.randint(0, 90))


def _set_exceptions(tracks: dict[str, Track]) -> None:
    """Make a few tracks unplayable and a few relinked: the last ones, which no plain list uses."""
    tail = list(tracks)[-30:]
    for number, identifier in enumerate(tail[:6]):
        reason = ("market", "product", "explicit")[number % 3]
        tracks[identifier] = replace(tracks[identifier], restriction=reason)
    for number in range(6, 12):
        original, substitute = tail[number], tail[number + 12]
        tracks[original] = replace(tracks[original], relinked_to=substitute)


def _show(name: str) -> Show:
    return Show(stable_id("show", name), name, publisher="Sandbox Radio")


def _episode(rng: random.Random, show: Show, number: int) -> Episode:
    return Episode(
        id=stable_id("episode", f"{show.id}/{number}"), name=f"{number}. {rng.choice(THINGS)}",
        show=show, duration_ms=rng.randint(900_000, 5_400_000),
        release_date=f"2026-{number:02}-15")
