"""What people paste when they mean a playlist, and what counts as the address of a row."""

import re

_ID = "[A-Za-z0-9]{22}"

_PLAYLIST = re.compile(
    rf"""
    (?: (?:https?://)? open\.spotify\.com / (?:intl-[a-z]{{2}}(?:-[a-z]{{2}})?/)? (?:embed/)?
        playlist/ (?P<link>{_ID}) /? (?:[?\#].*)?
      | spotify:playlist:(?P<uri>{_ID})
      | (?P<bare>{_ID})
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_WRITABLE = re.compile(rf"spotify:(?:track|episode):{_ID}", re.ASCII)

LOCAL = "spotify:local:"
"""How the address of a local file starts."""


def playlist_id_from(text: str) -> str | None:
    """Find the playlist id in a link, a URI or a bare id; None when the text is nothing such."""
    match = _PLAYLIST.fullmatch(text.strip())
    return match and (match["link"] or match["uri"] or match["bare"])


def is_playlist_id(text: str) -> bool:
    """Say whether the text is a bare playlist id."""
    return re.fullmatch(_ID, text, re.ASCII) is not None


def is_writable(uri: str) -> bool:
    """Say whether the API can add this row: tracks and episodes, never local files."""
    return _WRITABLE.fullmatch(uri) is not None
