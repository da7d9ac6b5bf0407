"""The trail as a table: two lines a row at 80 columns, one where there is room."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shuffify.cli import terminal
from shuffify.cli.terminal import Column, Layout

WIDE = 140
"""From this width on a row takes one line."""


def activity_table(rows: Iterable[Mapping[str, Any]], width: int) -> Iterator[str]:
    """Yield the lines of a table of rows as `ActivityLog.to_dict` gives them."""
    records = [_record(row) for row in rows]
    longest = max((len(record["ID"]) for record in records), default=0)
    return terminal.table(_layout(width, max(4, longest)), records)


def _record(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "ID": str(row["id"]),
        "USER": str(row["user_id"]),
        "TIME (UTC)": row["created_at"][:19].replace("T", " "),
        "TYPE": row["activity_type"],
        "SENTENCE": row["description"],
        "PLAYLIST": row["playlist_name"] or row["playlist_id"] or "",
        "SOURCE": row["source"] or "",
        "CAUSE": (row["request_id"] or "")[:8],
    }


def _layout(width: int, id_width: int) -> Layout:
    gap = len(terminal.GAP)
    number, user = (Column(name, id_width, right=True) for name in ("ID", "USER"))
    time, kind = Column("TIME (UTC)", 19), Column("TYPE", 23)
    source, cause = Column("SOURCE", 9), Column("CAUSE", 8)
    if width >= WIDE:
        playlist = Column("PLAYLIST", 24)
        others = (number, time, user, kind, playlist, source, cause)
        sentence = Column("SENTENCE", width - sum(c.width + gap for c in others))
        return ((number, time, user, kind, sentence, playlist, source, cause),)
    room = width - id_width - 2 * gap
    playlist = Column("PLAYLIST", room * 3 // 8)
    sentence = Column("SENTENCE", room - gap - playlist.width)
    return (number, time, kind, source, cause), (user, sentence, playlist)
