"""What may be said about a snapshot, and how a playlist is brought back to one."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shuffify.web.schemas.base import Query, Schema
from shuffify.web.schemas.fields import WITHOUT_NUL

Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500), WITHOUT_NUL
]


class SnapshotCreate(Schema):
    """POST /playlist/<playlist>/snapshots; the list itself is always Spotify's."""

    trigger_description: Description = ""


class SnapshotRestore(Schema):
    """POST /snapshots/<row>/restore."""

    accept_local_loss: bool = False
    accept_unknown_loss: bool = False


class SnapshotQuery(Query):
    """GET /playlist/<playlist>/snapshots."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
