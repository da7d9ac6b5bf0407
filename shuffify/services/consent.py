"""How long Spotify lets an account's consent stand: half a year, however often it is used."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LIFETIME_MONTHS: Final = 6
"""Refreshing an access token does not prolong it; only a new login does."""

NOTICE_MONTHS: Final = 5
"""From then on people are told, so that no schedule stops unexpectedly."""


@dataclass(frozen=True, slots=True)
class ConsentEnd:
    """When a consent ends, and how many whole days are left until then; 0 also after it."""

    ends_at: datetime
    days_left: int


def consent_ending(consented_at: datetime | None, now: datetime) -> ConsentEnd | None:
    """Return the end of a consent that ends within about a month; otherwise None."""
    if consented_at is None or now < _months_after(consented_at, NOTICE_MONTHS):
        return None
    ends_at = _months_after(consented_at, LIFETIME_MONTHS)
    return ConsentEnd(ends_at, max(0, (ends_at - now).days))


def _months_after(moment: datetime, months: int) -> datetime:
    """Return the same day some months later, or the last of a month that lacks it."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
