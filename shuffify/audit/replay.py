"""One object's rows of the log, replayed: what it should be now, as far as they tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Table, func, or_, select
from sqlalchemy.engine import Connection

from .canonical import naive_utc
from .change import FORMER_ID, HEIR, Values
from .event import Event, Key, event_of, former_of, metadata_of, unknown_key
from .history import events_under, require_columns, tells_of
from .keys import parsed_key
from .plan import Plan
from .reading import batches
from .recall import NotKept, is_stored, logged
from .retention import PRUNED
from .tolerance import Unreadable, all_of, tolerant


class _NotTold:
    def __repr__(self) -> str:
        return "NOT_TOLD"


NOT_TOLD: Final = _NotTold()
"""No row says what a column holds: the object is older than the log."""

_REASONS: Final[Mapping[str, str]] = {
    "secret": "secret", "truncated": "the row's metadata was cut", "unknown": "was not told",
}


Place: TypeAlias = tuple[datetime, Any]
"""A row's time and its id: where it stands in the order in which rows are read."""


class Story:
    """What the events of one id come to, taken in one by one, oldest first."""

    __slots__ = ("plan", "exists", "created", "at", "events", "place", "former_ids", "has_moved",
                 "_recorded", "_lost", "_told_at", "_since")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.exists = False
        self.created = False
        """Its creation is among the events, so what they do not name was null."""
        self.at: datetime | None = None
        self.events = 0
        self.place: Place = (datetime.min, 0)
        """Where the newest event stands in the log."""
        self.former_ids: dict[str, Place] = {}
        """Ids that the object had before, with where it gave them up to nobody."""
        self.has_moved = False
        self._recorded: Values = {}
        self._lost: dict[str, NotKept] = {}
        self._told_at: dict[str, datetime] = {}
        self._since: datetime | None = None

    def take(self, event: Event) -> None:
        """Add the next event."""
        self.events += 1
        self.at = event.at
        self.place = (event.at, event.id or 0)
        former = former_of(self.plan, event)
        self.has_moved |= former is not None
        if former is not None and HEIR not in event.metadata:
            self.former_ids[former[0]] = self.place
        if event.operation != "update":
            self._recorded, self._lost, self._told_at = {}, {}, {}
            self.created = event.operation == "create"
            self._since = event.at
        self.exists = event.operation != "delete"
        changes = event.metadata.get("changes") or {}
        for name in event.columns:
            after = event.after[name]
            if isinstance(after, NotKept) and after.why != "digest":
                self._lost[name] = after
            else:
                self._lost.pop(name, None)
            self._recorded[name] = None if event.truncated else changes[name][1]
            self._told_at[name] = event.at

    def told(self, name: str) -> Any:
        """Return what a column should hold, in the log's own form; NOT_TOLD if no row says it."""
        if name in self._recorded:
            return self._recorded[name]
        return None if self.created and name in self.plan.columns else NOT_TOLD

    def told_at(self, name: str) -> datetime | None:
        """Return when the newest row said what a column holds; None if none did."""
        return self._told_at.get(name, self._since)

    def not_kept(self, name: str) -> str | None:
        """Return why the content of a column is not in the log, or None where it is."""
        lost = self._lost.get(name)
        return None if lost is None else _REASONS[lost.why]

    def agrees(self, name: str, live: Any) -> bool:
        """Tell whether a live column's canonical value is what the log says."""
        return is_stored(self.plan.columns[name].type, self.told(name), logged(live))

    def values(self) -> Values:
        """Return what is told of the counted columns, for a policy to look at."""
        return {name: self.told(name) for name in self.plan.counted
                if self.told(name) is not NOT_TOLD}


