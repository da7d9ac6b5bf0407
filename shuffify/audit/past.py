"""An object's values at a time, going back from the present over what the log tells of it.

Some rows tell of objects that they do not name: a statement that left one row for all, and a
deletion that took others along by ON DELETE. What they may have changed is taken from the newest
row before that tells of it; where none does, the trail does not keep it, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError

from .canonical import instant, naive_utc
from .change import Values
from .errors import HistoryError, describe_error
from .event import Event, Key, event_of, metadata_of
from .history import bearer_of, events_of, tells_of
from .keys import entity_id_of, parsed_key
from .plan import Plan
from .reading import rows_by_key
from .recall import NotKept, logged, recalled
from .registry import Registry
from .retention import PRUNED
from .tolerance import all_of

Why = Literal["summarised", "cascaded", "unknown"]

_BY_WHAT: Final = {
    "summarised": "a statement that left one row for all",
    "cascaded": "the database's ON DELETE",
}


@dataclass(frozen=True, slots=True)
class _Untold:
    """A row that tells of objects without naming them: what it may have done to any of them."""

    at: datetime
    id: Any
    why: Why
    columns: frozenset[str]
    took: bool
    made: bool


def values_at(
    connection: Connection, log: Table, registry: Registry, plan: Plan, key: Key, when: datetime,
    known: Key | None,
) -> Values | None:
    """Return an object's values at a time; None when there was none.

    Holds the primary key and the counted columns; what the trail does not hold is `NotKept`. The
    log calls it by the key that is ``known``; None stands for whatever bore the key at that time.
    Raises HistoryError where the log does not tell whether the object was there, or which it was.
    """
    if not isinstance(when, datetime):
        raise HistoryError(f"{when!r} is no time: give a datetime; a naive one is UTC.")
    moment = naive_utc(when)
    if known is None:
        known = key = _bearer(connection, log, plan, key, moment)
    events = events_of(connection, log, plan, known)
    _refuse_pruned(connection, log, moment)
    steps: list[Event | _Untold] = [*events, *_untold(connection, log, registry, plan)]
    steps.sort(key=lambda step: (step.at, step.id or 0), reverse=True)
    past = _Past(plan, _live(connection, plan, key))
    for step in steps:
        if step.at > moment:
            past.cross(step)
        elif not past.settles_by(step):
            break
    if past.doubt is not None and not (past.values is None and past.is_made_later):
        raise HistoryError(
            f"Whether {plan.entity} {entity_id_of(plan, key)} was there at {instant(moment)} is "
            f"not in the log: {_BY_WHAT[past.doubt.why]} may have changed that at "
            f"{instant(past.doubt.at)}. Ask for a time since then."
        )
    return past.told()


def _bearer(connection: Connection, log: Table, plan: Plan, key: Key, moment: datetime) -> Key:
    """Return the key that an object has now, which bore another at a time."""
    id_ = entity_id_of(plan, key)
    stands = _live(connection, plan, key) is not None
    now = bearer_of(connection, log, plan, id_, moment, stands)
    found = key if now == id_ else parsed_key(plan, now)
    if found is None:
        raise HistoryError(
            f"{plan.entity} {id_} has another key now, of which the log has a digest alone. "
            "Ask for the object itself."
        )
    return found


def _live(connection: Connection, plan: Plan, key: Key) -> Values | None:
    try:
        # The row that there is: its key may read otherwise than it was written.
        return next(iter(rows_by_key(connection, plan, [key]).values()), None)
    except (DataError, OverflowError, UnicodeError) as error:
        raise HistoryError(
            f"The database takes no key of {plan.entity} such as this: {describe_error(error)}."
        ) from error


class _Past:
    """What stood before the steps that were gone back over."""

    def __init__(self, plan: Plan, live: Values | None) -> None:
        self.plan = plan
        self.names = [name for name in plan.columns if name in plan.counted_set]
        self.values = None if live is None else {
            name: _without_secrets(plan, name, live[name]) for name in self.names
        }
        self.lost: dict[str, Why] = {}
        """Columns of which the steps since do not tell what they held, unless one before does."""
        self.doubt: _Untold | None = None
        """What may have made or taken the object, unless a step before tells of it."""
        self.is_made_later = False
        self._closed: set[str] = set()
        """Columns that stay lost: what is older may have changed since."""

    def cross(self, step: Event | _Untold) -> None:
        """Go back over a step that came later than the time in question."""
        if isinstance(step, _Untold):
            self._cross_untold(step)
            return
        if step.operation == "create":
            self.values, self.is_made_later = None, True
        elif step.operation == "delete":
            self.values, self.lost = self._of(step), {}
        elif self.values is None:
            self._appear(step)
        self.doubt = None
        if self.values is not None:
            told = self.plan.counted_set.intersection(step.columns)
            self.values |= {name: step.before[name] for name in told}
            self.lost = {name: why for name, why in self.lost.items() if name not in told}

    def _cross_untold(self, step: _Untold) -> None:
        if self.values is None:
            self.doubt = step if step.took else self.doubt
            return
        self.doubt = step if step.made else self.doubt
        self.lost.update(
            (name, step.why) for name in step.columns
            if step.why != "cascaded" or self._may_have_cascaded(name)
        )

    def _may_have_cascaded(self, name: str) -> bool:
        return self.values is not None and (
            self.values[name] is None or self.plan.columns[name].server_default is not None
        )

    def settles_by(self, step: Event | _Untold) -> bool:
        """Learn what is open from a step before the time in question; tell if some still is."""
        if isinstance(step, _Untold):
            if self.doubt is not None and (step.took or step.made):
                self.is_made_later = False  # Either may have been it.
                return False
            self._closed.update(step.columns)
        elif self.doubt is not None:
            if step.operation == "delete":
                self.values = None
            elif self.values is None:
                self._appear(step)
            self.doubt = None
        if isinstance(step, Event) and self.values is not None:
            self._learn(step, self.values)
        return self.values is not None and bool(self.lost.keys() - self._closed) \
            or self.doubt is not None

    def _learn(self, event: Event, values: Values) -> None:
        if event.operation == "delete":
            self._closed.update(self.lost)  # Somebody made it again past the trail.
        for name in self.lost.keys() - self._closed:
            if name in event.columns or event.operation == "create":
                values[name] = event.after.get(name)
                del self.lost[name]

    def _appear(self, event: Event) -> None:
        """Take an object for one that was there, for a row tells of it, and is no more."""
        why: Why = "unknown" if self.doubt is None else self.doubt.why
        self.values = self._of(event)
        self.lost = {name: why for name in self.names if name not in self.plan.primary_key}

    def _of(self, event: Event) -> Values:
        key = zip(self.plan.primary_key, event.key, strict=True)
        return dict.fromkeys(self.names) | {
            name: part if isinstance(part, NotKept) else _without_secrets(self.plan, name, part)
            for name, part in key
        }

    def told(self) -> Values | None:
        """Return the values, and of those that are still open, why they are."""
        if self.values is None:
            return None
        return self.values | {name: NotKept(why) for name, why in self.lost.items()}


def _without_secrets(plan: Plan, name: str, live: Any) -> Any:
    """Return a value of the present; content that would be told as a digest is nobody's secret."""
    told = recalled(plan.columns[name].type, logged(plan.canonical(name, live)))
    return told if isinstance(told, NotKept) and told.why == "secret" else live


