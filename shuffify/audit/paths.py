"""Dotted paths of a policy: over many-to-one relationships to a column, without a lazy load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from .change import Values
from .plan import Path, Plan
from .reading import Row, column_by_key


def follow_paths(
    plan: Plan, targets: list[tuple[Row, Any]], session: Session, connection: Connection
) -> Iterator[tuple[Any, Values]]:
    """Resolve a policy's dotted paths for many rows: identity map first, then one read a hop."""
    resolved: dict[int, Values] = {index: {} for index in range(len(targets))}
    for path in plan.paths.values():
        local = plan.mapper.get_property_by_column(_pair(path, 0)[0]).key
        hops = {index: row.get(local) for index, (row, _) in enumerate(targets)}
        for position, step in enumerate(path.steps):
            last = position == len(path.steps) - 1
            wanted = path.column if last else step.mapper.get_property_by_column(
                _pair(path, position + 1)[0]
            ).key
            found = _hop(path, position, wanted, set(hops.values()) - {None}, session, connection)
            hops = {index: found.get(value) for index, value in hops.items()}
        natives, canon = path.canon
        for index, value in hops.items():
            resolved[index][path.name] = value if value.__class__ in natives else canon(value)
    for index, (_, target) in enumerate(targets):
        yield target, resolved[index]


def _pair(path: Path, position: int) -> tuple[Any, Any]:
    return path.steps[position].local_remote_pairs[0]


def _hop(path: Path, position: int, wanted: str, keys: set[Any], session: Session,
         connection: Connection) -> dict[Any, Any]:
    mapper = path.steps[position].mapper
    _, remote = _pair(path, position)
    found: dict[Any, Any] = {}
    if mapper.primary_key == (remote,):
        for key in keys:
            instance = session.identity_map.get(mapper.identity_key_from_primary_key((key,)))
            if instance is not None and wanted in instance.__dict__:
                found[key] = instance.__dict__[wanted]
    missing = keys - found.keys()
    if missing:
        column = mapper.columns[wanted]
        found.update(column_by_key(connection, remote, column, missing))
    return found
