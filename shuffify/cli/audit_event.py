"""One event of the trail in full: what it says, and each column before and after."""

from collections.abc import Iterator, Mapping
import json
from typing import Any

from shuffify.cli import terminal
from shuffify.cli.terminal import Column

FIELD_WIDTH = 10
DIGEST = {"count", "bytes", "sha256"}


def event_lines(row: Mapping[str, Any], user: str, width: int) -> Iterator[str]:
    """Yield an event as lines; `row` is what `ActivityLog.to_dict` gives."""
    metadata, changes = _apart(row["metadata"])
    yield from _fields(_facts(row, user), width)
    if metadata:
        yield ""
        yield "Metadata"
        shown = {name: _shown(metadata[name]) for name in sorted(metadata)}
        yield from _fields(shown, width, "  ")
    if changes:
        yield ""
        yield from _changes(changes, width)


def _apart(metadata: Any) -> tuple[dict[str, Any], Any]:
    """Return metadata of any shape, and what of it are changes of columns."""
    if not isinstance(metadata, Mapping):
        return ({} if metadata is None else {"": metadata}), None
    rest = dict(metadata)
    # A row about suspended recording has the number of the changes there.
    if isinstance(rest.get("changes"), (Mapping, list)):
        return rest, rest.pop("changes")
    return rest, None


def _facts(row: Mapping[str, Any], user: str) -> dict[str, str]:
    entity = ":".join(filter(None, (row["entity_type"], row["entity_id"])))
    playlist = row["playlist_name"] or ""
    if row["playlist_id"]:
        playlist = f"{playlist} ({row['playlist_id']})".strip()
    facts = {
        "Event": f"{row['id']} ({row['event_id']})",
        "Time": row["created_at"],
        "Type": row["activity_type"],
        "Sentence": row["description"],
        "Playlist": playlist,
        "User": user,
        "Entity": entity,
        "Source": row["source"] or "",
        "Request": row["request_id"] or "",
    }
    return {name: value for name, value in facts.items() if value}


def _fields(facts: Mapping[str, str], width: int, indent: str = "") -> Iterator[str]:
    name_width = max(FIELD_WIDTH, *(terminal.cells(terminal.harmless(name)) for name in facts))
    name_width = min(name_width, width // 3)
    room = width - name_width - len(indent) - len(terminal.GAP)
    for name, value in facts.items():
        names = terminal.wrapped(terminal.harmless(name), name_width)
        values = terminal.wrapped(terminal.harmless(value), room)
        for number in range(max(len(names), len(values))):
            left = names[number] if number < len(names) else ""
            right = values[number] if number < len(values) else ""
            padding = " " * (name_width - terminal.cells(left))
            yield f"{indent}{left}{padding}{terminal.GAP}{right}".rstrip()


def _changes(changes: Any, width: int) -> Iterator[str]:
    if not isinstance(changes, Mapping):
        # Too much for one row: the engine keeps the columns' names alone.
        names = ", ".join(map(str, changes))
        yield from _fields({"Changed": f"{names} (the values were too long to keep)"}, width)
        return
    room = (width - 24 - 2 * len(terminal.GAP)) // 2
    layout = ((Column("COLUMN", 24), Column("BEFORE", room), Column("AFTER", room)),)
    yield from terminal.table(
        layout,
        ({"COLUMN": name, **_sides(changes[name])} for name in sorted(changes)),
    )


def _sides(change: Any) -> dict[str, str]:
    if isinstance(change, (list, tuple)) and len(change) == 2:
        return {"BEFORE": _shown(change[0]), "AFTER": _shown(change[1])}
    # No change that the engine wrote; somebody looks at it to find out.
    return {"AFTER": _shown(change)}


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) and value.keys() == DIGEST:
        sha256 = str(value["sha256"])[:12]
        return f"count {value['count']}, {value['bytes']} bytes, sha256 {sha256}…"
    return json.dumps(value, ensure_ascii=False)
