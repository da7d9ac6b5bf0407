"""One row of the log about one object, as an event: what it tells, in the model's own values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from .canonical import naive_utc
from .change import FORMER_ID
from .keys import entity_id_of, parsed_key
from .plan import Plan
from .recall import NotKept, recalled

Key: TypeAlias = tuple[Any, ...]
Operation: TypeAlias = Literal["create", "update", "delete"]


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
