"""What may be done with a list of tracks in the workshop: tried, written, saved."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from shuffify.web.schemas.base import WHOLE_BODY, Schema
from shuffify.web.schemas.fields import MAX_TRACKS, WITHOUT_NUL, TrackUri, TrackUris
from shuffify.web.schemas.shuffle import ShuffleRequest

SessionName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), WITHOUT_NUL
]


def _name_alone(artist: object) -> object:
    # Artists may be sent back as our own answers name them, with their links.
    if isinstance(artist, dict) and "name" in artist and artist.keys() <= {"name", "url"}:
        return artist["name"]
    return artist


class DraftTrack(Schema):
    """A row that the client shows; all but its URI only matters to the algorithms."""

    uri: TrackUri
    name: str = ""
    artists: list[Annotated[str, BeforeValidator(_name_alone)]] = Field(default_factory=list)
    album_name: str | None = None


class ShufflePreview(ShuffleRequest):
    """POST /workshop/<playlist>/preview-shuffle."""

    tracks: Annotated[list[DraftTrack], Field(max_length=MAX_TRACKS)]


class Commit(Schema):
    """POST /workshop/<playlist>/commit."""

    track_uris: TrackUris
    base_snapshot_id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]


class SessionCreate(Schema):
    """POST /workshop/<playlist>/sessions."""

    session_name: SessionName
    track_uris: TrackUris


class SessionUpdate(Schema):
    """PUT /workshop/sessions/<row>; what is absent stays as it is."""

    session_name: SessionName = ""
    track_uris: TrackUris = Field(default_factory=list)

    @classmethod
    def problems(cls, sent: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        if not sent.keys() & cls.model_fields.keys():
            yield WHOLE_BODY, "Send session_name, track_uris or both."
