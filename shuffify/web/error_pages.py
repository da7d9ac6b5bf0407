"""The words of the error pages: what happened, whether anything changed, what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import render_template, request

from shuffify.web.actor import READING_METHODS, request_id

NOTHING: Final = "Nothing was changed."
UNKNOWN: Final = "It is not certain whether anything was changed: look before you try again."


@dataclass(frozen=True)
class Page:
    """The words for one status."""

    title: str
    happened: str
    next: str
    changed: str = NOTHING


PAGES: Final[Mapping[int, Page]] = {
    400: Page(
        "That request does not fit",
        "The request could not be understood.",
        "Go back, reload the page and try again.",
    ),
    401: Page(
        "Log in first",
        "You are not logged in, or your login has ended.",
        "Log in on the start page; you come back to your playlists.",
    ),
    403: Page(
        "That is not allowed",
        "This account may not do that.",
        "Choose one of your own playlists, or ask the operator of this server.",
    ),
    404: Page(
        "There is nothing here",
        "There is nothing at this address, or it belongs to somebody else.",
        "Check the address, or start again from your playlists.",
    ),
    405: Page(
        "That does not work here",
        "This address does not take that kind of request.",
        "Go back and use the buttons of the page.",
    ),
    409: Page(
        "Something is in the way",
        "The request collides with something that happened meanwhile.",
        "Reload the page, look at what changed, and try again.",
    ),
    413: Page(
        "That is too large",
        "The request holds more than 6 MiB.",
        "Send less at once: a playlist has at most 10,000 tracks.",
    ),
    415: Page(
        "That format does not work",
        "This address takes JSON.",
        "Go back and use the buttons of the page.",
    ),
    429: Page(
        "Slow down a little",
        "There were too many requests in a short time.",
        "Wait a minute, then try again.",
    ),
    500: Page(
        "Something went wrong here",
        "An error happened on this server. It was recorded.",
        "Try again. If it happens again, give the operator the request id below.",
        UNKNOWN,
    ),
    502: Page(
        "Spotify did not answer properly",
        "Spotify failed while it was asked.",
        "Try again in a minute; your login stays open.",
        UNKNOWN,
    ),
    503: Page(
        "Not available right now",
        "The database of this server cannot be reached.",
        "Try again in a minute. If it lasts, tell the operator.",
    ),
    504: Page(
        "Spotify took too long",
        "Spotify did not answer in time.",
        "Try again in a minute; your login stays open.",
        UNKNOWN,
    ),
}

OTHER: Final = PAGES[400]

RECONNECT: Final = Page(
    "Reconnect Spotify",
    "Spotify no longer accepts this connection.",
    "Reconnect Spotify; you come back to your playlists.",
)
"""For those who are logged in here, whatever the status."""


def happened(status: int) -> str:
    """Return the sentence that says what happened."""
    return PAGES.get(status, OTHER).happened


def render(
    status: int, message: str, facts: Mapping[str, Any], *, reconnects: bool = False
) -> str:
    """Return the page of an error. It asks neither the database nor Spotify for anything."""
    page = RECONNECT if reconnects else PAGES.get(status, OTHER)
    return render_template(
        "error.html",
        viewer=None,
        status=status,
        title=page.title,
        message=message,
        changed=_changed(page, facts),
        next=page.next,
        request_id=request_id(),
        login_url=facts.get("login_url"),
        login_label="Reconnect Spotify" if reconnects else "Log in",
    )


def _changed(page: Page, facts: Mapping[str, Any]) -> str:
    if request.method in READING_METHODS:
        return NOTHING
    if "restored" in facts:
        return "The playlist was put back as it was." if facts["restored"] else UNKNOWN
    return page.changed
