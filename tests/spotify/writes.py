"""What tests of writes share: the lists, a target, and what was written."""

from shuffify.sandbox import library

LISTS = library.PLAYLISTS
SHORT, LONG, MIXED = LISTS["twelve"], LISTS["four_thirty"], LISTS["mixed"]
ITEMS = "/v1/playlists/*/items"


def backwards(playlist):
    return playlist.uris[::-1]


def writes_of(sandbox):
    return [entry for entry in sandbox.requests() if entry["method"] != "GET"]
