"""What a browser calls itself, in words that its user knows it by."""

from typing import Final

_BROWSERS: Final = (
    # Most of them claim to be several: the one that the others do not claim stands first.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-requests/", "A Python script"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str | None) -> str:
    """Return the browser and the system behind a User-Agent header, as far as they are known."""
    text = user_agent or ""
    browser = next((name for token, name in _BROWSERS if token in text), "Unknown browser")
    system = next((name for token, name in _SYSTEMS if token in text), None)
    return f"{browser} on {system}" if system else browser
