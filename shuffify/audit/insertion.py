"""The log's INSERT as the drivers take it, compiled once: finished rows need no more of Core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy import types as sqltypes
from sqlalchemy.engine import Dialect

from .marks import OWN
from .render import LIMITS

FIELDS: Final = frozenset(LIMITS) | {"user_id", "metadata_json", "created_at"}
"""What the engine fills of a log's columns; columns that the log lacks are left out."""

MAP: Final = "schema_translate_map"
"""The execution option that leads a table to another schema."""

Schemas: TypeAlias = tuple[tuple[str | None, str | None], ...]
"""The schema of the log's table with the one that a map translates it to; empty without one."""

_NOTHING: Final = object()


class Statement:
    """The log's INSERT for one dialect, compiled once, with its parameters' conversions.

    Rows reach it finished, so Core's work per execution would find nothing left to do. Where a
    Connection translates schemas, there is one for each schema of the log.
    """

    def __init__(self, table: Table, dialect: Dialect, schemas: Schemas = ()) -> None:
        names = [column.key for column in table.columns if column.key in FIELDS]
        options: Any = {MAP: dict(schemas), "render_schema_translate": True} if schemas else {}
        compiled: Any = insert(table).inline().compile(
            dialect=dialect, column_keys=names, **options
        )
        self.sql = str(compiled)
        OWN.add(self.sql)
        self._positional = compiled.positional
        bound = compiled.positiontup if compiled.positional else list(compiled.params)
        self._defaults = {
            column.key: (column.default.arg,
                         column.type.dialect_impl(dialect).bind_processor(dialect))
            for column in compiled.insert_prefetch if column.key not in FIELDS
        }
        self._names = [name for name in bound if name not in self._defaults]
        self._order = [bound.index(name) for name in self._names]
        self._bound = bound
        self._pick = _picking(self._names)
        self._convert = [
            (index, process) for index, name in enumerate(self._names)
            if (process := _processor(table.c[name].type, dialect)) is not None
        ]

    def parameters(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the rows as the driver takes them: one set of parameters, or a list of sets."""
        pick, convert, names = self._pick, self._convert, self._names
        sets: list[Any] = []
        given, made = [_NOTHING] * len(self._bound), [None] * len(self._bound)
        for row in rows:
            values = list(pick(row))
            for index, process in convert:
                # What one flush wrote has one time and mostly one user.
                if values[index] is not given[index]:
                    given[index], made[index] = values[index], process(values[index])
                values[index] = made[index]
            if self._defaults:
                sets.append(self._with_defaults(values))
            else:
                sets.append(tuple(values) if self._positional else dict(zip(names, values)))
        return sets[0] if len(sets) == 1 else sets

    def _with_defaults(self, values: list[Any]) -> Any:
        named = dict(zip(self._names, values, strict=True))
        for name, (argument, process) in self._defaults.items():
            value = argument(None) if callable(argument) else argument
            named[name] = value if process is None else process(value)
        return tuple([named[name] for name in self._bound]) if self._positional else named


def _picking(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    if len(names) > 1:
        return itemgetter(*names)
    name, = names  # Of one name, itemgetter returns the bare value.
    return lambda row: (row[name],)


def _processor(column_type: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    implementation = column_type.dialect_impl(dialect)
    if isinstance(_innermost(implementation), sqltypes.JSON):
        return None  # The row holds JSON text already; the statement casts it where need be.
    process = implementation.bind_processor(dialect)
    if is_uuid(column_type):
        return lambda value: as_uuid(value) if process is None else process(as_uuid(value))
    return process  # type: ignore[no-any-return]


def is_uuid(column_type: Any) -> bool:
    return isinstance(column_type, sqltypes.Uuid) and column_type.as_uuid


def as_uuid(value: Any) -> Any:
    """Return a UUID for the text that rows hold; raises ValueError where it is none."""
    return UUID(value) if isinstance(value, str) else value


def _innermost(column_type: Any) -> Any:
    while isinstance(column_type, sqltypes.TypeDecorator):
        column_type = column_type.impl_instance
    return column_type
