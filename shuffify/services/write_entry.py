"""The rows that shuffles and commits leave in the trail.

A write tells them when it ends; for one whose process died recovery tells the same, from what
its snapshot kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shuffify.algorithms import registry
from shuffify.enums import ActivityType, WriteState
from shuffify.spotify.sequences import Diff
from shuffify.spotify.tracks import Playlist
from shuffify.spotify.writes import WriteResult


@dataclass(frozen=True, slots=True)
class Entry:
    """The explicit activity row of a write that changes no row of ours by itself."""

    activity_type: ActivityType
    description: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a write ended; what it did is None where it was interrupted."""

    outcome: WriteState
    track_count: int
    method: str | None = None
    change: Diff | None = None

    @classmethod
    def of(cls, playlist: Playlist, result: WriteResult | None, outcome: WriteState) -> "Ending":
        """Take the ending from what a write found."""
        count = len(playlist.tracks)
        return cls(outcome, count, result.method, result.diff) if result else cls(outcome, count)


def shuffle_entry(playlist_name: str, recipe: Mapping[str, Any], ending: Ending) -> Entry:
    """Describe a shuffle; `recipe` holds algorithm, params and seed."""
    label = _label(recipe.get("algorithm"))
    using = f" using {label}" if label else ""
    sentence = f"Shuffled '{playlist_name}'{using}"
    if ending.outcome is WriteState.INTERRUPTED:
        sentence = f"Shuffling '{playlist_name}'{using} was interrupted"
    return Entry(
        ActivityType.SHUFFLE,
        sentence,
        {
            **recipe,
            "track_count": ending.track_count,
            "moved": ending.change.moved if ending.change else None,
            "method": ending.method,
            "outcome": ending.outcome.value,
        },
    )


def commit_entry(playlist_name: str, ending: Ending) -> Entry:
    """Describe a workshop commit."""
    sentence = f"Committed workshop changes to '{playlist_name}'"
    if ending.outcome is WriteState.INTERRUPTED:
        sentence = f"Committing workshop changes to '{playlist_name}' was interrupted"
    return Entry(
        ActivityType.WORKSHOP_COMMIT,
        sentence,
        {
            "track_count": ending.track_count,
            "added": ending.change.added if ending.change else None,
            "removed": ending.change.removed if ending.change else None,
            "moved": ending.change.moved if ending.change else None,
            "method": ending.method,
            "outcome": ending.outcome.value,
        },
    )


def _label(name: str | None) -> str | None:
    # A newer version, which recovers what an older one left open, may not know the algorithm.
    known = registry.ALGORITHMS.get(name or "")
    return known.label if known else name
