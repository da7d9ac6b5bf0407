"""Bulk INSERT and upsert: which rows came, and which were there already (rule A8).

The rows are found by the keys that the caller gave, that SQLAlchemy learnt, or that the database
generated last; those of an upsert by every unique key that its values fill. Where the database
tells no key, a row says what was inserted, and of what it names no object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, Index, Table, UniqueConstraint, func, select, text
from sqlalchemy.engine.cursor import CursorResult, null_dml_result
from sqlalchemy.exc import SQLAlchemyError

from .canonical import UNKNOWN
from .change import Change
from .compare import Key, Moment, altered, canonical, created, deleted
from .keys import KeyDigest, Untold
from .look import Found, Look, in_order
from .reading import batches, key_in
from .savepoint import reading
from .statements import Set
from .states import is_expression


class Insert(Look):
    """An INSERT of values, of many parameter sets or of a SELECT's rows, or an upsert."""

    operation = "create"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sets: list[Set] = []
        self.is_told = False
        """The values are what the statement says, not what a SELECT may say differently."""
        self._told_keys: list[Key] | None = None
        """Those that we asked for."""
        self._count: int | None = None
        if self.dml.statement.select is not None and not self.dml.returns_rows \
                and "preserve_rowcount" not in self.dml.options:
            # Drivers forget how many rows an INSERT made once its cursor is closed.
            self.options = {"preserve_rowcount": True}

    @property
    def reads_first(self) -> bool:
        return self.dml.is_upsert or self.dml.statement.select is not None

    def _look(self) -> None:
        given = self.dml.inserted()
        self.is_told = given is not None
        self.sets = self._selected() if given is None else given
        if len(self.sets) > self.limit:
            keys = [] if given is None else list(self._given_keys())
            if len(keys) == len(self.sets):
                self.summary = {"keys": KeyDigest(sorted(keys)).hexdigest()}
            self.summary = {**(self.summary or {}),
                            "count": None if given is None else len(self.sets)}
        elif self.dml.is_upsert:
            keys = self._standing_keys() + self._stale_keys()
            self.before = self.rows(dict.fromkeys(keys), lock=self.dml.conflicts_lock())
        self._learn_keys()

    def _learn_keys(self) -> None:
        """Have the keys returned where the caller asked for no rows and gets no count."""
        if (
            self.summary is None and self.dml.is_bulk and not self.dml.returns_rows
            and len(list(self._given_keys())) < len(self.sets)
            and self.connection.dialect.insert_executemany_returning
            and getattr(self.dml.mapper.local_table, "implicit_returning", False)
            and self._may_learn()
        ):
            # What SQLAlchemy gives without them. All that may fail comes before the assignment.
            key = [getattr(self.dml.entity, name) for name in self.key]
            self.statement, self.answer = self.dml.statement.returning(*key), null_dml_result()

    def _may_learn(self) -> bool:
        """Tell whether the database returns rows to whoever may insert them.

        PostgreSQL refuses the whole statement to a role that may not read them, and where the
        table's rules return none. It is asked each time, for roles change.
        """
        if self.connection.dialect.name != "postgresql":
            return True
        with reading(self.connection):
            return all(
                bool(self.connection.scalar(_RETURNS, {"name": self._name(table)}))
                for table in self.dml.mapper.tables
            )

    def _name(self, table: Any) -> str:
        """Return a table's name as this connection's statements spell it."""
        schemas = self.connection.get_execution_options().get("schema_translate_map") or {}
        quote = self.connection.dialect.identifier_preparer.quote
        schema = schemas.get(table.schema, table.schema)
        return ".".join(quote(part) for part in (schema, table.name) if part)

    def heard(self, result: Any) -> None:
        if self.options and isinstance(result, CursorResult):
            count = result.context.rowcount
            # SQLAlchemy's own attribute: None has the driver asked, as without the option.
            result.context._rowcount = None
            self._count = count if count >= 0 else None
        if self.answer is not None:
            self._told_keys = [tuple(row) for row in result]

    def _selected(self) -> list[Set]:
        names, selected = self.dml.selected()
        with reading(self.connection):
            statement = select(selected.subquery()).limit(self.limit + 1)
            return [
                {name: value for name, value in zip(names, row, strict=True) if name is not None}
                for parameters in self.dml.sets
                for row in self.connection.execute(statement, parameters)
            ]

    # -- keys ------------------------------------------------------------------------------------

    def _given_keys(self) -> Iterator[Key]:
        for one in self.sets:
            key = tuple([one.get(name) for name in self.key])
            if not any(part is None or is_expression(part) for part in key):
                yield self.as_stored(key)

    def _learnt_keys(self, result: Any) -> list[Key]:
        if self._told_keys is not None:
            return self._told_keys
        try:
            rows = getattr(result, "raw", result).inserted_primary_key_rows
        except (AttributeError, SQLAlchemyError):
            return []  # The caller's own RETURNING, or values that SQLAlchemy keeps no count of.
        keys = [tuple(row) for row in rows]
        return [key for key in keys if len(key) == len(self.key) and None not in key]

    def _generated_rows(self) -> Found:
        """Find the rows by the key generated last; those that say something else are not ours."""
        table = self.dml.mapper.local_table
        last = _LAST.get(self.connection.dialect.name)
        if self.is_joined or len(self.key) != 1 or last is None or not isinstance(table, Table) \
                or table.autoincrement_column is None:
            return {}
        with reading(self.connection):
            newest = self.connection.execute(select(last)).scalar_one()
        keys = [(key,) for key in range(newest - len(self.sets) + 1, newest + 1)]
        found = self.rows(keys)
        by_key = {key: (plan, row) for plan, rows in found.items() for key, row in rows.items()}
        agree = all(
            key in by_key and _says(*by_key[key], one)
            for key, one in zip(keys, self.sets, strict=True)
        )
        return found if agree else {}

    def _stale_keys(self) -> list[Key]:
        """Return the key that SQLite gives for the new one where no row comes.

        It tells the last of whatever table; a row that has it now is none that comes.
        """
        if self.connection.dialect.name != "sqlite" or len(self.key) != 1 \
                or len(list(self._given_keys())) == len(self.sets):
            return []
        with reading(self.connection):
            return [(self.connection.execute(select(_LAST["sqlite"])).scalar_one(),)]

    def _standing_keys(self) -> list[Key]:
        """Return the keys of rows that agree with the new ones on some unique key."""
        mapper = self.dml.mapper
        found: dict[Key, None] = {}
        for columns in _unique_keys(mapper.local_table, self.dml.is_upsert):
            names = [name for name in map(self.dml.attribute, columns) if name is not None]
            values = {} if len(names) < len(columns) else {
                tuple([one[name] for name in names]): None for one in self.sets
                if all(name in one and one[name] is not None for name in names)
                and not any(is_expression(one[name]) for name in names)
            }
            if not values:
                continue
            with reading(self.connection):
                for some in batches(values):
                    statement = select(*mapper.primary_key).where(key_in(columns, some))
                    rows = self.connection.execute(statement)
                    found.update((tuple(row), None) for row in rows)
        return list(found)

    # -- changes ---------------------------------------------------------------------------------

    def changes(self, result: Any, moment: Moment) -> list[Change]:
        count = self.matched(result) if self._count is None else self._count
        if self.summary is not None:
            told = self.summary.pop("count", None)
            return self.summarised(count if told is None else told, moment)
        after: Found = {}
        self.attempt(lambda: after.update(self._now(result)))
        changes = []
        for plan, rows in after.items():
            for key, row in rows.items():
                before = self.before.get(plan, {}).get(key)
                change = created(plan, key, row, moment) if before is None \
                    else altered(plan, key, before, row, moment)
                if change is not None:
                    changes.append(change)
        if self.dml.replaces and after:
            changes = self._replaced(after, moment) + changes
        changes = self.with_paths(in_order(changes), after)
        found = sum(map(len, after.values()))
        if count is None and after and not (self.is_told or self.dml.is_upsert):
            count = len(self.sets)
        if after and (found or not count):
            return changes + self._not_found(count or 0, found, moment)
        if self.dml.is_upsert or not self.is_told or after and count != len(self.sets):
            return self.summarised(count, moment)
        return [change for one in self.sets for change in self._untold(one, moment)]

    def _not_found(self, count: int, found: int, moment: Moment) -> list[Change]:
        """Tell of rows that came under other keys than were expected."""
        # Of an upsert some databases count twice what it updates.
        more = (min(count, len(self.sets)) if self.dml.is_upsert else count) - found
        return self.summarised(more, moment) if more > 0 else []

    def _replaced(self, after: Found, moment: Moment) -> list[Change]:
        """Tell of rows that went because another came in their place."""
        return [
            deleted(plan, key, row, moment, {}, None)
            for plan, rows in self.before.items() for key, row in rows.items()
            if key not in after.get(plan, {})
        ]

    def _now(self, result: Any) -> Found:
        keys = list(self._given_keys())
        if len(keys) < len(self.sets):
            keys += self._learnt_keys(result)
        if self.dml.is_upsert:
            keys += [key for rows in self.before.values() for key in rows]
            keys += self._standing_keys()
        elif len(keys) < len(self.sets):
            keys = self._standing_keys()
            if len(keys) < len(self.sets):
                return self._generated_rows()
        return self.rows(dict.fromkeys(keys))

    def _untold(self, one: Set, moment: Moment) -> list[Change]:
        """Tell of a row whose key nobody learnt, as far as the statement does."""
        if self.plan is None:
            return []
        plain = {name: value for name, value in one.items() if not is_expression(value)}
        values = canonical(self.plan, plain, [name for name in plain if name in self.plan.columns])
        values.update(
            (name, UNKNOWN) for name in one if name in self.plan.columns and name not in plain
        )
        return [Change(self.plan, (Untold(),), "create", values, *moment)]


