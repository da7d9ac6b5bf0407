"""A shadow of the app's database: PostgreSQL's own account of it, held against the trail.

Row triggers note each change of an audited table and each row of the log, in the transaction
that makes it. At a test's end what a transaction changed must be what its rows tell: each change
that the policy records by one row, with these values, and no row without its change. A row may
come later, or lie in the spool, where its own transaction had no room for it. What is written
past the trail on purpose, with `databases.connect` or `execution_options(audit="why")`, casts no
shadow; `@pytest.mark.unshadowed("why")` lets a test differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
import json
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, make_url

from shuffify.audit.canonical import encode
from shuffify.audit.change import Change
from shuffify.audit.context import AuditContext
from shuffify.audit.keys import entity_id_of
from shuffify.audit.plan import Plan
from shuffify.audit.registry import Registry
from shuffify.audit.render import differences
from shuffify.models.base import UtcDateTime, to_utc, utcnow
from shuffify.models.db import ActivityLog, db
from tests.databases import OWN_NAME

_TABLE = """
CREATE SCHEMA shadow;
CREATE TABLE shadow.changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction bigint NOT NULL DEFAULT txid_current(),
    relation text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE FUNCTION shadow.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO shadow.changes (relation, before, after) VALUES (
        TG_TABLE_NAME,
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END,
        CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END
    );
    RETURN NULL;
END $$;
"""

_TRIGGER = """
CREATE TRIGGER shadow AFTER INSERT OR UPDATE OR DELETE ON "{table}" FOR EACH ROW
WHEN (current_setting('application_name') <> '{name}') EXECUTE FUNCTION shadow.note();
"""

_READ = "SELECT transaction, relation, before, after FROM shadow.changes ORDER BY id"


class Told(NamedTuple):
    """What a row tells of an object, or should."""

    entity: str
    entity_id: str
    kind: str
    changes: Any
    """Each column's value before and after; of a row that was cut, the names alone."""

    def tells(self, other: Told) -> bool:
        """Tell whether this and another are the same, as far as this has not been cut."""
        if self[:3] != other[:3]:
            return False
        if isinstance(self.changes, list):
            return set(self.changes) <= set(other.changes)
        return bool(self.changes == other.changes)


@dataclass
class _Transaction:
    """What one transaction left, in the tables and in the log."""

    objects: dict[tuple[Plan, Any], list[Any]] = field(default_factory=dict)
    """Each object's row before the first change and after the last one."""
    rows: list[Told] = field(default_factory=list)
    unnamed: Counter[str] = field(default_factory=Counter)
    """How many objects of an entity are told of by a row that does not name them."""
    suspended: int = 0

    def note(self, plan: Plan, before: Any, after: Any) -> None:
        former = before and _key(plan, before)
        key = after and _key(plan, after)
        first = self.objects.pop((plan, former or key), [before])[0]
        self.objects[plan, key or former] = [first, after]

    def take(self, row: Mapping[str, Any]) -> None:
        metadata = row["metadata_json"] or {}
        self.unnamed.update(metadata.get("cascaded", {}))
        if row["activity_type"] == "audit_suspended":
            self.suspended += metadata["changes"]
        elif row["entity_type"] and row["entity_id"] is None:
            self.unnamed[row["entity_type"]] += metadata["bulk"]["count"]
        elif told := _told(row):
            self.rows.append(told)

    def settle(self) -> Iterator[Told]:
        """Yield the changes that none of its rows tells of; leave the rows without a change."""
        for (plan, key), (before, after) in self.objects.items():
            due = _due(plan, key, before, after)
            if due is None or _taken(self.rows, due):
                continue
            if self.unnamed[due.entity]:
                self.unnamed[due.entity] -= 1
            elif self.suspended:
                self.suspended -= 1
            else:
                yield due


@cache
def _plans() -> dict[str, Plan]:
    """Return how the app's own models are audited, by table; tests map more beside them."""
    registry = Registry(ActivityLog, ActivityLog.__table__)
    registry.bases.append(db.Model)
    ours = [one for one in db.Model.registry.mappers
            if one.class_.__module__.startswith("shuffify.")]
    plans = (registry.plan_of(mapper) for mapper in ours)
    return {plan.mapper.local_table.name: plan for plan in plans if plan is not None}


@cache
def _entities() -> frozenset[str]:
    return frozenset(plan.entity for plan in _plans().values())


def cast(url: str) -> None:
    """Let a database with all tables note from now on what happens to them."""
    with psycopg.connect(address(url)) as connection:
        connection.execute(_TABLE)
        for table in (*_plans(), ActivityLog.__tablename__):
            connection.execute(_TRIGGER.format(table=table, name=OWN_NAME))


