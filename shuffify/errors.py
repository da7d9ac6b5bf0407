"""The errors of Shuffify.

    ShuffifyError
      ConfigurationError      settings that are missing or wrong, all of them at once
      DatabaseError
        SchemaError           the database is not at the newest migration
        DatabaseUnavailable   the database cannot be reached
      FieldError              a value that its column cannot take (also a ValueError)
        FieldTooLongError     a text longer than its column
      TimingError             a schedule that cannot be timed (also a ValueError)
      ServiceError            base of the errors that the services raise, message fit for users
      SpotifyError            base of the errors of shuffify.spotify
"""

from collections.abc import Sequence


class ShuffifyError(Exception):
    """Base of everything that Shuffify raises on purpose."""


class ConfigurationError(ShuffifyError):
    """Settings that are missing or wrong; `mistakes` holds a line for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class DatabaseError(ShuffifyError):
    """The database is not usable."""


class SchemaError(DatabaseError):
    """The database is not at the newest migration."""

    def __init__(self, current: Sequence[str], newest: str) -> None:
        self.current = tuple(current)
        self.newest = newest
        found = ", ".join(self.current) or "no migration at all"
        super().__init__(
            f"The database is at {found}, the code needs {newest}. "
            "Run `shuffify db upgrade` with the newest version of Shuffify."
        )


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached."""


class FieldError(ShuffifyError, ValueError):
    """A value that its column cannot take."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field} {problem}")


class FieldTooLongError(FieldError):
    """A text longer than its column."""

    def __init__(self, field: str, limit: int, length: int) -> None:
        self.limit = limit
        self.length = length
        super().__init__(field, f"has {length} characters, at most {limit} fit")


class TimingError(ShuffifyError, ValueError):
    """A schedule type and value that name no usable series of times."""


class ServiceError(ShuffifyError):
    """Base of the errors that the services raise; the message is fit for users."""


class SpotifyError(ShuffifyError):
    """Base of the errors of shuffify.spotify."""
