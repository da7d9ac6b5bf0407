"""Judges a trail by the tables alone: what was committed against what the log says of it.

Shares no code with the engine, so that a mistake there cannot excuse itself here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import JSON, Column, Connection, Engine, Table, Text, select

Place: TypeAlias = tuple[str, str]
Rows: TypeAlias = dict[Place, dict[str, Any]]
"""(entity, key) -> counted columns that are not null, as the trail should show them."""


class Collection(NamedTuple):
    """Links that an object owns: the association table, and whose names they show."""

    name: str
    pairs: Table
    linked: Table


class Subject:
    """An audited table: what the trail calls it, and the columns it need not tell of.

    ``falls_with`` is the column by which ON DELETE takes a row along, and its parent's entity.
    """

    def __init__(self, model: Any, entity: str, ignored: Sequence[str] = ("user_id",),
                 links: Sequence[Collection] = (), falls_with: tuple[str, str] | None = None
                 ) -> None:
        self.table: Table = model.__table__
        self.entity = entity
        self.links = links
        self.falls_with = falls_with
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


class Stint(NamedTuple):
    """What stood when an actor handed over, and in how many steps it came about."""

    actor: int
    rows: Rows
    steps: int


class Witness:
    """Dumps the tables through a connection of its own; compares two dumps with the trail."""

    def __init__(self, engine: Engine, log: Any, subjects: Sequence[Subject]) -> None:
        self.engine = engine
        self.log: Table = log.__table__
        self.subjects = {subject.entity: subject for subject in subjects}
        self.before: Rows = {}
        self.last_id = 0
        self.actor: int | None = None
        """Who acts now; None where a test does not ask who did what."""
        self.steps = 0
        """Flushes and statements since the actor took over."""
        self.stints: list[Stint] = []
        self.nested = False
        """Whether a savepoint was opened since the last check."""

    def restart(self) -> None:
        """Take the present state as the beginning."""
        self.last_id = max((row.id for row in self._new_rows(0)), default=0)
        self.before = self.dump()
        self.stints, self.steps, self.nested = [], 0, False

    def hand_over(self, connection: Connection, nested: bool = False) -> None:
        """Note what stands, as the transaction itself sees it: another may act from now on."""
        assert self.actor is not None
        self.nested = self.nested or nested
        self.stints.append(Stint(self.actor, self._dump(connection), self.steps))
        self.steps = 0

    def check(self) -> list[str]:
        """Demand that the rows since the last check are exactly the difference; return types."""
        rows = self._new_rows(self.last_id)
        after = self.dump()
        self._compare(rows, self.before, after)
        if self.actor is not None:
            self._compare_actors(rows, after)
        self.before = after
        self.stints, self.steps, self.nested = [], 0, False
        self.last_id = max((row.id for row in rows), default=self.last_id)
        return [row.activity_type for row in rows]

    def dump(self) -> Rows:
        """Return what is committed, as the trail should show it."""
        with self.engine.connect() as connection:
            return self._dump(connection)

    def _dump(self, connection: Connection) -> Rows:
        found: Rows = {}
        for entity, subject in self.subjects.items():
            for row in connection.execute(select(subject.table)).mappings():
                key = ":".join(str(row[name]) for name in subject.key)
                found[entity, key] = subject.shown(row)
            for name, pairs, linked in subject.links:
                owner, other = pairs.c
                for key, *link in connection.execute(
                    select(owner, other, linked.c.name).join(linked, linked.c.id == other)
                ):
                    found[entity, str(key)].setdefault(name, set()).add(tuple(link))
        return found

    def _new_rows(self, since: int) -> list[Any]:
        log = self.log
        with self.engine.connect() as connection:
            return list(connection.execute(
                select(log).where(log.c.id > since).order_by(log.c.id)
            ))

    def _compare(self, rows: Sequence[Any], before: Rows, after: Rows) -> None:
        left, came, operations = dict(before), dict(after), set()
        fallen = Fallen(self.subjects, before, after)
        for row in rows:
            entity, _, operation = row.activity_type.rpartition("_")
            assert entity == row.entity_type
            here = (entity, row.entity_id)
            there = (entity, self._former(row)) if operation == "update" else here
            assert (operation, here) not in operations, f"twice: {operation} {here}"
            operations.add((operation, here))
            fallen.count(row, here)
            if operation != "delete" and fallen.took(row, here):
                left.pop(here, None)
                continue  # It was told of before ON DELETE took it.
            old = {} if operation == "create" else left.pop(there)
            new = {} if operation == "delete" else came.pop(here)
            expected = dict(_differences(old, new, operation))
            told = {name: pair for name, pair in row.metadata_json["changes"].items()
                    if name not in self.subjects[entity].key}
            for collection in self.subjects[entity].links:
                if collection.name in told:
                    told[collection.name] = [
                        names and sorted(names) for names in told[collection.name]
                    ]
            assert told == expected, f"{operation} {there} -> {here}: {told} != {expected}"
            assert operation != "update" or told or here != there or (
                row.metadata_json.get("cascaded")
            ), f"{here} did not change"
        for here in [here for here in left if here not in came and fallen.took(None, here)]:
            del left[here]
        fallen.check()
        assert left == came, f"not told: {_only(left, came)} became {_only(came, left)}"
        for operation, here in operations:
            assert operation != "delete" or ("create", here) not in operations, f"{here}: twice"
        times = [row.created_at for row in rows]
        assert times == sorted(times), "ids do not follow the order of the changes"

    def _compare_actors(self, rows: Sequence[Any], after: Rows) -> None:
        """Demand that each row names who first changed its object, since it was as before.

        A stint of several steps may have put an object back and changed it again, and so does
        one flush that puts its columns back and changes its links: links are told after columns.
        Where keys change, an object has no one place in the dumps; and one that was deleted with
        others and made again may be as it was. A savepoint nets its own changes first: what it
        deletes and makes again was altered, by whom the object was first changed outside.
        """
        assert self.actor is not None
        stints, known = [*self.stints, Stint(self.actor, after, self.steps)], self.before | after
        for row in rows:
            here = (row.entity_type, row.entity_id)
            if len(self.subjects[row.entity_type].key) > 1 or here not in known or (
                row.activity_type.endswith("_update") and "cascaded" in row.metadata_json
            ):
                continue
            first = 1 + max((number for number, stint in enumerate(stints)
                             if stint.rows.get(here) == self.before.get(here)), default=-1)
            allowed = {stint.actor for stint in stints[first:first + 1]} | {
                stint.actor for stint in stints[first:] if stint.steps > 1
                or _columns(stint.rows.get(here)) == _columns(self.before.get(here))
            }
            if self.nested:
                allowed |= {stint.actor for stint in stints[:first]
                            if stint.rows.get(here) != self.before.get(here)}
            assert row.user_id in allowed, f"{row.activity_type} {here}: not by {row.user_id}"

    def _former(self, row: Any) -> str:
        subject, changes = self.subjects[row.entity_type], row.metadata_json["changes"]
        now = dict(zip(subject.key, row.entity_id.split(":"), strict=True))
        for name, value in now.items():
            assert name not in changes or str(changes[name][1]) == value
        return ":".join(str(changes[name][0]) if name in changes else now[name] for name in now)


class Fallen:
    """What the database's ON DELETE took: it is gone without a row, and counted in another's."""

    def __init__(self, subjects: Mapping[str, Subject], before: Rows, after: Rows) -> None:
        self.subjects = subjects
        self.before = before
        self.after = after
        self.parents: dict[Place, Place] = {}
        self.counted: dict[Place, Counter[str]] = {}

    def count(self, row: Any, here: Place) -> None:
        """Note how many of each entity a row says went with its object."""
        if "cascaded" in row.metadata_json:
            self.counted[here] = Counter(row.metadata_json["cascaded"])

    def took(self, row: Any, here: Place) -> bool:
        """Tell whether an object that has no row of its own end can only have been taken."""
        way = self.subjects[here[0]].falls_with
        if way is None or here in self.after:
            return False
        column, parent = way
        known = self.before.get(here)
        key = known[column] if known is not None else row.metadata_json["changes"][column][1]
        self.parents[here] = (parent, str(key))
        return True

    def check(self) -> None:
        """Demand that each row counts exactly what went with its object.

        An object that was made and deleted again leaves no row, nor a count.
        """
        expected: dict[Place, Counter[str]] = {}
        for here in self.parents:
            root = self.parents[here]
            while root in self.parents:
                root = self.parents[root]
            if here in self.before or root in self.before:
                expected.setdefault(root, Counter())[here[0]] += 1
        assert self.counted == expected, f"cascaded: {self.counted} != {expected}"


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], operation: str
                 ) -> Iterator[tuple[str, Any]]:
    for name in old.keys() | new.keys():
        one, two = old.get(name), new.get(name)
        if isinstance(one or two, set):
            gone, came = ((one or set()) - (two or set())), ((two or set()) - (one or set()))
            if gone or came:
                yield name, [None if operation == "create" else _names(gone),
                             None if operation == "delete" else _names(came)]
        elif one != two:
            yield name, [one, two]


def _columns(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return row and {name: value for name, value in row.items() if not isinstance(value, set)}


def _names(links: set[tuple[int, str]]) -> list[str]:
    return sorted(name or f"#{key}" for key, name in links)


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
