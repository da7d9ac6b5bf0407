"""The seeded library: two users and their playlists, with the same ids at every start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import cycle

from .catalogue import catalogue
from .ids import stable_id
from .music import Album, Item, LocalFile, Track

MIRA = "mira"
JONAS = "jonas"

LONG_NAME = ("Every song that was playing on the radio while the night train crossed the bridge "
             "and nobody said a word because the river was so wide " * 3)[:300]
"""300 characters: longer than a VARCHAR(255) column takes."""

PLAYLIST_NAMES: dict[str, str] = {
    "empty": "Nothing yet", "one": "One song", "twelve": "Sunday breakfast",
    "hundred_twenty": "Morning run", "four_thirty": "Slow evenings",
    "twelve_hundred": "Everything, ever", "duplicates": "Again and again",
    "local_files": "From the old laptop", "episodes": "Talk and music",
    "null_rows": "Songs that went away", "unplayable": "Not in this country",
    "relinked": "Reissues", "mixed": "A bit of everything",
    "arabic": "أغاني الطريق الطويل", "japanese": "雨の日のプレイリスト", "emoji": "🌊🎷 späte Nacht 👩‍🚀",
    "long_name": LONG_NAME, "name_255": LONG_NAME[:255], "no_cover": "No picture",
    "null_cover": "No picture at all", "private": "Just for me",
    **{f"shelf_{number:02}": f"Shelf {number:02}" for number in range(1, 41)},
    "shared": "Kitchen, all of us", "foreign_public": "Jonas in public",
    "jonas_private": "Jonas alone", "algorithmic": "Daily Mix 1",
}

PLAYLISTS: dict[str, str] = {role: stable_id("playlist", role) for role in PLAYLIST_NAMES}
"""Playlist ids by role. `algorithmic` belongs to Spotify and answers 404."""

OF_JONAS = ("shared", "foreign_public", "jonas_private")
PRIVATE = ("private", "jonas_private", "shared")
FOLLOWED_BY_MIRA = ("shared", "foreign_public")
IMAGES = {"empty": "none", "no_cover": "none", "null_cover": "null", "one": "unsized"}
LENGTHS = {"empty": 0, "one": 1, "twelve": 12, "hundred_twenty": 120, "four_thirty": 430,
           "twelve_hundred": 1200, "shared": 24, "foreign_public": 40, "jonas_private": 8}
DEFAULT_LENGTH = 18

LOCAL_FILES = (
    LocalFile("Die Nachbarn", "Demo", "Probe: Take 3", 187),
    LocalFile("", "", "track01", 241),
    LocalFile("مجهول", "تسجيلات", "بلا عنوان", 300),
)


@dataclass(frozen=True, eq=False)
class Row:
    """One place in a playlist. Two rows are never equal, whatever they hold."""

    item: Item | None
    added_at: str
    added_by: str | None

    @property
    def uri(self) -> str | None:
        return self.item.uri if self.item else None


@dataclass(frozen=True)
class User:
    id: str
    display_name: str
    email: str
    country: str

    @property
    def account_id(self) -> str:
        return stable_id("account", self.id, length=28)


@dataclass(frozen=True)
class SeedPlaylist:
    id: str
    name: str
    owner: str
    public: bool
    collaborative: bool
    images: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Library:
    users: tuple[User, ...]
    playlists: tuple[SeedPlaylist, ...]
    shelves: dict[str, tuple[str, ...]]
    """The playlists that each user sees, own and followed, in order."""
    saved: dict[str, dict[str, str]]
    """What each user saved: URIs and dates, newest first."""
    plays: dict[str, tuple[Row, ...]]
    """What each user played, newest first."""


@lru_cache(maxsize=1)
def library() -> Library:
    """Make the library, once per process: a reset shares its immutable rows."""
    roles = [role for role in PLAYLISTS if role != "algorithmic"]
    users = (User(MIRA, "Mira", "mira@sandbox.invalid", "DE"),
             User(JONAS, "Jonas", "jonas@sandbox.invalid", "SE"))
    albums = list(catalogue().albums.values())
    return Library(
        users=users,
        playlists=tuple(_playlist(number, role) for number, role in enumerate(roles)),
        shelves={
            MIRA: tuple(PLAYLISTS[role] for role in roles
                        if role not in OF_JONAS or role in FOLLOWED_BY_MIRA),
            JONAS: tuple(PLAYLISTS[role] for role in OF_JONAS)},
        saved={MIRA: _saved([*_songs(900, 75), *albums[5:28]]),
               JONAS: _saved([*_songs(300, 7), *albums[40:43]])},
        plays={MIRA: tuple(reversed(_rows(_songs(60, 50), None))), JONAS: ()},
    )


def _playlist(number: int, role: str) -> SeedPlaylist:
    owner = JONAS if role in OF_JONAS else MIRA
    adders = (JONAS, MIRA, JONAS) if role == "shared" else (owner,)
    return SeedPlaylist(
        id=PLAYLISTS[role], name=PLAYLIST_NAMES[role], owner=owner,
        public=role not in PRIVATE, collaborative=role == "shared",
        images=IMAGES.get(role, "mosaic"), rows=_rows(_items(number, role), *adders))


def _items(number: int, role: str) -> Sequence[Item | None]:
    odd = _odd_items(_songs(number * 37, DEFAULT_LENGTH))
    if role in odd:
        return odd[role]
    return _songs(number * 37, LENGTHS.get(role, DEFAULT_LENGTH))


def _odd_items(songs: list[Track]) -> dict[str, list[Item | None]]:
    tail = list(catalogue().tracks.values())[-30:]
    episodes = list(catalogue().episodes.values())
    local = LOCAL_FILES
    return {
        "duplicates": [*songs[:6], *songs[:3], songs[0], *songs[6:], songs[0]],
        "local_files": [songs[0], local[0], *songs[1:5], local[1], local[2], *songs[5:]],
        "episodes": [episodes[0], *songs[:5], episodes[3], *songs[5:], episodes[9]],
        "null_rows": [*songs[:4], None, *songs[4:9], None, None, *songs[9:]],
        "unplayable": [*songs[:5], *tail[:6], *songs[5:]],
        "relinked": [*songs[:5], *tail[6:12], *songs[5:]],
        "mixed": [songs[0], local[0], songs[1], None, songs[0], episodes[2], tail[0], tail[6],
                  *songs[2:], local[0], None, episodes[2]],
    }


def _songs(start: int, count: int) -> list[Track]:
    """Take tracks from the plain part of the catalogue, without a repetition."""
    plain = list(catalogue().tracks.values())[:-30]
    return [plain[(start + step) % len(plain)] for step in range(count)]


def _rows(items: Sequence[Item | None], *added_by: str | None) -> tuple[Row, ...]:
    return tuple(Row(item, added_at, user)
                 for item, added_at, user in zip(items, _dates(), cycle(added_by)))


def _saved(things: Sequence[Track | Album]) -> dict[str, str]:
    dated = list(zip((thing.uri for thing in things), _dates()))
    return dict(reversed(dated))


def _dates() -> Iterator[str]:
    moment = datetime(2022, 3, 1, 18, 30, tzinfo=UTC)
    while True:
        yield timestamp(moment)
        moment += timedelta(hours=31, minutes=7)


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
