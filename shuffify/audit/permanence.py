"""Tables that keep their rows: the database refuses UPDATE, DELETE and TRUNCATE (rule A14).

Triggers, so that psql and the sqlite3 shell are refused as the app is; dropping the table stays
possible. A log has one door, a table beside it: while a row stands in there, which only the
transaction that put it there can see, its triggers let pass what the row names and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import (
    DDL, BigInteger, CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table,
    UniqueConstraint, delete, event, insert,
)
from sqlalchemy.engine import Connection, Dialect

from .errors import AuditError
from .savepoint import guarded

Model = TypeVar("Model", bound=type)

CLIENT_COLUMNS: Final = ("remote_addr", "user_agent")
"""Address and browser of whoever acted: what the door may blank."""

CLIENT_PART: Final = "client"
"""Where the metadata keeps the same, in a log without these columns."""

REFUSED: Final = "42501"
"""SQLSTATE "insufficient privilege", which the triggers raise on PostgreSQL."""

_PERMANENT: Final = "shuffify.audit.permanent"
_DOOR: Final = "shuffify.audit.door"


def permanent(model: Model, *, door: bool = True) -> Model:
    """Let the database keep a mapped class's rows as they are, from the table's creation on.

    ``door`` makes the table `<name>_door`, through which `AuditTrail.custody` prunes and
    erases. Dropping the table stays possible. `protect` serves tables that exist.
    """
    table: Table = model.__table__  # type: ignore[attr-defined]
    only_key(table)
    table.info[_PERMANENT] = True
    if door and _DOOR not in table.info:
        table.info[_DOOR] = _door_table(table)
    for name, listener in (("after_create", _created), ("after_drop", _dropped)):
        if not event.contains(table, name, listener):
            event.listen(table, name, listener)
    return model


def protect(connection: Connection, metadata: MetaData) -> None:
    """Make the triggers that permanent tables lack; on other databases than these two, nothing.

    For migrations: SQLite drops a table's triggers when a batch operation rebuilds it.
    """
    for table in metadata.sorted_tables:
        if table.info.get(_PERMANENT):
            _created(table, connection)


@contextmanager
def opened(connection: Connection, table: Table, action: str, up_to: int | None = None
           ) -> Iterator[None]:
    """Open a log's door for a block: ``prune`` deletes rows up to an id, ``blank`` the client.

    Closed again at the block's end; when it raises, all that it did is rolled back.
    """
    place = table.info.get(_DOOR)
    with guarded(connection):
        if place is None:
            yield  # Nothing keeps these rows.
            return
        connection.execute(insert(place).values(id=1, action=action, up_to=up_to, shut_by=0))
        yield
        connection.execute(delete(place))


def only_key(table: Table) -> Column[Any]:
    """Return a log's primary key; raises AuditError where it is not one column."""
    if len(table.primary_key) != 1:
        raise AuditError(f"{table.name} needs a primary key of one column for that.")
    (key,) = table.primary_key
    return key


def _door_table(table: Table) -> Table:
    name = f"{table.name}_door"
    target = f"{table.schema}.{name}" if table.schema else name
    return Table(
        name,
        table.metadata,
        # One at a time: who comes second waits for the first one's transaction.
        Column("id", Integer, CheckConstraint("id = 1", name="only"), primary_key=True,
               autoincrement=False),
        Column("action", String(10), nullable=False),
        Column("up_to", BigInteger),
        # Refers to a row that cannot be, and is looked at on COMMIT: a door that somebody left
        # open refuses the transaction.
        Column("shut_by", Integer,
               ForeignKey(f"{target}.id", deferrable=True, initially="DEFERRED"),
               CheckConstraint("shut_by = 0", name="never"), nullable=False),
        schema=table.schema,
    )


def _created(table: Table, connection: Connection, **_: Any) -> None:
    statements = _STATEMENTS.get(connection.dialect.name)
    for statement in statements(table, connection.dialect) if statements else ():
        _execute(connection, statement)


