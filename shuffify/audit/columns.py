"""A mapper's columns, and which of them the trail must not, or need not, repeat."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import types as sqltypes
from sqlalchemy.orm import ColumnProperty, Mapper
from sqlalchemy.schema import Column

from .canonical import LONGEST_SHOWN, SECRET_NAME
from .policy import Audited

_DIGESTED: Final = (sqltypes.JSON, sqltypes.LargeBinary, sqltypes.Text)


def columns_of(mapper: Mapper[Any]) -> dict[str, Column[Any]]:
    """Return the real columns by attribute name; SQL expressions of a mapper are not stored."""
    return {
        attribute.key: attribute.columns[0]
        for attribute in mapper.column_attrs
        if isinstance(attribute, ColumnProperty) and isinstance(attribute.columns[0], Column)
    }


def is_secret(policy: Audited, key: str, column: Column[Any]) -> bool:
    """Tell whether a column is only ever recorded as changed: declared, encrypted, or named so."""
    if key in policy.secret:
        return True
    if key in policy.shown:
        return False
    referred = [reference.target_fullname.rpartition(".")[2]
                for reference in column.foreign_keys]
    if any(SECRET_NAME.search(name) for name in (key, column.name, *referred)):
        return True
    return any("encrypt" in kind.__name__.lower() for kind in type(column.type).__mro__)


def is_digest(policy: Audited, key: str, column: Column[Any]) -> bool:
    """Tell whether a column holds content, of which count, size and SHA-256 are recorded."""
    if key in policy.shown:
        return False
    kind = column.type
    if isinstance(kind, sqltypes.TypeDecorator):
        kind = kind.impl_instance
    if isinstance(kind, _DIGESTED):
        return True
    if isinstance(kind, sqltypes.String) and not isinstance(kind, sqltypes.Enum):
        return kind.length is None or kind.length > LONGEST_SHOWN
    return False
