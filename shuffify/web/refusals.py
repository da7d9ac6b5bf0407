"""What the web layer itself refuses, before any service is asked.

    Refusal
      LoginRequired       nobody is logged in
      InvalidRequest      fields that do not fit, all of them
      JsonRequired        a body that is not JSON
"""

from collections.abc import Iterable

from shuffify.errors import ShuffifyError


class Refusal(ShuffifyError):
    """Base of what is refused at the door."""


class LoginRequired(Refusal):
    """Nobody is logged in, or the login was closed."""

    def __init__(self) -> None:
        super().__init__("You are not logged in, or your login has ended. Log in again.")


class InvalidRequest(Refusal):
    """Fields that do not fit; `errors` holds (field path, message) for each."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        parts = [f"{field}: {message.rstrip('.')}" for field, message in self.errors[:3]]
        more = len(self.errors) - 3
        parts += [f"and {more} more"] if more > 0 else []
        super().__init__("; ".join(parts) + ".")


class JsonRequired(Refusal):
    """A body in another format than JSON."""

    def __init__(self) -> None:
        super().__init__("Send the body as JSON, with Content-Type: application/json.")
