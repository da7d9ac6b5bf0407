"""The activity rows that a step of the tour must leave, and how found ones differ from them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import re
from typing import Any

from shuffify.sandbox import library

Facts = dict[str, Any]
"""What the tour learned on its way, such as the ids of what it made."""


@dataclass(frozen=True)
class Known:
    """A value learned earlier, or learned here where it is met first."""

    name: str

    def agrees(self, found: Any, facts: Facts) -> bool:
        return found is not None and bool(facts.setdefault(self.name, found) == found)


@dataclass(frozen=True)
class KnownKey:
    """The number of a row, known or learned as such, as the trail writes keys: as text."""

    name: str

    def agrees(self, found: Any, facts: Facts) -> bool:
        if not (isinstance(found, str) and found.isdigit()):
            return False
        return bool(facts.setdefault(self.name, int(found)) == int(found))


@dataclass(frozen=True)
class Digest:
    """What stands in for a list of so many tracks."""

    count: int

    def agrees(self, found: Any, facts: Facts) -> bool:
        return (
            isinstance(found, dict)
            and found.keys() == {"count", "bytes", "sha256"}
            and found["count"] == self.count
            and found["bytes"] >= 2
            and bool(re.fullmatch("[0-9a-f]{64}", found["sha256"]))
        )


@dataclass(frozen=True)
class Moment:
    """A moment of this tour, as ISO 8601 in UTC."""

    def agrees(self, found: Any, facts: Facts) -> bool:
        try:
            moment = datetime.fromisoformat(found)
        except (TypeError, ValueError):
            return False
        return moment.utcoffset() == timedelta(0) and moment >= facts["start"]


@dataclass(frozen=True)
class Like:
    """A text that fits a pattern."""

    pattern: str

    def agrees(self, found: Any, facts: Facts) -> bool:
        return isinstance(found, str) and bool(re.fullmatch(self.pattern, found))


Matcher = Known | KnownKey | Digest | Moment | Like


@dataclass(frozen=True)
class Row:
    """One expected row; a playlist is named by its role in the sandbox's library."""

    type: str
    sentence: str | Callable[[Facts], str]
    metadata: Mapping[str, Any]
    playlist: str | None = None
    entity: tuple[str, Any] | None = None
    user: str = library.MIRA
    source: str = "web"

    def words(self, facts: Facts) -> str:
        """Return the sentence, made of facts where they are part of it."""
        return self.sentence if isinstance(self.sentence, str) else self.sentence(facts)

    def as_dict(self, facts: Facts, request_id: str) -> dict[str, Any]:
        """Return the row as `ActivityLog.to_dict` would give it, without its own ids."""
        playlist = self.playlist
        return {
            "user_id": facts.get(f"user:{self.user}"),
            "activity_type": self.type,
            "description": self.words(facts),
            "playlist_id": playlist and library.PLAYLISTS[playlist],
            "playlist_name": playlist and library.PLAYLIST_NAMES[playlist][:255],
            "metadata": self.metadata,
            "created_at": Moment(),
            "entity_type": self.entity and self.entity[0],
            "entity_id": self.entity and self.entity[1],
            "source": self.source,
            "request_id": request_id,
        }


OWN_IDS = frozenset({"id", "event_id"})


@dataclass
class Comparison:
    """Expected rows against found ones, and what was learned on the way."""

    facts: Facts
    differences: list[str] = field(default_factory=list)

    def rows(
        self, expected: Sequence[Row], found: Sequence[Mapping[str, Any]], request_id: str
    ) -> None:
        """Compare the rows of one step, in the order in which they were written."""
        for row, other in zip(expected, found, strict=False):
            wanted = row.as_dict(self.facts, request_id)
            actual = {name: value for name, value in other.items() if name not in OWN_IDS}
            self.differences += _differences(f"{row.type}: ", "", wanted, actual, self.facts)
        for row in expected[len(found):]:
            self.differences.append(f"missing: {row.type} “{row.words(self.facts)}”")
        for other in found[len(expected):]:
            self.differences.append(
                f"not expected: {other['activity_type']} “{other['description']}”"
            )


def _differences(
    start: str, path: str, wanted: Any, found: Any, facts: Facts
) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name in sorted({*wanted, *found}):
            here = f"{path}.{name}" if path else name
            if name not in found:
                yield f"{start}{here} is missing"
            elif name not in wanted:
                yield f"{start}{here} is not expected, but {found[name]!r}"
            else:
                yield from _differences(start, here, wanted[name], found[name], facts)
    elif not _agree(wanted, found, facts):
        yield f"{start}{path} is {found!r} instead of {wanted!r}"


def _agree(wanted: Any, found: Any, facts: Facts) -> bool:
    if isinstance(wanted, Matcher):
        return wanted.agrees(found, facts)
    if isinstance(wanted, (list, tuple)) and isinstance(found, (list, tuple)):
        return len(wanted) == len(found) and all(
            _agree(*pair, facts) for pair in zip(wanted, found, strict=True)
        )
    # True == 1 in Python, not in a trail.
    return type(wanted) is type(found) and bool(wanted == found)
