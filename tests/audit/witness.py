"""Judges a trail by the tables alone: what was committed against what the log says of it.

Shares no code with the engine, so that a mistake there cannot excuse itself here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import JSON, Column, Engine, Table, Text, select

Rows: TypeAlias = dict[tuple[str, str], dict[str, Any]]
"""(entity, key) -> counted columns that are not null, as the trail should show them."""


class Subject:
    """An audited table: what the trail calls it, and the columns it need not tell of."""

    def __init__(self, model: Any, entity: str, ignored: Sequence[str] = ("user_id",)) -> None:
        self.table: Table = model.__table__
        self.entity = entity
        self.key = [column.name for column in self.table.primary_key]
        self.counted = [
            column for column in self.table.columns
            if not column.primary_key and column.name not in ignored
        ]

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's counted columns without the nulls."""
        return {
            column.name: _shown(column, row[column.name])
            for column in self.counted if row[column.name] is not None
        }


class Witness:
    """Dumps the tables through a connection of its own; compares two dumps with the trail."""

    def __init__(self, engine: Engine, log: Any, subjects: Sequence[Subject]) -> None:
        self.engine = engine
        self.log: Table = log.__table__
        self.subjects = {subject.entity: subject for subject in subjects}
        self.before: Rows = {}
        self.last_id = 0

    def restart(self) -> None:
        """Take the present state as the beginning."""
        self.last_id = max((row.id for row in self._new_rows(0)), default=0)
        self.before = self.dump()

    def check(self) -> list[str]:
        """Demand that the rows since the last check are exactly the difference; return types."""
        rows = self._new_rows(self.last_id)
        after = self.dump()
        self._compare(rows, self.before, after)
        self.before = after
        self.last_id = max((row.id for row in rows), default=self.last_id)
        return [row.activity_type for row in rows]

    def dump(self) -> Rows:
        """Return what is committed, as the trail should show it."""
        found: Rows = {}
        with self.engine.connect() as connection:
            for entity, subject in self.subjects.items():
                for row in connection.execute(select(subject.table)).mappings():
                    key = ":".join(str(row[name]) for name in subject.key)
                    found[entity, key] = subject.shown(row)
        return found

    def _new_rows(self, since: int) -> list[Any]:
        log = self.log
        with self.engine.connect() as connection:
            return list(connection.execute(
                select(log).where(log.c.id > since).order_by(log.c.id)
            ))

    def _compare(self, rows: Sequence[Any], before: Rows, after: Rows) -> None:
        left, came, operations = dict(before), dict(after), set()
        for row in rows:
            entity, _, operation = row.activity_type.rpartition("_")
            assert entity == row.entity_type
            here = (entity, row.entity_id)
            there = (entity, self._former(row)) if operation == "update" else here
            assert (operation, here) not in operations, f"twice: {operation} {here}"
            operations.add((operation, here))
            old = {} if operation == "create" else left.pop(there)
            new = {} if operation == "delete" else came.pop(here)
            expected = dict(_differences(old, new))
            told = {name: pair for name, pair in row.metadata_json["changes"].items()
                    if name not in self.subjects[entity].key}
            assert told == expected, f"{operation} {there} -> {here}: {told} != {expected}"
            assert operation != "update" or told or here != there, f"{here} did not change"
        assert left == came, f"not told: {_only(left, came)} became {_only(came, left)}"
        for operation, here in operations:
            assert operation != "delete" or ("create", here) not in operations, f"{here}: twice"
        times = [row.created_at for row in rows]
        assert times == sorted(times), "ids do not follow the order of the changes"

    def _former(self, row: Any) -> str:
        subject, changes = self.subjects[row.entity_type], row.metadata_json["changes"]
        now = dict(zip(subject.key, row.entity_id.split(":"), strict=True))
        for name, value in now.items():
            assert name not in changes or str(changes[name][1]) == value
        return ":".join(str(changes[name][0]) if name in changes else now[name] for name in now)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in old.keys() | new.keys():
        if old.get(name) != new.get(name):
            yield name, [old.get(name), new.get(name)]


def _only(these: Rows, others: Rows) -> Rows:
    return {key: row for key, row in these.items() if others.get(key) != row}


def _shown(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, JSON):
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return _digest(text, len(value))
    if isinstance(column.type, Text):
        return _digest(value, len(value))
    if isinstance(value, datetime):
        return value.isoformat() + "+00:00"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value


def _digest(text: str, count: int) -> dict[str, Any]:
    raw = text.encode()
    return {"count": count, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
