"""What may be saved as a workshop session."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shuffify.web.schemas.base import WHOLE_BODY, Schema
from shuffify.web.schemas.fields import WITHOUT_NUL, TrackUris

SessionName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), WITHOUT_NUL
]


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
