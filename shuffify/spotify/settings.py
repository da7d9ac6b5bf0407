"""Where Spotify is and who we are to it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpotifySettings:
    """Plain values, so that nothing in this package knows about configuration."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    accounts_url: str = "https://accounts.spotify.com"
    api_url: str = "https://api.spotify.com"
    timeout: tuple[float, float] = (5.0, 15.0)
    """Seconds to connect and seconds to read."""
