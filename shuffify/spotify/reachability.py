"""Whether a server of Spotify's answers at all, and what time it has."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from shuffify.spotify.errors import UnavailableError
from shuffify.spotify.transport import failures_translated, open_session


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """An answer, whatever it said; `date` is naive UTC, None where it was not told."""

    status: int
    date: datetime | None


def knock(url: str, timeout: tuple[float, float] = (5.0, 15.0)) -> SignOfLife:
    """Ask a server for its first page, without credentials: a refusal is an answer.

    Raise UnavailableError when it does not answer, or only that it failed.
    """
    with failures_translated(), open_session(url) as session:
        with session.get(url, timeout=timeout, allow_redirects=False, stream=True) as response:
            if response.status_code >= 500:
                raise UnavailableError(f"status {response.status_code}")
            return SignOfLife(response.status_code, _date(response))


def _date(response: requests.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    # "-0000" says that the time is UTC and the zone unknown: such a moment has none.
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
