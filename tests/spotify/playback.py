"""What each call does to a list, as Spotify's documentation has it."""

from collections.abc import Iterable

from shuffify.spotify.calls import Add, Call, Move, Remove, Replace
from shuffify.spotify.tracks import Uri


def played(rows: Iterable[Uri], calls: Iterable[Call]) -> list[Uri]:
    """Apply calls to a list."""
    rows = list(rows)
    for call in calls:
        match call:
            case Replace(uris):
                rows = list(uris)
            case Add(uris, position):
                at = len(rows) if position is None else position
                assert 0 <= at <= len(rows)
                rows[at:at] = uris
            case Remove(uris):
                rows = [uri for uri in rows if uri not in uris]
            case Move(start, before, length):
                assert length > 0 and 0 <= start and start + length <= len(rows)
                assert 0 <= before <= len(rows)
                segment = rows[start:start + length]
                del rows[start:start + length]
                at = before if before <= start else max(start, before - length)
                rows[at:at] = segment
    return rows
