"""The seeded library: what product and tests rely on."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from shuffify.sandbox import library
from shuffify.sandbox.catalogue import catalogue
from shuffify.sandbox.ids import is_base62_id
from shuffify.sandbox.library import PLAYLIST_NAMES, PLAYLISTS, SeedPlaylist
from shuffify.sandbox.music import Episode, LocalFile, Track

SEED = {playlist.id: playlist for playlist in library.library().playlists}


def seeded(role: str) -> SeedPlaylist:
    return SEED[PLAYLISTS[role]]


@pytest.mark.parametrize(("role", "count"), [
    ("empty", 0), ("one", 1), ("twelve", 12), ("hundred_twenty", 120), ("four_thirty", 430),
    ("twelve_hundred", 1200)])
def test_lists_have_the_promised_lengths(role: str, count: int) -> None:
    uris = [row.uri for row in seeded(role).rows]
    assert len(uris) == len(set(uris)) == count


def test_mira_owns_more_than_fifty_lists() -> None:
    assert sum(playlist.owner == "mira" for playlist in SEED.values()) > 50


def test_special_lists_hold_what_their_role_says() -> None:
    uris = [row.uri for row in seeded("duplicates").rows]
    assert len(set(uris)) < len(uris)
    assert sum(isinstance(row.item, LocalFile) for row in seeded("local_files").rows) == 3
    assert sum(isinstance(row.item, Episode) for row in seeded("episodes").rows) == 3
    assert sum(row.item is None for row in seeded("null_rows").rows) == 3
    assert {row.item.restriction for row in seeded("unplayable").rows
            if isinstance(row.item, Track)} == {None, "market", "product", "explicit"}
    assert any(row.item.relinked_to for row in seeded("relinked").rows
               if isinstance(row.item, Track))
    kinds = [type(row.item) for row in seeded("mixed").rows]
    assert {Track, Episode, LocalFile, type(None)} == set(kinds)


def test_names_stretch_what_a_column_and_a_page_must_bear() -> None:
    assert len(PLAYLIST_NAMES["long_name"]) == 300
    assert len(PLAYLIST_NAMES["name_255"]) == 255
    assert any("\u0600" <= letter <= "\u06ff" for letter in PLAYLIST_NAMES["arabic"])
    assert any("\u3040" <= letter <= "\u30ff" for letter in PLAYLIST_NAMES["japanese"])
    assert any(ord(letter) > 0xFFFF for letter in PLAYLIST_NAMES["emoji"])


def test_jonas_shares_one_list_and_shows_another() -> None:
    assert seeded("shared").collaborative and not seeded("shared").public
    assert seeded("foreign_public").public and not seeded("foreign_public").collaborative


def test_every_id_is_base62_and_none_occurs_twice() -> None:
    ids = [*SEED, *catalogue().tracks, *catalogue().albums, *catalogue().artists,
           *catalogue().episodes, *catalogue().shows]
    assert all(map(is_base62_id, ids))
    assert len(set(ids)) == len(ids)


def test_the_library_is_the_same_in_every_process() -> None:
    code = "from tests.sandbox.test_library import fingerprint; print(fingerprint())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                           check=True, cwd=Path(__file__).parents[2])
    assert other.stdout.strip() == fingerprint()


def fingerprint() -> str:
    rows = [(playlist.id, [(row.uri, row.added_at, row.added_by) for row in playlist.rows])
            for playlist in library.library().playlists]
    return hashlib.sha256(repr(rows).encode()).hexdigest()