def compare(url: str, folder: Path) -> None:
    """Fail the test that is running where trail and shadow differ."""
    found = unexplained(url, folder)
    if found:
        pytest.fail("\n  ".join(("the trail is not what the database saw:", *found)),
                    pytrace=False)


def unexplained(url: str, folder: Path) -> list[str]:
    """Return in words where trail and shadow differ; a folder holds the app's spool."""
    with psycopg.connect(address(url)) as connection:
        seen = connection.execute(_READ).fetchall()
    return list(_differences(_transactions(seen).values(), _spooled(folder)))


@event.listens_for(Engine, "begin")
def _name_what_is_allowed(connection: Connection) -> None:
    # At the driver: tests count what the app's engine executes.
    allowed = connection.get_execution_options().get("audit")
    if allowed and connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        cursor.execute(f"SET LOCAL application_name = '{OWN_NAME}'")
        cursor.close()


def address(url: str) -> str:
    """Return a database's address as the driver itself takes it."""
    whole = make_url(url).set(drivername="postgresql")
    return whole.render_as_string(hide_password=False)


def _transactions(seen: Iterable[Any]) -> dict[int, _Transaction]:
    found: dict[int, _Transaction] = {}
    for number, relation, before, after in seen:
        transaction = found.setdefault(number, _Transaction())
        if relation in _plans():
            transaction.note(_plans()[relation], before, after)
        elif before is None:
            transaction.take(after)
    return found


def _differences(transactions: Iterable[_Transaction], spooled: list[Told]) -> Iterator[str]:
    late: list[Told] = []
    for one in transactions:
        untold = list(one.settle())
        for row in one.rows:
            if not _taken(late, row):
                yield f"no change was seen for the row {_words(row)}"
        late += untold
    for due in late:
        if not _taken(spooled, due):
            yield f"no row tells of {_words(due)}"


def _taken(among: list[Told], one: Told) -> bool:
    """Take the first of some that is the same; tell whether there was one."""
    for index, other in enumerate(among):
        if other.tells(one) or one.tells(other):
            del among[index]
            return True
    return False


def _words(told: Told) -> str:
    return f"{told.kind} of {told.entity} {told.entity_id}: {json.dumps(told.changes)}"


def _told(row: Mapping[str, Any]) -> Told | None:
    """Return what a row tells of a change that the shadow sees; None for any other."""
    metadata = row.get("metadata_json") or {}
    if row.get("entity_type") not in _entities() or "changes" not in metadata:
        return None
    return Told(row["entity_type"], row["entity_id"], row["activity_type"], metadata["changes"])


def _spooled(folder: Path) -> list[Told]:
    return [told for path in folder.glob("**/audit-spool.jsonl*")
            for line in path.read_text().splitlines() if (told := _told(_parsed(line)))]


def _parsed(line: str) -> dict[str, Any]:
    """Return a line's row; tests put lines into the spool that are none."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _key(plan: Plan, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in plan.mapper.primary_key)


def _due(plan: Plan, key: Any, before: Any, after: Any) -> Told | None:
    """Return what the policy would have told of an object's change, or None for nothing."""
    change = _implied(plan, key, before, after)
    if change is None:
        return None
    rule = plan.types[change.action]
    kind = rule(change) if callable(rule) else rule
    if kind is None:
        return None
    changes = json.loads(encode(differences(change)))
    return Told(plan.entity, entity_id_of(plan, key), kind, changes)


def _implied(plan: Plan, key: Any, before: Any, after: Any) -> Change | None:
    if before is None and after is None:
        return None
    old, new = _canonical(plan, before), _canonical(plan, after)
    if before is None or after is None:
        operation: Any = "create" if before is None else "delete"
        return Change(plan, key, operation, new or old, AuditContext(), utcnow())
    names = [name for name in plan.columns
             if name in plan.counted_set and old[name] != new[name]]
    if not names:
        return None
    return Change(plan, key, "update", new, AuditContext(), utcnow(),
                  {name: old[name] for name in names}, {name: new[name] for name in names},
                  _key(plan, before))


def _canonical(plan: Plan, row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    found = {}
    for name, column in plan.columns.items():
        natives, canon = plan.canon[name]
        value = _as_loaded(column, row[column.name])
        found[name] = value if value.__class__ in natives else canon(value)
    return found


def _as_loaded(column: Any, value: Any) -> Any:
    if value is not None and isinstance(column.type, UtcDateTime):
        return to_utc(datetime.fromisoformat(value))
    return value