_RETURNS: Final = text(
    "SELECT has_table_privilege(oid, 'SELECT') AND NOT row_security_active(oid)"
    " AND NOT relhasrules FROM pg_class WHERE oid = to_regclass(:name)"
)

_LAST: Final[Mapping[str, Any]] = {
    "sqlite": func.last_insert_rowid(), "postgresql": func.lastval(),
}
"""The key generated last on this connection."""


def _unique_keys(table: Any, in_part: bool) -> list[list[Column[Any]]]:
    """Return the column lists that a new row may conflict on.

    ``in_part`` adds those of indexes that hold some rows only, or more than columns: old rows may
    agree on them with new ones.
    """
    if not isinstance(table, Table):
        return []
    found = [list(table.primary_key)]
    found += [list(one.columns) for one in table.constraints
              if isinstance(one, UniqueConstraint)]
    found += [list(index.columns) for index in table.indexes
              if index.unique and (in_part or _is_whole(index))]
    return [columns for columns in found if columns]


def _is_whole(index: Index) -> bool:
    """Tell whether an index is of every row, by columns alone."""
    return all(isinstance(one, Column) for one in index.expressions) and not any(
        index.dialect_options[name]["where"] is not None for name in _LAST
    )


def _says(plan: Any, row: Mapping[str, Any], one: Set) -> bool:
    """Tell whether a row holds what was inserted, as far as the statement says it."""
    names: Iterable[str] = [
        name for name, value in one.items() if name in plan.columns and not is_expression(value)
    ]
    # Secrets and digests compare as such; equal text is what counts.
    return canonical(plan, dict(row), names) == canonical(plan, one, names)
