"""What may be searched for at Spotify, and opened from there."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shuffify.web.schemas.base import Schema
from shuffify.web.schemas.fields import WITHOUT_NUL

Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), WITHOUT_NUL
]


class TrackSearch(Schema):
    """POST /workshop/search."""

    query: Words
    limit: Annotated[int, Field(ge=1, le=10)] = 10
    offset: Annotated[int, Field(ge=0, le=990)] = 0


class PlaylistSearch(Schema):
    """POST /workshop/search-playlists."""

    query: Words


class ExternalLoad(Schema):
    """POST /workshop/load-external-playlist."""

    url: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024), WITHOUT_NUL
    ] = ""
    query: Words = ""

    @classmethod
    def problems(cls, sent: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        if len(sent.keys() & cls.model_fields.keys()) != 1:
            for name in cls.model_fields:
                yield name, "Send exactly one of url and query."
