"""Dotted paths of a policy: over many-to-one relationships to a column, without a lazy load."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, TypeAlias

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from .change import Values
from .declaration import Path
from .plan import Plan
from .reading import Row, columns_by_key

Steps: TypeAlias = tuple[Any, ...]

_NOWHERE: Final[Row] = {}


def follow_paths(
    plan: Plan, targets: list[tuple[Row, Any]], session: Session, connection: Connection
) -> Iterator[tuple[Any, Values]]:
    """Resolve a policy's dotted paths for many rows: identity map first, then one read a hop."""
    resolved: list[Values] = [{} for _ in targets]
    wanted = _wanted(plan)
    found: dict[Steps, dict[Any, Row]] = {}
    for path in plan.paths.values():
        local = plan.mapper.get_property_by_column(_pair(path.steps[0])[0]).key
        values = [row.get(local) for row, _ in targets]
        for position, name in enumerate(_names(path), 1):
            steps = path.steps[:position]
            if steps not in found:
                keys = set(values) - {None}
                found[steps] = _hop(steps[-1], wanted[steps], keys, session, connection)
            rows = found[steps]
            values = [rows.get(value, _NOWHERE).get(name) for value in values]
        natives, canon = path.canon
        for values_of, value in zip(resolved, values, strict=True):
            values_of[path.name] = value if value.__class__ in natives else canon(value)
    for (_, target), values_of in zip(targets, resolved, strict=True):
        yield target, values_of


def _wanted(plan: Plan) -> dict[Steps, list[str]]:
    """Collect what all paths want of each relation: it is read once."""
    wanted: dict[Steps, list[str]] = {}
    for path in plan.paths.values():
        for position, name in enumerate(_names(path), 1):
            names = wanted.setdefault(path.steps[:position], [])
            if name not in names:
                names.append(name)
    return wanted


def _names(path: Path) -> list[str]:
    """Return what a path wants of each relation: the next one's key, of the last its column."""
    keys = [
        step.mapper.get_property_by_column(_pair(following)[0]).key
        for step, following in pairwise(path.steps)
    ]
    return [*keys, path.column]


def _pair(step: Any) -> tuple[Any, Any]:
    return step.local_remote_pairs[0]  # type: ignore[no-any-return]


def _hop(step: Any, names: list[str], keys: set[Any], session: Session, connection: Connection
         ) -> dict[Any, Row]:
    mapper = step.mapper
    _, remote = _pair(step)
    found: dict[Any, Row] = {}
    if mapper.primary_key == (remote,):
        for key in keys:
            instance = session.identity_map.get(mapper.identity_key_from_primary_key((key,)))
            if instance is not None and instance.__dict__.keys() >= set(names):
                found[key] = instance.__dict__
    missing = keys - found.keys()
    if missing:
        found.update(columns_by_key(connection, remote, {
            name: mapper.columns[name] for name in names
        }, missing))
    return found