def _dropped(table: Table, connection: Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        function = _Names(table, connection.dialect).function
        _execute(connection, f"DROP FUNCTION IF EXISTS {function}()")


def _execute(connection: Connection, statement: str) -> None:
    escaped = statement.replace("%", "%%")
    connection.execute(DDL(escaped))  # type: ignore[no-untyped-call]


# -- the triggers ------------------------------------------------------------------------------


class _Names:
    """A table's names, quoted for one dialect."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._quote = dialect.identifier_preparer.quote
        door = table.info.get(_DOOR)
        self._name = table.name
        self._schema = f"{self._quote(table.schema)}." if table.schema else ""
        self.table = f"{self._schema}{self._quote(table.name)}"
        self.door = None if door is None else f"{self._schema}{self._quote(door.name)}"
        self.function = f"{self._schema}{self._quote(f'{table.name}_permanent')}"
        self.key = self._quote(only_key(table).name)
        self.columns = [self._quote(column.name) for column in table.columns]
        self.client = [self._quote(name) for name in CLIENT_COLUMNS if name in table.c]
        self.metadata = self._quote("metadata_json") if "metadata_json" in table.c else None
        told = f"{table.name} keeps its rows as they are"
        if door is not None:
            told += "; its one door is AuditTrail.custody"
        self.message = self.literal(told)

    @staticmethod
    def literal(text: str) -> str:
        return text.replace("'", "''")

    def trigger(self, what: str) -> str:
        return self._quote(f"{self._name}_{what}")

    def opened(self, condition: str) -> str:
        if self.door is None:
            return "FALSE"
        return f"EXISTS (SELECT 1 FROM {self.door} WHERE {condition})"


def _sqlite(table: Table, dialect: Dialect) -> list[str]:
    names = _Names(table, dialect)
    stands = "\n OR ".join(
        f"EXISTS (SELECT 1 FROM {names.table} WHERE "
        + " AND ".join(f"{column} = NEW.{column}" for column in unique) + ")"
        for unique in _unique(table, dialect)
    )
    conditions = {
        "no_delete": ("DELETE", "NOT " + names.opened(
            f"action = 'prune' AND up_to >= OLD.{names.key}")),
        "no_update": ("UPDATE", f"NOT {_sqlite_blank(names)}"),
        # REPLACE deletes without asking the DELETE trigger.
        "no_replace": ("INSERT", stands),
    }
    return [
        f"CREATE TRIGGER IF NOT EXISTS {names.trigger(what)} BEFORE {operation}"
        f" ON {names.table}\nWHEN {condition}\n"
        f"BEGIN SELECT RAISE(ABORT, '{names.message}'); END"
        for what, (operation, condition) in conditions.items()
    ]


def _sqlite_blank(names: _Names) -> str:
    if names.door is None:
        return "FALSE"
    kept = [f"NEW.{name} IS OLD.{name}" for name in names.columns
            if name not in (*names.client, names.metadata)]
    blank = [f"NEW.{name} IS NULL" for name in names.client]
    if names.metadata is not None:
        path = f"{names.metadata}, '$.{CLIENT_PART}'"
        kept.append(f"json_remove(NEW.{path}) IS json_remove(OLD.{path})")
        blank.append(f"json_type(NEW.{path}) IS NULL")
    passing = "\n AND ".join([names.opened("action = 'blank'"), *kept, *blank])
    return f"({passing})"


def _postgresql(table: Table, dialect: Dialect) -> list[str]:
    names = _Names(table, dialect)
    row, statement = names.trigger("no_change"), names.trigger("no_truncate")
    passing = "" if names.door is None else f"""
  IF TG_OP = 'DELETE' THEN
    IF {names.opened(f"action = 'prune' AND up_to >= OLD.{names.key}")} THEN
      RETURN OLD;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    IF {_postgresql_blank(names)} THEN
      RETURN NEW;
    END IF;
  END IF;"""
    return [
        f"""CREATE OR REPLACE FUNCTION {names.function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{passing}
  RAISE EXCEPTION USING ERRCODE = '{REFUSED}',
    MESSAGE = '{names.message}';
END $$""",
        # Else the caller's search path, or a temporary table, would say which door is meant.
        f"""DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION {names.literal(names.function)}() SET search_path = pg_catalog, '
    || (SELECT relnamespace::regnamespace FROM pg_class
        WHERE oid = '{names.literal(names.table)}'::regclass) || ', pg_temp';
END $$""",
        f"DROP TRIGGER IF EXISTS {row} ON {names.table}",
        f"CREATE TRIGGER {row} BEFORE UPDATE OR DELETE ON {names.table}\n"
        f"FOR EACH ROW EXECUTE FUNCTION {names.function}()",
        f"DROP TRIGGER IF EXISTS {statement} ON {names.table}",
        f"CREATE TRIGGER {statement} BEFORE TRUNCATE ON {names.table}\n"
        f"FOR EACH STATEMENT EXECUTE FUNCTION {names.function}()",
    ]


def _postgresql_blank(names: _Names) -> str:
    # A column that a later migration adds is compared like the others.
    without = "".join(f" - '{name}'" for name in CLIENT_COLUMNS)
    part = f"'{{metadata_json,{CLIENT_PART}}}'"
    return "\n      AND ".join([
        names.opened("action = 'blank'"),
        f"(to_jsonb(NEW) #- {part}){without}\n        = (to_jsonb(OLD) #- {part}){without}",
        *(f"NEW.{name} IS NULL" for name in names.client),
        f"to_jsonb(NEW) #> {part} IS NULL",
    ])


def _unique(table: Table, dialect: Dialect) -> list[list[str]]:
    """Return the columns of each key by which one row may take another's place."""
    quote = dialect.identifier_preparer.quote
    keys = [list(table.primary_key)]
    keys += [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += [list(index.columns) for index in table.indexes if index.unique]
    return sorted([quote(column.name) for column in key] for key in keys)


_STATEMENTS: Final = {"sqlite": _sqlite, "postgresql": _postgresql}
