"""The three ways in which any service may turn a request down."""

from collections.abc import Iterable
from typing import ClassVar

from shuffify.errors import ServiceError


class NotFoundError(ServiceError):
    """Nothing of this kind belongs to the user."""

    noun: ClassVar[str] = "entry"

    def __init__(self) -> None:
        super().__init__(f"There is no such {self.noun}. It may have been deleted.")


class LimitError(ServiceError):
    """The user has as many as there may be."""

    noun: ClassVar[str] = "entries"
    scope: ClassVar[str] = ""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"There are already {limit} {self.noun}{self.scope}. Delete one to make room."
        )


class InputError(ServiceError):
    """Values that are refused; `errors` holds (field, message) for each."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        parts = (f"{field}: {message.rstrip('.')}." for field, message in self.errors)
        super().__init__(" ".join(parts))
