"""What an algorithm needs to know of a track."""

from typing import Protocol


class Shufflable(Protocol):
    """A track as the algorithms see it; anything with these two names will do."""

    @property
    def first_artist(self) -> str | None: ...

    @property
    def album_name(self) -> str | None: ...