def _refuse_pruned(connection: Connection, log: Table, moment: datetime) -> None:
    """Raise HistoryError for a time of which rows are gone."""
    rows = connection.execute(
        select(*all_of(log)).where(log.c.activity_type == PRUNED, log.c.created_at > moment)
    )
    gone = max((_newest_of(row) for row in rows), default=moment)
    if gone > moment:
        raise HistoryError(
            f"Rows of the log up to {instant(gone)} were pruned: what stood at {instant(moment)} "
            "is not in it any more. Ask for a time since then."
        )


def _newest_of(row: Any) -> datetime:
    """Return the time of the newest row that went, or what cannot be older."""
    try:
        return naive_utc(datetime.fromisoformat((metadata_of(row.metadata_json) or {})["newest"]))
    except (KeyError, TypeError, ValueError):
        return row.created_at if isinstance(row.created_at, datetime) else datetime.min


def _untold(
    connection: Connection, log: Table, registry: Registry, plan: Plan
) -> Iterator[_Untold]:
    summed = log.c.entity_type.in_(registry.summed_under(plan)) & log.c.entity_id.is_(None)
    plans = {one.entity: one for one in registry.plans()}
    for row in _rows(connection, log, summed):
        yield _summed(plan, plans[row.entity_type], row)
    names = registry.counted_under(plan)
    parents = registry.parents_of(names)
    if not parents:
        return
    taking = log.c.entity_type.in_(parents) & tells_of(connection, log, "cascaded")
    for row in _rows(connection, log, taking):
        counted = (metadata_of(row.metadata_json) or {}).get("cascaded")
        reached = set(counted) if isinstance(counted, dict) else set()
        columns = frozenset(
            key for key, column in plan.columns.items() if key in plan.counted_set
            and not reached.isdisjoint(f"{name}.{column.name}" for name in names)
        )
        took = not reached.isdisjoint(names)
        if took or columns:
            yield _Untold(naive_utc(row.created_at), getattr(row, "id", None), "cascaded",
                          columns, took, made=False)


def _rows(connection: Connection, log: Table, which: ColumnElement[bool]) -> Iterator[Any]:
    for row in connection.execute(select(*all_of(log)).where(which)):
        if isinstance(row.created_at, datetime):
            yield row


def _summed(plan: Plan, named: Plan, row: Any) -> _Untold:
    """Return what a row that tells of many may have done; an upsert's says that it created."""
    event = event_of(named, (), row)
    told = plan.counted_set.intersection(event.columns)
    is_any = event.operation == "update" and not event.columns
    moves = event.operation == "update" and not told.isdisjoint(plan.primary_key)
    is_creation = event.operation == "create"
    columns = plan.counted_set if is_any or is_creation else told
    return _Untold(
        event.at, event.id, "summarised", columns - set(plan.primary_key),
        took=event.operation == "delete" or is_any or moves, made=is_creation or is_any or moves,
    )
