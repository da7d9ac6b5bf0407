"""What the options of `shuffify audit` may say, and what it means for the trail."""

from collections.abc import Callable
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
import re
from typing import Any, TypeVar

import click
from sqlalchemy import select

from shuffify.extensions import db
from shuffify.models.base import iso_utc, to_utc, utcnow
from shuffify.models.db import User
from shuffify.services.activity_query import (
    ActivityFilter,
    Cursor,
    is_of_entity_recorded,
    is_recorded,
    known_entities,
    known_types,
)
from shuffify.spotify.references import playlist_id_from

SOURCES = ("web", "scheduler", "cli", "retention", "test")

Command = TypeVar("Command", bound=Callable[..., Any])

_AGO = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}(-?\d)?")
_LARGEST_ID = 2**31 - 1


def moment(text: str) -> datetime:
    """Read a time, absolute or counted back from now; raises click.BadParameter."""
    ago = re.fullmatch(r"([0-9]{1,6})([mhdw])", text.strip())
    try:
        if ago:
            return utcnow() - timedelta(**{_AGO[ago[2]]: int(ago[1])})
        return to_utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time. Use 2026-11-23, 2026-11-23T14:05, with an offset as in "
            "2026-11-23T14:05+01:00 (UTC without one), or 30m, 12h, 7d, 2w ago."
        ) from None


def end_moment(text: str) -> datetime:
    """Read a time as `moment` does; a day alone means its end."""
    read = moment(text)
    if not _DAY.fullmatch(text.strip()):
        return read
    try:
        return read + timedelta(days=1)
    except OverflowError:
        return datetime.max  # The last day of all ends there.


def cursor(text: str) -> Cursor:
    """Read a cursor, as the end of a page prints it; raises click.BadParameter."""
    try:
        return Cursor.parse(text.strip())
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no cursor. Use the one printed below a page, or a row's "
            f"created_at and id, as in {Cursor(datetime(2026, 11, 23, 14, 5), 1234)}."
        ) from None


def shape(name: str, pattern: str, allowed: str) -> Callable[[str], str]:
    """Return a reader of texts of one form; it raises click.BadParameter for others."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text.strip()):
            raise click.BadParameter(f"{text!r} is no {name}. {allowed}")
        return text.strip()

    read.__name__ = name
    return read


TEXT = r"[^\ud800-\udfff]"
"""What every database takes; bytes that are no UTF-8 arrive here as surrogates."""

user = shape("account", TEXT + "{1,255}", "Use its number here, or its Spotify id.")
playlist = shape("playlist", TEXT + "{1,1024}", "Use its id, its link or its name.")
activity_type = shape("type", "[a-z0-9_*]{1,50}", "Use a type, or a pattern as in schedule_*.")
entity = shape(
    "entity",
    f"[a-z0-9_]{{1,50}}(:{TEXT}{{1,64}})?",
    "Use a kind as in schedule, or a kind and its key as in schedule:7.",
)
request_id = shape(
    "request",
    "(?i:[0-9a-f-]{8,36})",
    "Use the X-Request-ID of an answer, or its first 8 characters or more.",
)
event = shape(
    "event",
    "[0-9]{1,18}|(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    "Use the number in the first column of `shuffify audit list`, or an event_id.",
)

_OPTIONS = (
    click.option("--user", type=user, metavar="USER",
                 help="Account: its number here, or its Spotify id."),
    click.option("--type", "types", type=activity_type, metavar="TYPE", multiple=True,
                 help="Activity type; * stands for anything. May be given several times."),
    click.option("--playlist", type=playlist, metavar="PLAYLIST",
                 help="Playlist: its id, link or name."),
    click.option("--entity", type=entity, metavar="ENTITY",
                 help="What changed: schedule, or schedule:7."),
    click.option("--source", type=click.Choice(SOURCES), help="What it came through."),
    click.option("--request", type=request_id, metavar="ID",
                 help="One cause: a request id or its beginning."),
    click.option("--since", type=moment, metavar="TIME",
                 help="From this time on: 2026-11-23, 2026-11-23T14:05, 12h, 7d."),
    click.option("--until", type=end_moment, metavar="TIME",
                 help="Before this time; a day alone counts as a whole."),
)


def filter_options(command: Command) -> Command:
    """Give a command the options that choose rows."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def filter_of(
    *,
    user: str | None,
    types: tuple[str, ...],
    playlist: str | None,
    entity: str | None,
    source: str | None,
    request: str | None,
    since: datetime | None,
    until: datetime | None,
) -> ActivityFilter:
    """Return the filter that the options mean; raises click.BadParameter. Reads the database."""
    if since is not None and until is not None and since >= until:
        raise _wrong("--until", f"It is not after --since, which is {iso_utc(since)}.")
    for kind in types:
        _require_known(kind)
    entity_type, _, entity_id = (entity or "").partition(":")
    if entity_type:
        _require_known_entity(entity_type)
    return ActivityFilter(
        user_id=None if user is None else user_id_of(user, "--user"),
        types=types,
        playlist=None if playlist is None else playlist_id_from(playlist) or playlist,
        entity_type=entity_type or None,
        entity_id=entity_id or None,
        source=source,
        request_id=None if request is None else request.lower(),
        since=since,
        until=until,
    )


def user_id_of(reference: str, option: str) -> int:
    """Return an account's id by its number or Spotify id; raises click.BadParameter."""
    text = reference.strip()
    number = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0
    found = None
    if 0 < number <= _LARGEST_ID:
        found = db.session.scalar(select(User.id).where(User.id == number))
    if found is None:
        found = db.session.scalar(select(User.id).where(User.spotify_id == text))
    if found is None:
        raise _wrong(option, f"There is no account {reference!r}. Use its number or Spotify id.")
    return found


def _require_known(kind: str) -> None:
    # A regular expression of many stars would try for hours; this one does not go back.
    if any(fnmatchcase(known, kind) for known in known_types()) or is_recorded(kind):
        return
    allowed = ", ".join(known_types())
    raise _wrong("--type", f"No type fits {kind!r}. Use one of {allowed}, or a part of it with *.")


def _require_known_entity(kind: str) -> None:
    if kind in known_entities() or is_of_entity_recorded(kind):
        return
    allowed = ", ".join(known_entities())
    raise _wrong("--entity", f"There is no kind {kind!r}. Use one of {allowed}.")


def _wrong(option: str, message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint=f"'{option}'")
