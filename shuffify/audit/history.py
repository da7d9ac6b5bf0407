"""Reading the log back by object: its events, oldest first.

Rows are read through the session's own connection, without a flush: what it has flushed and not
yet committed is not in the log, but is taken for the present by `as_of`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Table, and_, inspect, or_, select
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstanceState

from .canonical import naive_utc
from .change import FORMER_ID
from .errors import HistoryError
from .insertion import as_uuid
from .keys import entity_id_of, given_key, parsed_key
from .plan import Plan
from .recall import NotKept, recalled
from .registry import Registry
from .render import LIMITS, text
from .tolerance import all_of

Key: TypeAlias = tuple[Any, ...]
Operation: TypeAlias = Literal["create", "update", "delete"]

NEEDED = ("entity_type", "entity_id", "activity_type", "metadata_json", "created_at")
"""Columns without which a log cannot be read back."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log about one object."""

    id: Any
    event_id: str | None
    type: str
    description: str
    at: datetime
    """Naive UTC."""
    user_id: Any
    entity: str
    key: Key
    """The object's primary key after the event (before it, for a delete); parts that were secret
    and are no more are `NotKept`."""
    operation: Operation
    columns: tuple[str, ...]
    """Attributes that changed; with values in `before` and `after` unless `truncated`."""
    before: Mapping[str, Any]
    """Values before, as the model has them; `NotKept` where the trail holds none."""
    after: Mapping[str, Any]
    truncated: bool
    source: str | None
    request_id: str | None
    metadata: Mapping[str, Any] = field(repr=False)


def plan_named(registry: Registry, entity: Any) -> Plan:
    """Return the plan of an entity; raises HistoryError for what is none."""
    for plan in registry.plans():
        if plan.entity == entity:
            return plan
    known = ", ".join(plan.entity for plan in registry.plans())
    raise HistoryError(f"{entity!r} is no audited entity. Use one of {known}.")


def subject_of(registry: Registry, of: Any) -> tuple[Plan, Key]:
    """Return the plan and the key of an object, or of an `(entity, key)` pair.

    A key of several columns is a tuple. Raises HistoryError for what is not audited or new.
    """
    if isinstance(of, tuple):
        if len(of) != 2:
            raise HistoryError(f"{of!r} names no object. Give an audited object or (entity, key).")
        entity, key = of
        plan = plan_named(registry, entity)
        key = tuple(key) if isinstance(key, (tuple, list)) else (key,)
        if len(key) != len(plan.primary_key):
            raise HistoryError(
                f"A key of {entity} has {len(plan.primary_key)} parts: give "
                f"({', '.join(plan.primary_key)})."
            )
        return plan, given_key(plan, key)
    state = inspect(of, raiseerr=False)
    plan_of_it = registry.plan_of(state.mapper) if isinstance(state, InstanceState) else None
    if plan_of_it is None:
        raise HistoryError(f"{of!r} is not audited. Give an audited object or (entity, key).")
    if state.key is None:
        raise HistoryError(f"{of!r} has never been flushed: it has no history.")
    return plan_of_it, state.key[1]


def events_of(connection: Connection, log: Table, plan: Plan, key: Key) -> list[Event]:
    """Return all events of an object, oldest first, through every change of its key."""
    return events_under(connection, log, plan, entity_id_of(plan, key), key)


def events_under(
    connection: Connection, log: Table, plan: Plan, id_: str, key: Key
) -> list[Event]:
    """Return all events of the object that the log calls so now, oldest first."""
    require_columns(log)
    found: list[Event] = []
    before: tuple[Any, Any] | None = None
    while True:
        rows = _rows(connection, log, plan, id_, before)
        for row in rows:
            event = event_of(plan, key, row)
            found.append(event)
            former = former_of(plan, event)
            if former is not None:
                if not isinstance(row.created_at, datetime):
                    return found[::-1]  # Nobody can say what is older than that.
                # What is older under the new key was of another object.
                (id_, key), before = former, (row.created_at, row.id)
                break
        else:
            return found[::-1]


def event_by_id(connection: Connection, log: Table, registry: Registry, event_id: Any) -> Event:
    """Return an object's event by its event id; raises HistoryError."""
    if not isinstance(event_id, (str, UUID)):
        raise HistoryError(f"{event_id!r} is no event. Give one of history(object), or its id.")
    require_columns(log)
    if "event_id" not in log.c:
        raise HistoryError(f"{log.name} has no event ids: take it from history(object).")
    kind, shown = log.c.event_id.type, text(str(event_id), LIMITS["event_id"])
    if shown != str(event_id):
        raise HistoryError(f"There is no event {shown!r}.")
    try:
        given = as_uuid(event_id) if isinstance(kind, sqltypes.Uuid) else event_id
    except ValueError:
        raise HistoryError(f"There is no event {event_id}.") from None
    wanted = given if getattr(kind, "as_uuid", False) else str(given)
    row = connection.execute(select(log).where(log.c.event_id == wanted)).one_or_none()
    if row is None:
        raise HistoryError(f"There is no event {event_id}.")
    plans = [plan for plan in registry.plans() if plan.entity == row.entity_type]
    if not plans or row.entity_id is None:
        raise HistoryError(f"Event {event_id} is about no audited object.")
    key = parsed_key(plans[0], row.entity_id)
    if key is None:
        raise HistoryError(
            f"Event {event_id} tells its key as a digest: take it from history(object)."
        )
    return event_of(plans[0], key, row)


