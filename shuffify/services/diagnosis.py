"""What an operator has to know, part by part, with a remedy wherever something is not right.

Nothing is changed, and no secret is told: neither values of settings nor tokens.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shuffify import schema
from shuffify.errors import SchemaError, ShuffifyError
from shuffify.extensions import app_settings, db
from shuffify.models.base import iso_utc, utcnow
from shuffify.models.user import User
from shuffify.services.heartbeat import is_alive, last_heartbeat
from shuffify.services.settings import spotify_settings, token_keys
from shuffify.services.token_cipher import reading_key
from shuffify.services.transaction import end_reads
from shuffify.spotify.reachability import SignOfLife, knock

CHECKS = (
    "configuration", "database", "migrations", "token_keys", "scheduler", "clock", "spotify"
)
"""What is looked at, in the order in which it is told."""

SKEW_LIMIT = timedelta(seconds=30)
"""A clock further from Spotify's than this ends tokens too early or too late."""

_NO_DATABASE = "It cannot be looked at without the database."
_START = "Start it, or correct DATABASE_URL."
_MIGRATE = "Run `shuffify db upgrade` with the newest version of Shuffify."
_RECONNECT = (
    "Add the key that encrypted them to TOKEN_KEYS, or let these people log in again."
)
_NETWORK = "Look at this machine's network and at https://status.spotify.dev, then try again."


class State(StrEnum):
    """How a part was found."""

    OK = "ok"
    OFF = "off"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look brought to light; whatever failed has a remedy."""

    check: str
    state: State
    message: str
    remedy: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Serialise for JSON answers."""
        return asdict(self)


def diagnose() -> list[Finding]:
    """Look at every part, in the order of CHECKS; the configuration is known to be right."""
    database = _looked_at("database", _database)
    migrations = tokens = scheduler = None
    if database.state is State.OK:
        migrations = _looked_at("migrations", _migrations)
    if migrations is not None and migrations.state is State.OK:
        tokens = _looked_at("token_keys", _token_keys)
        scheduler = _looked_at("scheduler", _scheduler)
    clock, spotify = _spotify()
    why = _NO_DATABASE if migrations is None else "It cannot be looked at before that upgrade."
    return [
        _configuration(),
        database,
        migrations or Finding("migrations", State.SKIPPED, why),
        tokens or Finding("token_keys", State.SKIPPED, why),
        scheduler or Finding("scheduler", State.SKIPPED, why),
        clock,
        spotify,
    ]


def _looked_at(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (SQLAlchemyError, ShuffifyError) as error:
        # Also half-way through: a database may go away between two looks.
        db.session.rollback()
        return Finding(check, State.FAILED, _words(error), _START)


def _words(error: Exception) -> str:
    # The driver's words alone: SQLAlchemy's hold the statement.
    told = str(error.orig if isinstance(error, DBAPIError) else error)
    return " ".join(told.split()).rstrip(".") + "."


def _configuration() -> Finding:
    name = app_settings().name
    return Finding("configuration", State.OK, f"The settings are complete, for {name}.")


def _database() -> Finding:
    db.session.scalar(select(1))
    end_reads()
    return Finding("database", State.OK, f"{_dialect()} answers.")


def _dialect() -> str:
    return {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[db.engine.dialect.name]


def _migrations() -> Finding:
    try:
        schema.require_newest(db.engine)
    except SchemaError as error:
        found = ", ".join(error.current) or "no migration at all"
        message = f"The database is at {found}, the code needs {error.newest}."
        return Finding("migrations", State.FAILED, message, _MIGRATE)
    return Finding("migrations", State.OK, f"The database is at {schema.newest()}, the newest.")


def _token_keys() -> Finding:
    """Decrypt the tokens of each account."""
    stored = db.session.execute(
        select(User.id, User.encrypted_access_token, User.encrypted_refresh_token)
    ).all()
    end_reads()
    uses: Counter[int] = Counter()
    unreadable = set()
    for user_id, *ciphertexts in stored:
        for number in {reading_key(user_id, text) for text in ciphertexts if text is not None}:
            if number is None:
                unreadable.add(user_id)
            else:
                uses[number] += 1
    if unreadable:
        accounts = ", ".join(map(str, sorted(unreadable)))
        message = f"No key reads the tokens of these accounts: {accounts}."
        return Finding("token_keys", State.FAILED, message, _RECONNECT)
    return Finding("token_keys", State.OK, _usage(uses), _rotation(uses))


def _usage(uses: Counter[int]) -> str:
    if not uses:
        return f"Keys: {len(token_keys())}; no account has tokens yet."
    accounts = ", ".join(
        f"key {number}: {uses[number]}" for number in range(1, len(token_keys()) + 1)
    )
    return f"All tokens can be read. Accounts by key: {accounts}."


def _rotation(uses: Counter[int]) -> str | None:
    if max(uses, default=1) == 1:
        return None
    return "Run `shuffify keys rotate` before you drop an older key."


def _scheduler() -> Finding:
    mode = app_settings().scheduler
    if mode == "off":
        message = "SCHEDULER is off: no schedule runs."
        return Finding("scheduler", State.OFF, message, "Set SCHEDULER=embedded to run them.")
    command = "shuffify run" if mode == "embedded" else "shuffify scheduler"
    last = last_heartbeat()
    if last is None:
        return Finding("scheduler", State.OFF, "None has ever led.", f"Start `{command}`.")
    if not is_alive(last):
        message = f"Nothing has been heard of it since {iso_utc(last)}: no schedule runs."
        return Finding("scheduler", State.FAILED, message, f"Start `{command}` again.")
    return Finding("scheduler", State.OK, f"Its last heartbeat was at {iso_utc(last)}.")


def _spotify() -> tuple[Finding, Finding]:
    """Ask both of Spotify's servers, and compare clocks with the one that issues tokens."""
    try:
        known = spotify_settings()
    except ShuffifyError as error:
        remedy = "Copy them from your app at developer.spotify.com, or try `shuffify demo`."
        spotify = Finding("spotify", State.FAILED, str(error), remedy)
        return Finding("clock", State.SKIPPED, "Spotify was not asked."), spotify
    who = "The sandbox" if app_settings().is_sandbox else "Spotify"
    for url in (known.api_url, known.accounts_url):
        try:
            answer, now = knock(url), utcnow()
        except ShuffifyError as error:
            message = f"{urlsplit(url).netloc}: {_words(error)}"
            remedy = "Start the sandbox." if app_settings().is_sandbox else _NETWORK
            spotify = Finding("spotify", State.FAILED, message, remedy)
            return Finding("clock", State.SKIPPED, f"{who} told no time."), spotify
    return _clock(answer, now), Finding("spotify", State.OK, f"{who} answers.")


def _clock(answer: SignOfLife, now: datetime) -> Finding:
    if answer.date is None:
        return Finding("clock", State.SKIPPED, "The answer told no time.")
    seconds = round((now - answer.date).total_seconds())
    if abs(seconds) <= SKEW_LIMIT.total_seconds():
        return Finding("clock", State.OK, f"It is {abs(seconds)} s from Spotify's.")
    side = "ahead of" if seconds > 0 else "behind"
    message = f"It is {abs(seconds)} s {side} Spotify's, so tokens are renewed at wrong times."
    return Finding("clock", State.FAILED, message, "Let NTP set this machine's clock.")
