"""Who calls the API, and what that token may do."""

from dataclasses import dataclass

from flask import g, request

from .answers import ApiError, forbidden, not_found, state
from .library import User
from .state import Playlist


@dataclass(frozen=True)
class Caller:
    user: str | None
    """None for a client that acts for itself."""
    scopes: frozenset[str]
    client_id: str


def authenticate() -> None:
    """Refuse a call without a live token; runs before every call under /v1."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorised("No token provided")
    access = state().tokens.find(token.strip())
    if access is None:
        raise unauthorised("Invalid access token")
    if state().tokens.expired(access):
        raise unauthorised("The access token expired")
    grant = access.grant
    g.sandbox_caller = Caller(grant.user, frozenset(grant.scope.split()), grant.client_id)


def unauthorised(message: str) -> ApiError:
    challenge = f'Bearer realm="spotify", error="invalid_token", error_description="{message}"'
    return ApiError(401, message, {"WWW-Authenticate": challenge})


def caller() -> Caller:
    found: Caller = g.sandbox_caller
    return found


def current_user() -> User:
    """Return the user who calls; a client that acts for itself has none."""
    user = caller().user
    if user is None:
        raise forbidden()
    return state().users[user]


def require_scope(*any_of: str) -> None:
    if not caller().scopes.intersection(any_of):
        raise ApiError(403, "Insufficient client scope")


def require_playlist(playlist_id: str) -> Playlist:
    playlist = state().find_playlist(playlist_id)
    if playlist is None:
        raise not_found()
    if request.method == "GET" and request.environ.get("sandbox.lagging"):
        return playlist.before_last_write()
    return playlist


def require_readable_items(playlist: Playlist) -> None:
    if not may_read_items(playlist):
        raise forbidden()
    if playlist.collaborative and playlist.owner != caller().user:
        require_scope("playlist-read-collaborative")
    elif not playlist.public and playlist.owner == caller().user:
        require_scope("playlist-read-private")


def may_read_items(playlist: Playlist) -> bool:
    """Tell whether this profile shows the items: dev2026 only to owner and collaborators."""
    return state().profile.legacy or playlist.editable_by(caller().user)


def require_editable(playlist: Playlist) -> None:
    if not playlist.editable_by(caller().user):
        raise forbidden()
    require_scope("playlist-modify-public" if playlist.public else "playlist-modify-private")
