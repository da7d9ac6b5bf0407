"""Taking an event back: the object becomes what it was before, and that is an event, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy import inspect as inspect_class
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session

from .change import Values
from .context import bind
from .errors import RevertError
from .event import Event, Key
from .history import bearer_of, events_of
from .keys import entity_id_of, parsed_key
from .plan import Plan
from .recall import NotKept, is_stored, logged


def revert(
    session: Session, reader: Connection, log: Table, plan: Plan, event: Event, *, force: bool,
    values: Mapping[str, Any],
) -> Any:
    """Undo one event in a session, and flush; see `AuditTrail.revert`."""
    # What is pending is the caller's own: it must not carry our reason.
    session.flush()
    lost = [name for name, part in zip(plan.primary_key, event.key, strict=True)
            if isinstance(part, NotKept)]
    if lost:
        raise RevertError(event.event_id or event.id, "The trail does not keep the key it had",
                          "Change the object by hand", lost)
    key = _key_now(session, reader, log, plan, event)
    target = session.get(plan.mapper.class_, key, populate_existing=True)
    if event.operation == "create":
        _require(target is not None, event, "The object is gone", "There is nothing to undo")
        if not force:
            _refuse_later_events(reader, log, plan, event, key)
    elif event.operation == "update":
        _require(target is not None, event, "The object is gone", "Revert its deletion first")
    else:
        _require(target is None, event, "The object exists again", "Revert what came later first")
    _refuse_taken(session, plan, event, key)
    _refuse_links(plan, event, force)
    _refuse_generated(session, plan, event)
    with bind(reason=f"revert of {event.event_id or event.id}"):
        if event.operation == "create":
            session.delete(target)
            target = None
        elif event.operation == "update":
            if not force:
                _refuse_later_values(plan, event, target)
            wanted = _values_before(plan, event, event.columns, values)
            for name, value in wanted.items():
                setattr(target, name, value)
        else:
            target = _made_again(plan, event, values)
            session.add(target)
        session.flush()
    if target is not None:
        # A foreign key was set by its value: what it refers to has to be read again.
        session.expire(target, inspect_class(plan.mapper.class_).relationships.keys())
    return target


def _require(holds: bool, event: Event, problem: str, remedy: str) -> None:
    if not holds:
        raise RevertError(event.event_id or event.id, problem, remedy)


def _key_now(
    session: Session, reader: Connection, log: Table, plan: Plan, event: Event
) -> Key:
    """Return the key that the event's object has now: it may have changed since."""
    id_ = entity_id_of(plan, event.key)
    stands = session.get(plan.mapper.class_, event.key) is not None
    now = bearer_of(reader, log, plan, id_, event, stands)
    key = event.key if now == id_ else parsed_key(plan, now)
    if key is None:
        raise RevertError(event.event_id or event.id, "The log has a digest alone of its key now",
                          "Change the object by hand", plan.primary_key)
    return key


def _refuse_taken(session: Session, plan: Plan, event: Event, key: Key) -> None:
    """Refuse to bring back a key that another object has."""
    former = tuple(
        event.before.get(name, part) for name, part in zip(plan.primary_key, key, strict=True)
    )
    if event.operation != "update" or former == key or any(
            part is None or isinstance(part, NotKept) for part in former):
        return
    if session.get(plan.mapper.class_, former) is not None:
        names = [name for name in plan.primary_key if name in event.columns]
        raise RevertError(event.event_id or event.id, "Another object has its former key",
                          "Give that one another key first", names)


def _refuse_links(plan: Plan, event: Event, force: bool) -> None:
    """Refuse what is told of many-to-many collections: names of what was linked, no keys."""
    links = [name for name in event.metadata.get("changes") or ()
             if name in plan.mapper.relationships]
    if not links or event.operation == "create":
        return
    if event.operation == "update" and not event.columns:
        raise RevertError(
            event.event_id or event.id, "The trail cannot put links back",
            "Add and remove them by hand", links,
        )
    if not force:
        raise RevertError(
            event.event_id or event.id, "The trail cannot put links back",
            "Pass force=True to revert the columns, then add and remove the links by hand", links,
        )


