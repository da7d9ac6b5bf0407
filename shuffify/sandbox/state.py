"""Everything that the sandbox remembers between two calls, behind one lock."""

import base64
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1

from .catalogue import Catalogue, catalogue
from .edits import Rows
from .ids import ALPHABET, LENGTH
from .library import PLAYLISTS, Row, SeedPlaylist, User, library, timestamp
from .settings import PROFILES, Assumptions, Profile
from .tokens import Tokens

VERSIONS_KEPT = 100


@dataclass
class Playlist:
    id: str
    name: str
    owner: str
    public: bool
    collaborative: bool
    images: str
    rows: Rows
    description: str = ""
    cover: bytes | None = None
    revision: int = 0
    snapshot_id: str = ""
    versions: OrderedDict[str, Rows] = field(default_factory=OrderedDict)
    """Rows by snapshot id, oldest first: what a write may name as its base."""

    def __post_init__(self) -> None:
        self.changed()

    def changed(self, rows: Rows | None = None) -> None:
        """Note a mutation: the snapshot id moves even when the rows are equal."""
        if rows is not None:
            self.rows = rows
        self.revision += 1
        digest = sha1(f"{self.id}{self.revision}".encode(), usedforsecurity=False).hexdigest()
        self.snapshot_id = base64.b64encode(f"{self.revision},{digest}".encode()).decode()
        self.versions[self.snapshot_id] = self.rows
        while len(self.versions) > VERSIONS_KEPT:
            self.versions.popitem(last=False)

    def before_last_write(self) -> "Playlist":
        """Show the playlist as a read sees it that lags behind by one write."""
        if len(self.versions) < 2:
            return self
        snapshot_id, rows = list(self.versions.items())[-2]
        earlier = copy(self)
        earlier.rows, earlier.snapshot_id = rows, snapshot_id
        return earlier

    def editable_by(self, user: str | None) -> bool:
        return user == self.owner or self.collaborative


class State:
    """The users, playlists and tokens. Hold `lock` for as long as a call reads or writes it."""

    def __init__(self, profile: str, assumptions: Assumptions) -> None:
        self.lock = threading.RLock()
        self.profile: Profile = PROFILES[profile]
        self.assumptions = assumptions
        self.catalogue: Catalogue = catalogue()
        self.reset()

    def reset(self, *, keep_tokens: bool = False) -> None:
        """Go back to the seeded library. Profile and assumptions stay."""
        seed = library()
        self.clock_offset = 0.0
        self.users: dict[str, User] = {user.id: user for user in seed.users}
        self.playlists = {planted.id: _grow(planted) for planted in seed.playlists}
        self.shelves = {user: list(ids) for user, ids in seed.shelves.items()}
        self.saved = {user: dict(dates) for user, dates in seed.saved.items()}
        self.plays: dict[str, Sequence[Row]] = dict(seed.plays)
        self.calls: list[float] = []
        if not keep_tokens:
            self.tokens = Tokens(self.now)

    def now(self) -> float:
        """Return the sandbox's time: the machine's, moved by the control endpoint."""
        return time.time() + self.clock_offset

    def timestamp(self) -> str:
        return timestamp(datetime.fromtimestamp(self.now(), UTC))

    def find_playlist(self, playlist_id: str) -> Playlist | None:
        """Find a playlist; those of Spotify itself are as good as unknown to an app."""
        return None if playlist_id == PLAYLISTS["algorithmic"] else self.playlists.get(playlist_id)

    def create_playlist(self, owner: str, name: str, *, public: bool = True,
                        collaborative: bool = False, description: str = "") -> Playlist:
        identifier = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        playlist = Playlist(identifier, name, owner, public, collaborative, "none", (),
                            description=description)
        self.playlists[identifier] = playlist
        self.shelves[owner].insert(0, identifier)
        return playlist

    def delete_playlist(self, playlist_id: str) -> None:
        """Take a playlist away from everybody, which no API call can do."""
        del self.playlists[playlist_id]
        for shelf in self.shelves.values():
            if playlist_id in shelf:
                shelf.remove(playlist_id)

    def followers(self, playlist: Playlist) -> int:
        return sum(playlist.id in shelf for user, shelf in self.shelves.items()
                   if user != playlist.owner)


def _grow(planted: SeedPlaylist) -> Playlist:
    return Playlist(planted.id, planted.name, planted.owner, planted.public,
                    planted.collaborative, planted.images, planted.rows)
