"""What tests of shuffles share: the playlist, and what its writes left."""

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shuffify.models.db import PlaylistSnapshot
from shuffify.sandbox import Sandbox, library
from shuffify.services import Limits

PLAYLIST = library.PLAYLISTS["hundred_twenty"]
NAME = library.PLAYLIST_NAMES["hundred_twenty"]
ITEMS = f"/v1/playlists/{PLAYLIST}/items"
IMPATIENT = Limits(lock_wait=0, patience=0, calls=200)


def snapshots(outside: Session) -> list[PlaylistSnapshot]:
    outside.rollback()
    return list(outside.scalars(select(PlaylistSnapshot).order_by(PlaylistSnapshot.id)))


def refused(*_: object) -> None:
    raise OperationalError("INSERT", {}, Exception("disk full"))


def writes(sandbox: Sandbox) -> int:
    return sum(entry["method"] in ("PUT", "POST") for entry in sandbox.requests("/v1/*"))
