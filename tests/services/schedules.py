"""What tests of schedules share."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import Schedule
from shuffify.sandbox import library

TARGET = library.PLAYLISTS["twelve"]
NAME = library.PLAYLIST_NAMES["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
SHUFFLE: dict[str, Any] = {
    "job_type": "shuffle",
    "target_playlist_id": TARGET,
    "algorithm_name": "BasicShuffle",
}

Create = Callable[..., int]


def stored(outside: Session) -> list[Schedule]:
    outside.rollback()
    return list(outside.scalars(select(Schedule).order_by(Schedule.id)))
