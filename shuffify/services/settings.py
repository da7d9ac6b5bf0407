"""What the services read from the settings of the app in context."""

from shuffify.extensions import app_settings
from shuffify.services.errors import SpotifyNotConfiguredError
from shuffify.spotify.settings import SpotifySettings


def spotify_settings() -> SpotifySettings:
    """Return how Spotify is reached; raise SpotifyNotConfiguredError without credentials."""
    settings = app_settings()
    if not settings.spotify_client_id or not settings.spotify_client_secret:
        raise SpotifyNotConfiguredError
    return SpotifySettings(
        client_id=settings.spotify_client_id,
        client_secret=settings.spotify_client_secret,
        redirect_uri=settings.spotify_redirect_uri,
        accounts_url=settings.spotify_accounts_url,
        api_url=settings.spotify_api_url,
    )


def token_keys() -> tuple[str, ...]:
    """Return the Fernet keys, the one that encrypts first."""
    return tuple(app_settings().token_keys)


def allowed_spotify_ids() -> frozenset[str]:
    """Return the Spotify ids that may sign in; empty means everyone."""
    return frozenset(app_settings().allowed_spotify_ids)
