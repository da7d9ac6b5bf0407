"""Which columns are secret: by declaration, by type, by name, or by what they refer to (A10).

A foreign key holds what the column that it refers to holds: whatever makes that one secret makes
the key secret too, over as many foreign keys as lie between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.exc import NoReferenceError
from sqlalchemy.orm import Mapper, mapperlib
from sqlalchemy.orm.exc import UnmappedColumnError
from sqlalchemy.schema import Column

from .canonical import SECRET_NAME
from .policy import Audited, declared


def is_secret(policy: Audited, key: str, column: Column[Any]) -> bool:
    """Tell whether a column is only ever recorded as changed: declared, encrypted, named so, or
    a foreign key to one that is."""
    if key in policy.secret:
        return True
    if key in policy.shown:
        return False
    return _looks_secret(key, column) or _refers_to_a_secret(column, {column})


def referred(column: Column[Any]) -> list[Column[Any]]:
    """Return the columns that a column's foreign keys name, as far as their tables are known."""
    found = []
    for reference in column.foreign_keys:
        try:
            found.append(reference.column)
        except NoReferenceError:
            continue  # A table that is not defined yet, or in no metadata of ours.
    return found


def is_settled(column: Column[Any]) -> bool:
    """Tell whether all that a column refers to is mapped: what is mapped later may be secret."""
    return _is_settled(column, {column})


def _is_settled(column: Column[Any], seen: set[Column[Any]]) -> bool:
    targets = referred(column)
    if len(targets) < len(column.foreign_keys):
        return False
    new = [target for target in targets if target not in seen]
    seen.update(new)
    return all(any(_attributes_of(one)) and _is_settled(one, seen) for one in new)


def _looks_secret(key: str, column: Column[Any]) -> bool:
    if SECRET_NAME.search(key) or SECRET_NAME.search(column.name):
        return True
    return any("encrypt" in kind.__name__.lower() for kind in type(column.type).__mro__)


def _refers_to_a_secret(column: Column[Any], seen: set[Column[Any]]) -> bool:
    named = [one.target_fullname.rpartition(".")[2] for one in column.foreign_keys]
    targets = [target for target in referred(column) if target not in seen]
    seen.update(targets)
    return any(map(SECRET_NAME.search, named)) or any(
        _looks_secret(target.name, target) or _refers_to_a_secret(target, seen)
        or any(key in declared(mapper.class_).secret or SECRET_NAME.search(key)
               for mapper, key in _attributes_of(target))
        for target in targets
    )


def _attributes_of(column: Column[Any]) -> Iterator[tuple[Mapper[Any], str]]:
    """Yield the attributes under which classes have a column; heirs have those of their base.

    Of all registries, for bases may share tables. Only SQLAlchemy itself knows them all; its
    function is not documented and the same in 2.0 and 2.1.
    """
    for registry in mapperlib._all_registries():
        for mapper in registry.mappers:
            if column.table in mapper.tables:
                try:
                    yield mapper, mapper.get_property_by_column(column).key
                except UnmappedColumnError:
                    continue
