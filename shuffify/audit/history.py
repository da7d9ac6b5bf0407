"""Reading the log back by object: its events, oldest first.

Rows are read through the session's own connection, without a flush: what it has flushed and not
yet committed is not in the log, but is taken for the present by `as_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, case, func, inspect, or_, select
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstanceState

from .canonical import naive_utc
from .change import FORMER_ID, HEIR
from .errors import HistoryError
from .event import Event, Key, event_of, former_of, metadata_of, unknown_key
from .insertion import as_uuid
from .keys import entity_id_of, given_key, parsed_key
from .plan import Plan
from .registry import Registry
from .render import LIMITS, text
from .tolerance import all_of

NEEDED = ("entity_type", "entity_id", "activity_type", "metadata_json", "created_at")
"""Columns without which a log cannot be read back."""


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
    heir = newer = None
    while True:
        for row in _rows(connection, log, plan, id_, before):
            event = event_of(plan, key, row)
            if heir is not None and event.event_id == heir:
                continue  # In one transaction, another took the key that this one gave up.
            if newer is not None and newer.operation == "create" and event.operation != "delete" \
                    and next_move(connection, log, plan, id_, event, newer):
                return found[::-1]  # What is older went on under another key.
            found.append(event)
            newer, former = event, former_of(plan, event)
            if former is not None:
                if not isinstance(row.created_at, datetime):
                    return found[::-1]  # Nobody can say what is older than that.
                # What is older under the new key was of another object.
                (id_, key), before = former, (row.created_at, getattr(row, "id", None))
                heir, newer = event.metadata.get(HEIR), None
                break
        else:
            return found[::-1]


def next_move(
    connection: Connection, log: Table, plan: Plan, id_: str, since: Event | datetime,
    until: Event | None = None,
) -> Any:
    """Return the first row after an event, or a time, by which an object gave up an id, or None.

    Rows of keys alone have no index: this looks at all rows of the entity since then.
    """
    at = since if isinstance(since, datetime) else since.at
    moved = select(*all_of(log)).where(
        log.c.entity_type == plan.entity, log.c.created_at >= at,
        tells_of(connection, log, FORMER_ID),
    )
    if until is not None:
        moved = moved.where(log.c.created_at <= until.at)
    for row in connection.execute(moved.order_by(*_order(log))):
        metadata = metadata_of(row.metadata_json) or {}
        if metadata.get(FORMER_ID) != id_ or not isinstance(row.created_at, datetime):
            continue
        if isinstance(since, datetime) or not _is_heir(since, metadata) \
                and (naive_utc(row.created_at), getattr(row, "id", 0)) > (since.at, since.id or 0):
            return row
    return None


def _is_heir(event: Event, metadata: Mapping[str, Any]) -> bool:
    """Tell whether an event took the key that the row of these metadata gave up before it."""
    return event.event_id is not None and event.event_id == metadata.get(HEIR)


def bearer_of(
    connection: Connection, log: Table, plan: Plan, id_: str, since: Event | datetime,
    stands: bool,
) -> str:
    """Return the id that an object has now, or had last, which bore one after an event or time.

    ``stands`` says whether the table has a row of that id. One that was deleted under it, and
    perhaps made again, is told of under it still.
    """
    while True:
        begun = None
        for row in reversed(_rows(connection, log, plan, id_, None)):
            event = event_of(plan, unknown_key(plan), row)
            if not _is_later(event, since):
                continue
            if event.operation == "delete":
                return id_
            if event.operation == "create" or former_of(plan, event) is not None:
                begun = event
                break
        if begun is None and stands:
            return id_  # Nobody else has come since: so it never left.
        row = next_move(connection, log, plan, id_, since)
        if row is None:
            return id_
        move = event_of(plan, unknown_key(plan), row)
        if begun is not None and _is_later(move, begun) and not _is_heir(begun, move.metadata):
            return id_  # It left unseen.
        id_, since, stands = row.entity_id, move, False


def _is_later(event: Event, since: Event | datetime) -> bool:
    if isinstance(since, datetime):
        return event.at > since
    return (event.at, event.id or 0) > (since.at, since.id or 0)


def tells_of(connection: Connection, log: Table, *path: str) -> ColumnElement[bool]:
    """Compare what stands at a path of the metadata; in a text, perhaps more rows than have it."""
    metadata = log.c.metadata_json
    if not isinstance(metadata.type, sqltypes.JSON):
        return metadata.like(f'%"{path[-1]}":%')
    part = metadata[path].as_string()
    if connection.dialect.name == "sqlite":
        # One row that is no JSON would end the whole statement.
        part = case((func.json_valid(metadata) == 1, part))
    found: ColumnElement[bool] = part.is_not(None)
    return found


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
            f"Event {event_id} tells its key as a digest, or as nothing that a key can be read "
            "from: take it from history(object)."
        )
    return event_of(plans[0], key, row)


def require_columns(log: Table) -> None:
    """Raise HistoryError for a log that cannot be read back."""
    missing = [name for name in NEEDED if name not in log.c]
    if missing:
        raise HistoryError(
            f"{log.name} lacks {', '.join(missing)}: without them it cannot be read back."
        )


def _order(log: Table) -> tuple[ColumnElement[Any], ...]:
    return (log.c.created_at, log.c.id) if "id" in log.c else (log.c.created_at,)


def _rows(
    connection: Connection, log: Table, plan: Plan, id_: str, before: tuple[Any, Any] | None
) -> list[Any]:
    if text(id_, len(id_)) != id_:
        return []  # No database has such a text, and no row was written under it.
    statement = select(*all_of(log)).where(
        log.c.entity_type == plan.entity, log.c.entity_id == id_
    )
    order = _order(log)
    if before is not None:
        at, number = before
        older = log.c.created_at < at
        if number is not None:
            older = or_(older, and_(log.c.created_at == at, log.c.id < number))
        statement = statement.where(older)
    found = connection.execute(statement.order_by(*(column.desc() for column in order)))
    return list(found)
