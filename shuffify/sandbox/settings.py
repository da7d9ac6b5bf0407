"""How this Spotify behaves: its two profiles, and what nobody has confirmed about the real one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Profile:
    """A generation of the Web API."""

    name: str
    legacy: bool
    """Old field names, paths, batch reads and foreign lists exist beside the new ones."""
    items_limit: int
    search_limit: int
    search_default: int


PROFILES: Mapping[str, Profile] = {
    profile.name: profile for profile in (
        Profile("dev2026", legacy=False, items_limit=50, search_limit=10, search_default=5),
        Profile("extended", legacy=True, items_limit=100, search_limit=50, search_default=20),
    )
}


@dataclass(frozen=True)
class Assumptions:
    """Behaviour that is not confirmed against the live service, one switch each."""

    account_id: bool = True
    """The profile carries `account_id`."""
    replace_keeps_dates: bool = True
    """Replacing keeps `added_at` and `added_by` of tracks that were in the list already."""
    tracks_null: bool = False
    """A null `tracks` accompanies `items` in the dev2026 profile."""
    clamp_limits: bool = False
    """A limit above the cap is lowered silently; otherwise it is refused."""
    rotate_confidential: bool = False
    """Refreshing gives confidential clients a new refresh token and ends the old one."""
    rotate_public: bool = True
    """Refreshing gives PKCE clients a new refresh token and ends the old one."""
    relink_without_market: bool = True
    """Without `market` the user's country applies, so tracks are relinked all the same."""
    private_create_ignored: bool = False
    """Creating a playlist ignores `public: false`."""
    reorder_into_itself: Literal["keep", "refuse"] = "keep"
    """What a move does whose target lies inside the moved range."""
    request_window: int | None = None
    """Calls per rolling 30 seconds and app before 429; None means no limit of our own."""
    oauth_texts: Mapping[str, str] = field(default_factory=dict)
    """Other wordings for `error_description`, by the wording used here."""
