"""What an ORM-enabled INSERT, UPDATE or DELETE says of itself: model, values, criteria.

SQLAlchemy shows `do_orm_execute` listeners the statement, not how it will run it. The attributes
of it that are not documented are the same in SQLAlchemy 2.0 and 2.1, and are read here alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import FromStatement, Mapper, ORMExecuteState
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BindParameter, ColumnClause

from .purity import has_effects, is_pure
from .states import is_expression

LONGEST_CRITERIA: Final = 500

_VALUES: Final = re.compile(
    r"/\*(?:.*\*/|.*)|--[^\n]*"  # Comments may say anything, and PostgreSQL's may nest.
    r"|\$(?P<tag>\w*)\$(?:.*?\$(?P=tag)\$|.*)"
    r"|\b[eE]'(?:[^'\\]|''|\\.)*'?|(?:\b[uU]&|\b[bBnNxX])?'(?:[^']|'')*'?"
    r'|"(?:[^"]|"")*"?'
    r"|\b__\[POSTCOMPILE_\w+\]|(?<!:):[A-Za-z_]\w*|(?<![\w.])\d[\w.]*",
    re.DOTALL,
)
"""Bound values as SQLAlchemy prints them, and what a caller's text may spell out."""

Set = dict[str, Any]
"""Values of one row by attribute name: Python values, or SQL expressions."""


