"""What a user prefers."""

from typing import Any

from sqlalchemy import select

from shuffify.algorithms.registry import ALGORITHMS
from shuffify.enums import Theme
from shuffify.extensions import db
from shuffify.models.user import User, UserSettings
from shuffify.services.errors import (
    UserNotFoundError,
    UserSettingsError,
    UserSettingsValidationError,
)
from shuffify.services.schedule_plan import replan_all
from shuffify.services.transaction import lock_user, one_commit, reading
from shuffify.timing import is_known_zone

MAX_SNAPSHOTS = 50

_FAILURE = "The settings could not be saved."
_UNREADABLE = "The settings could not be read."


class UserSettingsService:
    """Reads and changes the settings of a user; everybody has one row of them."""

    @staticmethod
    def get_or_create(user_id: int) -> UserSettings:
        """Return the user's settings, made with their defaults if there are none.

        Commits where it makes them, and only then: every page reads them, and a page must not
        wait for those who write. Raises UserNotFoundError.
        """
        with reading(UserSettingsError, _UNREADABLE):
            settings = _found(user_id)
        if settings is not None:
            return settings
        with one_commit(UserSettingsError, _UNREADABLE):
            return _found_or_made(user_id)

    @staticmethod
    def update(user_id: int, **changes: Any) -> tuple[UserSettings, tuple[str, ...]]:
        """Change some settings and name those that really changed. Commits.

        A new time zone plans the user's schedules anew. Raises UserNotFoundError, and
        UserSettingsValidationError with every value that is refused.
        """
        problems = {name: _problem(name, value) for name, value in changes.items()}
        errors = [(name, problem) for name, problem in problems.items() if problem]
        if errors:
            raise UserSettingsValidationError(errors)
        # Made in a commit of their own: a change within the making would leave no row.
        UserSettingsService.get_or_create(user_id)
        with one_commit(UserSettingsError, _FAILURE):
            settings = _found_or_made(user_id)
            changed = tuple(n for n, value in changes.items() if getattr(settings, n) != value)
            for name in changed:
                setattr(settings, name, changes[name])
            if "timezone" in changed:
                replan_all(user_id, settings.timezone)
        return settings, changed


def _found(user_id: int) -> UserSettings | None:
    return db.session.scalar(select(UserSettings).where(UserSettings.user_id == user_id))


def _found_or_made(user_id: int) -> UserSettings:
    settings = _found(user_id)
    if settings is not None:
        return settings
    if db.session.get(User, user_id) is None:
        raise UserNotFoundError
    lock_user(user_id)
    settings = _found(user_id) or UserSettings(user_id=user_id)
    db.session.add(settings)
    db.session.flush()
    return settings


def _problem(name: str, value: Any) -> str | None:
    check = _CHECKS.get(name)
    return check(value) if check else "is not a setting"


def _algorithm_problem(value: Any) -> str | None:
    known = value is None or (isinstance(value, str) and value in ALGORITHMS)
    return None if known else f"must be one of {', '.join(ALGORITHMS)}, or nothing"


def _theme_problem(value: Any) -> str | None:
    known = isinstance(value, str) and value in set(Theme)
    return None if known else f"must be one of {', '.join(Theme)}"


def _switch_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be on or off"


def _count_problem(value: Any) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = whole and 1 <= value <= MAX_SNAPSHOTS
    return None if fits else f"must be a whole number from 1 to {MAX_SNAPSHOTS}"


def _zone_problem(value: Any) -> str | None:
    known = isinstance(value, str) and is_known_zone(value)
    return None if known else "must be the name of a time zone, such as Europe/Berlin"


_CHECKS = {
    "default_algorithm": _algorithm_problem,
    "theme": _theme_problem,
    "auto_snapshot_enabled": _switch_problem,
    "max_snapshots_per_playlist": _count_problem,
    "timezone": _zone_problem,
}
