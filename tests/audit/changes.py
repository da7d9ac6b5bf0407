"""Changes made by hand, for tests of what is pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import inspect

from shuffify.audit import Audited, AuditContext, Change
from shuffify.audit.plan import Plan
from tests.audit.world import ActivityLog, Playlist

PLAN = Plan(inspect(Playlist), Audited(), ActivityLog.__table__)  # type: ignore[arg-type]

_BEGIN = datetime(2026, 11, 23, 8)
_seconds = count()


def _change(key: int, operation: Any, values: dict[str, Any], context: AuditContext | None,
            **more: Any) -> Change:
    at = _BEGIN + timedelta(seconds=next(_seconds))
    known = {"id": key, **values}
    return Change(PLAN, (key,), operation, known, context or AuditContext(), at, **more)


def create(key: int, context: AuditContext | None = None, **values: Any) -> Change:
    """Return the creation of a playlist."""
    everything = {**dict.fromkeys(PLAN.columns), **values}
    return _change(key, "create", everything, context)


def delete(key: int, context: AuditContext | None = None, **values: Any) -> Change:
    """Return the deletion of a playlist that had these values."""
    everything = {**dict.fromkeys(PLAN.columns), **values}
    return _change(key, "delete", everything, context)


def update(key: int, context: AuditContext | None = None, *, former: int | None = None,
           **pairs: Any) -> Change:
    """Return an update: ``name=("before", "after")``; ``former`` is the key before."""
    if former is not None:
        pairs["id"] = (former, key)
    old = {name: before for name, (before, _) in pairs.items()}
    new = {name: after for name, (_, after) in pairs.items()}
    return _change(key, "update", dict(new), context, old=old, new=new,
                   former_key=None if former is None else (former,))


def told(change: Change | None) -> Any:
    """Return what a change says, without who and when."""
    if change is None:
        return None
    if change.operation == "update":
        pairs = {name: (before, change.new[name]) for name, before in change.old.items()}
        return change.operation, change.former_key, change.key, pairs
    values = {name: change.values.get(name) for name in PLAN.counted}
    return change.operation, change.key, {k: v for k, v in values.items() if v is not None}
