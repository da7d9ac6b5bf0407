"""What others did to a playlist while a request wrote it, as the answer says it."""

from collections.abc import Sequence

from shuffify.services import PlaylistView
from shuffify.spotify.tracks import Uri
from shuffify.web.negotiation import counted

_NAMED = 3


def said_of(kept: Sequence[Uri], view: PlaylistView) -> str:
    """Name the rows that others added and that stayed: a sentence to append, or nothing."""
    if not kept:
        return ""
    names = {track.uri: track.name for track in view.playlist.tracks}
    named = [f"'{names[uri]}'" for uri in kept[:_NAMED] if names.get(uri)]
    if len(kept) > len(named) and named:
        named.append(f"{len(kept) - len(named):,} more")
    listed = f": {', '.join(named)}" if named else ""
    return f" {counted(len(kept), 'track')} added elsewhere meanwhile stayed{listed}."
