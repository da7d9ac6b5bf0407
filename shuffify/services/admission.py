"""Who may be here: active accounts, and where the operator keeps a list, only those on it."""

from shuffify.services.errors import UserNotAllowedError
from shuffify.services.settings import allowed_spotify_ids


def is_admitted(spotify_id: str, *, is_active: bool) -> bool:
    """Say whether an account may be used now."""
    return is_active and _is_listed(spotify_id)


def require_admission(spotify_id: str, *, is_active: bool) -> None:
    """Raise UserNotAllowedError for a disabled account or one that is not on the list."""
    if not _is_listed(spotify_id):
        raise UserNotAllowedError(disabled=False)
    if not is_active:
        raise UserNotAllowedError(disabled=True)


def _is_listed(spotify_id: str) -> bool:
    allowed = allowed_spotify_ids()
    return not allowed or spotify_id in allowed
