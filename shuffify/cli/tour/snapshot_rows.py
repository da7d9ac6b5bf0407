"""The rows that snapshots leave: taken before a write or by hand, gone back to, deleted."""

from datetime import datetime
from typing import Any

from shuffify.cli.tour.rows import Digest, Facts, Known, KnownKey, Moment, Row
from shuffify.sandbox import library

OCCASIONS = {
    "auto_pre_shuffle": "shuffle",
    "auto_pre_commit": "workshop commit",
    "auto_pre_restore": "restore",
    "auto_pre_raid": "raid",
    "scheduled_pre_execution": "scheduled shuffle",
}


def saved(playlist: str, count: int, snapshot: str, kind: str, **columns: Any) -> Row:
    """Expect the automatic snapshot of a write; `columns` are those beside the usual ones."""
    sentence = f"Saved '{library.PLAYLIST_NAMES[playlist]}' before {OCCASIONS[kind]}"
    return _row("create", sentence, playlist, count, snapshot, kind, {
        "automatic": True,
        "changes": _made(_columns(playlist, count, snapshot, kind) | columns),
    })


def taken(playlist: str, count: int, snapshot: str, **columns: Any) -> Row:
    """Expect a snapshot by hand."""
    sentence = f"Created snapshot of '{library.PLAYLIST_NAMES[playlist]}' ({count} tracks)"
    return _row("create", sentence, playlist, count, snapshot, "manual", {
        "automatic": False,
        "changes": _made(_columns(playlist, count, snapshot, "manual") | columns),
    })


def undone(playlist: str, count: int, snapshot: str, kind: str) -> Row:
    """Expect an undo that went back to this automatic snapshot."""
    sentence = f"Undid the last change to '{library.PLAYLIST_NAMES[playlist]}'"
    return _row("restore", sentence, playlist, count, snapshot, kind, {
        "undo": True,
        "taken_at": Known(f"{snapshot} taken"),
        "changes": _made({"restored_at": Moment(), "undone_at": Moment()}),
    })


def restored(playlist: str, count: int, snapshot: str) -> Row:
    """Expect a restore of a snapshot by hand."""

    def sentence(facts: Facts) -> str:
        name = library.PLAYLIST_NAMES[playlist]
        return f"Restored '{name}' to the snapshot of {_minute(facts[f'{snapshot} taken'])}"

    return _row("restore", sentence, playlist, count, snapshot, "manual", {
        "undo": False,
        "taken_at": Known(f"{snapshot} taken"),
        "changes": _made({"restored_at": Moment()}),
    })


def deleted(playlist: str, count: int, snapshot: str, restores: int, **columns: Any) -> Row:
    """Expect a snapshot by hand to be deleted, to which so many restores still point."""

    def sentence(facts: Facts) -> str:
        name = library.PLAYLIST_NAMES[playlist]
        return f"Deleted snapshot of '{name}' from {_minute(facts[f'{snapshot} taken'])}"

    gone = _columns(playlist, count, snapshot, "manual") | columns
    return _row("delete", sentence, playlist, count, snapshot, "manual", {
        "automatic": False,
        "taken_at": Known(f"{snapshot} taken"),
        "changes": {name: [value, None] for name, value in gone.items()},
        "cascaded": {"playlist_snapshot.restores_id": restores},
    })


def _row(
    operation: str, sentence: Any, playlist: str, count: int, snapshot: str, kind: str,
    metadata: dict[str, Any],
) -> Row:
    known = {
        "snapshot_id": Known(f"{snapshot} number"), "snapshot_type": kind, "track_count": count,
    }
    return Row(
        f"snapshot_{operation}",
        sentence,
        known | metadata,
        playlist=playlist,
        entity=("playlist_snapshot", KnownKey(f"{snapshot} number")),
    )


def _columns(playlist: str, count: int, snapshot: str, kind: str) -> dict[str, Any]:
    return {
        "playlist_id": library.PLAYLISTS[playlist],
        "track_uris": Digest(count),
        "track_count": count,
        "snapshot_type": kind,
        "created_at": Known(f"{snapshot} taken"),
    }


def _made(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: [None, value] for name, value in columns.items()}


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M} UTC"
