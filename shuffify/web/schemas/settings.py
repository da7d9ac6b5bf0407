"""What a user may set."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shuffify.enums import Theme
from shuffify.timing import is_known_zone
from shuffify.web.schemas.base import Schema, complaint
from shuffify.web.schemas.fields import AlgorithmName


def _known_zone(name: str) -> str:
    if not is_known_zone(name):
        raise complaint("This is not the IANA name of a time zone, such as Europe/Berlin.")
    return name


class SettingsUpdate(Schema):
    """POST /settings; what is absent stays, null means "no preference"."""

    default_algorithm: AlgorithmName | None = None
    theme: Theme = Theme.SYSTEM
    auto_snapshot_enabled: bool = True
    max_snapshots_per_playlist: Annotated[int, Field(ge=1, le=50)] = 10
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