def require_columns(log: Table) -> None:
    """Raise HistoryError for a log that cannot be read back."""
    missing = [name for name in NEEDED if name not in log.c]
    if missing:
        raise HistoryError(
            f"{log.name} lacks {', '.join(missing)}: without them it cannot be read back."
        )


def _rows(
    connection: Connection, log: Table, plan: Plan, id_: str, before: tuple[Any, Any] | None
) -> list[Any]:
    if text(id_, len(id_)) != id_:
        return []  # No database has such a text, and no row was written under it.
    statement = select(*all_of(log)).where(
        log.c.entity_type == plan.entity, log.c.entity_id == id_
    )
    order = (log.c.created_at, log.c.id) if "id" in log.c else (log.c.created_at,)
    if before is not None:
        at, number = before
        older = log.c.created_at < at
        if len(order) == 2:
            older = or_(older, and_(log.c.created_at == at, log.c.id < number))
        statement = statement.where(older)
    found = connection.execute(statement.order_by(*(column.desc() for column in order)))
    return list(found)


def event_of(plan: Plan, key: Key, row: Any) -> Event:
    """Return a row of the log as an event of the object with this key."""
    event_id = getattr(row, "event_id", None)
    metadata = metadata_of(row.metadata_json)
    if metadata is None or not _is_told(metadata):
        # It may have told of any column: that is not covered, and verify names the row.
        metadata = {"truncated": True, "changes": list(plan.counted)}
    changes = metadata.get("changes") or {}
    truncated = bool(metadata.get("truncated"))
    columns = tuple(name for name in changes if name in plan.columns)
    pairs = (
        {name: (NotKept("truncated"),) * 2 for name in columns} if truncated
        else {name: _pair(plan, name, changes[name]) for name in columns}
    )
    return Event(
        id=getattr(row, "id", None),
        event_id=None if event_id is None else str(event_id),
        type=row.activity_type,
        description=getattr(row, "description", ""),
        at=naive_utc(row.created_at) if isinstance(row.created_at, datetime) else datetime.min,
        user_id=getattr(row, "user_id", None),
        entity=plan.entity,
        key=key,
        operation="update" if FORMER_ID in metadata
        else _operation(plan, row.activity_type, pairs, truncated),
        columns=columns,
        before={name: pair[0] for name, pair in pairs.items()},
        after={name: pair[1] for name, pair in pairs.items()},
        truncated=truncated,
        source=getattr(row, "source", None),
        request_id=getattr(row, "request_id", None),
        metadata=metadata,
    )


def metadata_of(stored: Any) -> dict[str, Any] | None:
    """Return a row's metadata, which a log may keep as text; None for what is no object."""
    if isinstance(stored, str):
        try:
            stored = json.loads(stored)
        except (RecursionError, ValueError):
            return None
    stored = {} if stored is None else stored
    return stored if isinstance(stored, dict) else None


def _is_told(metadata: Mapping[str, Any]) -> bool:
    """Tell whether the changes have the form in which they are written."""
    changes = metadata.get("changes") or {}
    if metadata.get("truncated"):
        return isinstance(changes, (dict, list)) and all(isinstance(one, str) for one in changes)
    return isinstance(changes, dict) and all(
        isinstance(pair, list) and len(pair) == 2 for pair in changes.values()
    )


def _pair(plan: Plan, name: str, recorded: Any) -> tuple[Any, Any]:
    kind = plan.columns[name].type
    before, after = recorded
    return recalled(kind, before), recalled(kind, after)


def _operation(
    plan: Plan, kind: str, pairs: Mapping[str, tuple[Any, Any]], truncated: bool
) -> Operation:
    """Tell what happened to the table's row, which a type of the policy's need not say.

    A creation tells nothing before, a deletion nothing after, and each tells of every counted
    column that was not null: null on one side of a column that may not be null is proof. Without
    one, the type says it if only one operation bears it and what is told allows for it: a row
    that `soft_delete` calls a delete has the mark after. Else it takes all columns to be null.
    """
    required = {name for name in plan.counted if not plan.columns[name].nullable}
    told = () if truncated else pairs.values()
    went = any(before is not None for before, _ in told)
    came = any(after is not None for _, after in told)
    if went and came:
        return "update"
    if came or went:
        alone: Operation = "create" if came else "delete"
        if not required.isdisjoint(pairs):
            return alone
    named = [operation for operation, rule in plan.types.items() if rule == kind]
    if len(named) == 1:
        is_whole = bool(required) and required <= pairs.keys()
        is_marked = came or truncated and plan.soft_delete in pairs and not is_whole
        if named[0] == "create" and not went:
            return "create"
        return "delete" if named[0] == "delete" and not is_marked else "update"
    if not (came or went) or required or pairs.keys() == {plan.soft_delete}:
        return "update"
    return alone


def former_of(plan: Plan, event: Event) -> tuple[str, Key] | None:
    """Return the id and the key before an update that changed them; None where they stayed.

    Parts of the key that the trail does not keep are `NotKept`.
    """
    if event.operation != "update" or set(event.columns).isdisjoint(plan.primary_key):
        return None
    key = tuple(
        event.before[name] if name in event.columns else part
        for name, part in zip(plan.primary_key, event.key, strict=True)
    )
    id_ = event.metadata.get(FORMER_ID)
    if not any(isinstance(part, NotKept) for part in key):
        return entity_id_of(plan, key), key
    return (id_, parsed_key(plan, id_) or key) if isinstance(id_, str) else None


def unknown_key(plan: Plan) -> Key:
    """Return what stands for the key of an object of which the log has only a digest."""
    return (NotKept("secret" if plan.has_secret_key else "digest"),) * len(plan.primary_key)