def _refuse_generated(session: Session, plan: Plan, event: Event) -> None:
    """Refuse what PostgreSQL lets nobody set: GENERATED ALWAYS AS IDENTITY."""
    names = {"create": (), "update": event.columns, "delete": plan.columns}[event.operation]
    always = [name for name in names if getattr(plan.columns[name].identity, "always", False)]
    connection = session.connection(bind_arguments={"mapper": plan.mapper}) if always else None
    if connection is not None and connection.dialect.name == "postgresql":
        raise RevertError(
            event.event_id or event.id, "The database alone gives these columns their values",
            "Insert the row by hand, with OVERRIDING SYSTEM VALUE", always,
        )


def _refuse_later_events(
    reader: Connection, log: Table, plan: Plan, event: Event, key: Key
) -> None:
    history = events_of(reader, log, plan, key)
    later = [one for one in history if (one.at, one.id) > (event.at, event.id)]
    columns = dict.fromkeys(name for one in later for name in one.columns)
    if later:
        raise RevertError(
            event.event_id or event.id, "It was changed since, which would be lost",
            "Pass force=True to delete it all the same", columns,
        )


def _refuse_later_values(plan: Plan, event: Event, target: Any) -> None:
    changed = event.metadata.get("changes", {})
    lost = [
        name for name in event.columns
        if not event.truncated
        and not is_stored(
            plan.columns[name].type, changed[name][1],
            logged(plan.canonical(name, getattr(target, name))),
        )
        and not _is_secret(event, name)
    ]
    if lost:
        raise RevertError(
            event.event_id or event.id, "Columns were changed since, which would be lost",
            "Pass force=True to overwrite them", lost,
        )


def _is_secret(event: Event, name: str) -> bool:
    value = event.after[name]
    return isinstance(value, NotKept) and value.why == "secret"


def _values_before(
    plan: Plan, event: Event, names: Any, given: Mapping[str, Any], required: Iterable[str] = ()
) -> Values:
    """Return what columns were before an event; raises RevertError for what nobody knows."""
    unknown = sorted(set(given) - set(plan.columns))
    if unknown:
        raise RevertError(event.event_id or event.id, "values names no columns",
                          f"Use some of {', '.join(plan.columns)}", unknown)
    moved = [
        name for name, part in zip(plan.primary_key, event.key, strict=True)
        if given.get(name, part) != part and not isinstance(event.before.get(name), NotKept)
    ]
    if moved:
        raise RevertError(event.event_id or event.id, "The object keeps its key",
                          "Leave them out of values", moved)
    known = {**event.before, **given}
    lost = [name for name in names if isinstance(known.get(name), NotKept)]
    lost += [name for name in required if known.get(name) is None and name not in lost]
    if lost:
        raise RevertError(
            event.event_id or event.id, "The trail does not keep these columns",
            "Give them with values={...}", lost,
        )
    return {name: known.get(name) for name in names} | dict(given)


def _made_again(plan: Plan, event: Event, given: Mapping[str, Any]) -> Any:
    """Return a new object with the values and the key of the deleted one."""
    mapper = plan.mapper
    key = dict(zip(plan.primary_key, event.key, strict=True))
    kind = {name: mapper.polymorphic_identity for name, column in plan.columns.items()
            if column is mapper.polymorphic_on and name not in event.columns}
    required = [
        name for name, column in plan.columns.items()
        if not column.nullable and name not in key and name not in kind
        and not _fills_itself(mapper, column)
    ]
    wanted = {**key, **_values_before(plan, event, plan.counted, given, required), **kind}
    # Not by the model's __init__: it may ask for what no column holds.
    target = mapper.class_manager.new_instance()
    for name, value in wanted.items():
        setattr(target, name, value)
    return target


def _fills_itself(mapper: Mapper[Any], column: Any) -> bool:
    is_counted = column is mapper.version_id_col and mapper.version_id_generator is not False
    return is_counted or column.default is not None or column.server_default is not None
