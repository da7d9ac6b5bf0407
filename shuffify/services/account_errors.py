"""The errors about accounts, logins and tokens; errors.py prints the whole tree."""

from shuffify.errors import ServiceError
from shuffify.services.refusals import InputError, NotFoundError


class UserServiceError(ServiceError):
    """An account could not be read or changed."""


class UserNotFoundError(UserServiceError, NotFoundError):
    """No account has this id."""

    noun = "account"


class UserNotAllowedError(UserServiceError):
    """The account may not sign in here."""

    def __init__(self, *, disabled: bool) -> None:
        why = "has been disabled" if disabled else "is not on the list of people who may sign in"
        super().__init__(f"This account {why}. Ask the operator of this server.")


class UserSettingsError(ServiceError):
    """Settings could not be read or changed."""


class UserSettingsValidationError(UserSettingsError, InputError):
    """Settings with values that do not exist."""


class LoginHistoryError(ServiceError):
    """A login could not be opened or closed."""


class TokenError(ServiceError):
    """An account's access to Spotify could not be read or stored."""


class TokenEncryptionError(TokenError):
    """A stored token cannot be decrypted, or belongs to another account."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        super().__init__(
            "The stored access to Spotify cannot be read. Log in again; if that does not help, "
            "the operator has to check TOKEN_KEYS."
        )


class ReconnectRequired(TokenError):
    """Spotify refuses the account's refresh token; only a new consent helps."""

    def __init__(self) -> None:
        super().__init__("Spotify no longer accepts this connection. Reconnect Spotify to go on.")


class SpotifyNotConfiguredError(TokenError):
    """The server has no Spotify client id or secret."""

    def __init__(self) -> None:
        super().__init__(
            "This server is not connected to Spotify yet. "
            "Its operator has to set SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET."
        )
