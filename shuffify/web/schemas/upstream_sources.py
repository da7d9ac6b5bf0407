"""What may be added as an upstream source."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from shuffify.web.schemas.base import Schema
from shuffify.web.schemas.fields import WITHOUT_NUL, PlaylistId

SourceUrl = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024), WITHOUT_NUL
]


class SourceCreate(Schema):
    """POST /playlist/<playlist>/upstream-sources."""

    source_playlist_id: PlaylistId = ""
    source_url: SourceUrl = ""

    @classmethod
    def problems(cls, sent: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        if len(sent.keys() & cls.model_fields.keys()) != 1:
            for name in cls.model_fields:
                yield name, "Send exactly one of source_playlist_id and source_url."