class Dml:
    """One ORM-enabled statement with its parameters."""

    def __init__(self, statement: Any, entity: Any, state: ORMExecuteState) -> None:
        self.statement = statement
        self.mapper: Mapper[Any] = entity.mapper
        self.entity: Any = entity.entity
        self.parameters: Any = state.parameters or {}
        self.options = options = state.execution_options
        chosen: Any = (options.get("_sa_orm_update_options")
                       or options.get("_sa_orm_insert_options"))
        # What `from_statement` runs has the options of a read alone.
        flushing: Any = chosen or options.get("_sa_orm_load_options")
        self.autoflush: bool = True if flushing is None else flushing._autoflush
        self.is_bulk = chosen is not None and chosen._dml_strategy == "bulk"
        """SQLAlchemy's word for "by the parameters' own keys": no criteria, many sets."""
        self.hides_options = self.is_bulk and statement.is_update
        """SQLAlchemy does not hand its execution options on to the cursor then."""
        self.returns_rows = bool(statement._returning)
        self.replaces = statement.is_insert and bool(statement._prefixes)
        """It says more than INSERT, such as OR IGNORE or OR REPLACE."""
        self.is_upsert = statement.is_insert and (
            statement._post_values_clause is not None or self.replaces
        )
        self.alters = self.is_upsert or not statement.is_insert
        """Rows that were there before may be others afterwards."""

    @property
    def sets(self) -> list[Mapping[str, Any]]:
        """Return the parameters as a list, however many sets the caller gave."""
        many = isinstance(self.parameters, (list, tuple))
        return list(self.parameters) if many else [self.parameters]

    def attribute(self, key: Any) -> str | None:
        """Return the mapped attribute for a column, one of an alias too, or for its name."""
        if isinstance(key, str):
            if key in self.mapper.column_attrs:
                return key
            key = self.mapper.local_table.c.get(key)
        elif isinstance(key, ColumnClause) and key not in self.mapper._columntoproperty:
            # What is no column of the table means the one of that name, to SQLAlchemy as well.
            key = self.mapper.local_table.c.get(key.key)
        found = None if key is None else self.mapper._columntoproperty.get(key)
        return None if found is None else found.key

    def assigned(self) -> Set:
        """Return what the statement itself assigns; bound values that have none are left out."""
        return self._set(self._values(), {})

    def _values(self) -> Mapping[Any, Any]:
        # SQLAlchemy 2.0 keeps the values of `ordered_values` apart, as pairs.
        ordered = getattr(self.statement, "_ordered_values", None)
        return dict(ordered) if ordered else self.statement._values or {}

    def expressions(self) -> Set:
        """Return what the statement assigns as SQL, bound values included."""
        return {name: value for key, value in self._values().items()
                if (name := self.attribute(key)) is not None}

    def touched(self) -> frozenset[str]:
        """Return the attributes that an UPDATE sets; all of them where it does not tell."""
        found: set[str | None] = set()
        for key in self._values():
            found.update(map(self.attribute, _columns_of(key)))
        for parameters in self.sets:
            # What names no attribute is bound elsewhere in the statement.
            found.update(filter(None, map(self.attribute, parameters)))
        if not found or None in found:
            return frozenset(self.mapper.column_attrs.keys())
        return frozenset(filter(None, found))

    def inserted(self) -> list[Set] | None:
        """Return what an INSERT says of each row; None where a SELECT makes them."""
        if self.statement.select is not None:
            return None
        many = [one for some in self.statement._multi_values for one in some]
        if many:
            return [self._set(one, self.parameters) for one in many]
        common = self.statement._values or {}
        return [
            {**self._set(parameters, {}), **self._set(common, parameters)}
            for parameters in self.sets
        ]

    def _set(self, values: Mapping[Any, Any], parameters: Any) -> Set:
        found = {}
        for key, value in values.items():
            name = self.attribute(key)
            if name is None:
                continue
            if isinstance(value, BindParameter):
                if value.key in parameters:
                    value = parameters[value.key]
                elif value.required:
                    continue
                else:
                    value = value.effective_value
            found[name] = value
        return found

    def selected(self) -> tuple[list[str | None], Any]:
        """Return the attributes that INSERT FROM SELECT fills, and the SELECT."""
        names = [self.attribute(name) for name in self.statement._select_names]
        return names, self.statement.select

    def conflicts_lock(self) -> bool:
        """Tell whether an upsert may update the rows that stand in its way."""
        return "nothing" not in type(self.statement._post_values_clause).__name__.lower()

    def is_elsewhere(self, connection: Connection) -> bool:
        """Tell whether it runs in another schema than our reads on a connection would."""
        name = "schema_translate_map"
        if name not in self.options:
            return False
        return bool(self.options[name] != connection.get_execution_options().get(name))

    def can_be_read_first(self) -> bool:
        """Tell whether its rows can be selected beforehand without doing a part of its work."""
        if self.statement.is_insert:
            read = self.statement.select
            return read is None or is_pure(read) and not _holds_dml(read)
        where = self.statement.whereclause
        if where is not None and (has_effects(where) or _holds_dml(where)):
            return False
        return all(map(is_pure, self._new_key()))

    def _new_key(self) -> list[Any]:
        """Return what an UPDATE assigns to the key as SQL: it is worked out beforehand."""
        if not self.statement.is_update:
            return []
        given = self.expressions()
        names = (self.mapper.get_property_by_column(one).key for one in self.mapper.primary_key)
        return [given[name] for name in names if is_expression(given.get(name))]

    def criteria(self) -> str | None:
        """Return the WHERE in words: columns and operators, every value left out (rule A10)."""
        where = None if self.statement.is_insert else self.statement.whereclause
        if where is None:
            return None
        try:
            words = str(where)
        except SQLAlchemyError:
            return None  # A construct that only the statement around it can compile.
        names = self._quoted_names()

        def hide(found: re.Match[str]) -> str:
            part = found.group()
            if part.startswith(("/*", "--")):
                return " "
            # SQLite takes what is no name between double quotes for a string.
            return part if part in names else "?"

        return " ".join(_VALUES.sub(hide, words).split())[:LONGEST_CRITERIA]

    def _quoted_names(self) -> frozenset[str]:
        """Return the names of the model's schema as quotes hold them."""
        metadata = getattr(self.mapper.local_table, "metadata", None)
        tables = [] if metadata is None else metadata.tables.values()
        names = {name for table in tables for name in (table.schema, table.name)}
        names.update(column.name for table in tables for column in table.columns)
        return frozenset(f'"{name}"' for name in names)


def _holds_dml(clause: Any) -> bool:
    return any(getattr(part, "is_dml", False) for part in visitors.iterate(clause))


def _columns_of(key: Any) -> Sequence[Any]:
    """Return what a key of SET names: a column, the one of which it is a part, or some at once."""
    if isinstance(key, (str, ColumnClause)):
        return (key,)
    return [part for part in visitors.iterate(key) if isinstance(part, ColumnClause)] or (None,)


def dml_of(state: ORMExecuteState) -> Dml | None:
    """Return the ORM-enabled DML that is about to run; Core statements name no model."""
    statement: Any = state.statement
    if isinstance(statement, FromStatement):
        statement = statement.element
    entity = getattr(statement, "table", None)
    entity = None if entity is None else entity._annotations.get("parententity")
    return None if entity is None else Dml(statement, entity, state)