def stories(connection: Connection, log: Table, plan: Plan, ids: list[str]) -> dict[str, Story]:
    """Replay the rows about some ids of a model's, through every change of their keys."""
    require_columns(log)
    order = [log.c.created_at, *([log.c.id] if "id" in log.c else [])]
    rows = connection.execute(
        select(*all_of(log))
        .where(log.c.entity_type == plan.entity, log.c.entity_id.in_(ids))
        .order_by(log.c.entity_id, *order)
    )
    told: dict[str, Story] = {}
    keys: dict[str, Key] = {}
    for row in rows:
        id_ = row.entity_id
        if id_ not in told:
            told[id_], keys[id_] = Story(plan), parsed_key(plan, id_) or unknown_key(plan)
        told[id_].take(event_of(plan, keys[id_], row))
    for id_, story in told.items():
        if story.has_moved:
            told[id_] = whole = Story(plan)
            for event in events_under(connection, log, plan, id_, keys[id_]):
                whole.take(event)
            # Those under former ids count where they stand; of others that bore the same id for a
            # time, what they gave up for it is told here alone.
            whole.events = story.events
            whole.former_ids = {**story.former_ids, **whole.former_ids}
    return told


def given_up(connection: Connection, log: Table, plan: Plan) -> dict[str, Place]:
    """Return the ids that a model's objects had before, with where they last gave them up."""
    require_columns(log)
    moved = select(log.c.entity_id).distinct().where(
        log.c.entity_type == plan.entity, log.c.entity_id.is_not(None),
        or_(tells_of(connection, log, FORMER_ID),
            *(tells_of(connection, log, "changes", name) for name in plan.primary_key)),
    )
    found: dict[str, Place] = {}
    for ids in batches(connection.scalars(moved).all()):
        for story in stories(connection, log, plan, ids).values():
            for id_, place in story.former_ids.items():
                found[id_] = max(place, found.get(id_, place))
    return found


@dataclass(slots=True)
class Summaries:
    """Rows that tell of many objects without naming them, by entity: the newest of each."""

    pruned: bool = False
    summarised: dict[str, datetime] = field(default_factory=dict)
    cascaded: dict[str, datetime] = field(default_factory=dict)

    def summarised_since(self, entities: Iterable[str], since: datetime | None) -> bool:
        """Tell whether a bulk statement changed objects of some kinds after a time."""
        return any(is_later(self.summarised.get(entity), since) for entity in entities)

    def cascaded_since(self, names: Iterable[str], since: datetime | None) -> bool:
        """Tell whether ON DELETE took objects of some kinds, or references, after a time."""
        return any(is_later(self.cascaded.get(name), since) for name in names)


def is_later(newest: datetime | None, since: datetime | None) -> bool:
    """Tell whether there is a time that is not before another, which may be unknown."""
    return newest is not None and (since is None or newest >= since)


def summaries(connection: Connection, log: Table) -> Summaries:
    """Read the rows that tell of objects which they do not name."""
    require_columns(log)
    found = Summaries()
    pruned = select(log.c.activity_type).where(log.c.activity_type == PRUNED).limit(1)
    found.pruned = connection.execute(pruned).first() is not None
    unnamed = select(log.c.entity_type, tolerant(func.max(log.c.created_at), "at")).where(
        log.c.entity_type.is_not(None), log.c.entity_id.is_(None)
    ).group_by(log.c.entity_type)
    for entity, at in connection.execute(unnamed):
        _keep_newest(found.summarised, entity, at)
    counted = select(
        tolerant(log.c.created_at, "at"), tolerant(log.c.metadata_json, "metadata")
    ).where(tells_of(connection, log, "cascaded"))
    for at, metadata in connection.execute(counted):
        told = metadata_of(metadata) or {}
        cascaded = told.get("cascaded")
        for entity in cascaded if isinstance(cascaded, dict) else ():
            _keep_newest(found.cascaded, entity, at)
    return found


def _keep_newest(newest: dict[str, datetime], entity: str, at: Any) -> None:
    if isinstance(at, Unreadable) or at is None:
        return  # Nobody can say since when; an excuse for all times it is not.
    moment = naive_utc(at)
    newest[entity] = max(moment, newest.get(entity, moment))
