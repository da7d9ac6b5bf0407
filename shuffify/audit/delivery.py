"""From net changes to durable rows: render, write, and save what was refused (rules A2 and A3)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from operator import itemgetter
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.engine import Connection, Engine

from .change import Change
from .context import AuditContext
from .counters import Counters
from .errors import describe_error, traced
from .event_ids import heirs, new_event_ids
from .ledger import Frame, Refused
from .render import Renderer, Row, acting, actor_of, sentence_for
from .spool import Spool
from .suspension import SUSPENDED
from .unit import Unit, utcnow
from .writer import SCHEMA, Writer, is_doomed

log = logging.getLogger("shuffify.audit")

_type_of: Final = itemgetter("activity_type")


class Delivery:
    """Takes changes to the log table, whatever happens on the way."""

    def __init__(self, table: Table, spool: Spool, counters: Counters) -> None:
        self.writer = Writer(table)
        self.renderer = Renderer(table, self._degraded)
        self.spool = spool
        self._counters = counters
        user = table.c.get("user_id")
        self._needs_user = user is not None and not user.nullable

    def write(self, connection: Connection, frame: Frame, changes: list[Change]) -> None:
        """Write the changes' rows inside the caller's transaction; what is refused waits."""
        rows = self._rows(frame, changes) if changes else []
        if frame.passed:
            rows = sorted(rows + self._suspensions(frame), key=itemgetter("created_at"))
        if not rows:
            return
        began = perf_counter()
        refusal = self.writer.write(connection, rows)
        self._counters.took("write", perf_counter() - began)
        if refusal is None:
            frame.wrote(map(_type_of, rows))
            return
        error = describe_error(refusal.error)
        log.warning("%d audit rows refused (%s): %s", len(rows), refusal.stage, error)
        if not refusal.doomed:
            frame.refused += [Refused(row, refusal.stage, error, retry=True) for row in rows]

    def put_off(self, frame: Frame, changes: list[Change], and_passed: bool = False) -> None:
        """Let rows wait for the commit: what they tell of is on another bind than the log."""
        rows = self._rows(frame, changes, elsewhere=True) if changes else []
        if and_passed:
            rows += self._suspensions(frame)
        why = "another bind than the log's"
        frame.refused += [Refused(row, "bind", why, retry=True) for row in rows]

    def gap(self, frame: Frame, context: AuditContext, what: str, error: Exception) -> None:
        """Keep the fact that something went unrecorded: an auditor must see the gap."""
        told = describe_error(error)
        log.error("%s could not be audited: %s", what, traced(error))
        row = self._own_row(context, utcnow(), "audit_gap", f"{what} went unrecorded",
                            {"error": type(error).__name__})
        if context.actor.kind == "unknown":
            self._unknown(row)
        may_stand = row["user_id"] is not None or not self._needs_user
        frame.refused.append(Refused(row, "capture", told, retry=may_stand))

    def hold(self, connection: Connection, frame: Frame, row: Row, error: Exception) -> None:
        """Let a refused explicit row wait for the caller's outcome."""
        told = describe_error(error)
        log.warning("an explicit audit row was refused: %s", told)
        if not is_doomed(connection, error):
            frame.refused.append(Refused(row, "insert", told, retry=True))

    def replay(self, engine: Engine, user_id: Any) -> dict[str, int]:
        """Write what the spool holds; see `AuditTrail.replay`."""

        def put(line: Row) -> str:
            # A line may be older than a column of the log.
            row = {**dict.fromkeys(self.renderer.fields), **line}
            if row.get("user_id") is None:
                row["user_id"] = user_id
            answer = self.writer.put(engine, row)
            if answer == "inserted":
                self._counters.add("replayed")
            elif answer != "present":
                log.error("audit row %s stays in the spool: %s", row["event_id"], answer)
            return answer

        return self.spool.replay(put)

    def settle(self, unit: Unit) -> None:
        """Count what became durable; save what was refused, now that the connection is back."""
        done = unit.done()
        if done is None:
            return
        if done.refused:
            self._save(unit, done.refused)
        if done.rows:
            self._counters.add_rows(done.rows)

    def follow(self, unit: Unit) -> None:
        """Leave it to the transaction that the session had joined: until it ends, only wait."""
        done, root = unit.done(), unit.outcome()
        if done is not None:
            self.leave(unit, done)
        if unit.connection is None or not (root.rows or root.refused):
            unit.stop_waiting()
            return
        waiting = unit.waiting()
        waiting.leave()
        waiting.when_undone(root.forget)
        waiting.when_committed(partial(self.leave, unit, root))

    def leave(self, unit: Unit, done: Frame) -> None:
        """Count and save just before the COMMIT: afterwards nobody is told of it."""
        for one in self._placed(unit, done.refused):
            self.lose(one.row, one.stage, one.error)
        self._counters.add_rows(done.rows)
        done.forget()

    def lose(self, row: Mapping[str, Any], stage: str, error: str) -> None:
        """Count a row that the table does not have, and keep it in the spool."""
        try:
            known = {name: row[name] for name in row
                     if name in self.renderer.fields or name == SCHEMA}
            self.spool.append(known, stage, error)
        except Exception as problem:
            self._counters.add("degraded.spool")
            log.error("the audit spool cannot be written: %s", describe_error(problem))
        self._counters.add(f"losses.{stage}")

    # -- rows ----------------------------------------------------------------------------------

    def _rows(self, frame: Frame, changes: list[Change], elsewhere: bool = False) -> list[Row]:
        ids = new_event_ids(len(changes), changes[0].at, os.urandom(8 * len(changes)))
        rows: list[Row] = []
        render = self.renderer.row
        given_up = any([change.former_key for change in changes])
        taken = heirs(changes, ids) if given_up and "event_id" in self.renderer.fields else {}
        for change, event_id in zip(changes, ids, strict=True):
            try:
                row = render(change, event_id, elsewhere, taken.get(event_id))
            except Exception as error:
                self._degraded("row", change, error)
                row = self._least(change, event_id)
            if row is None:
                continue
            if row["user_id"] is None or change.context.actor.kind == "unknown":
                self._admit(row, change.context, frame, rows)
            else:
                rows.append(row)
        return rows

    def _admit(self, row: Row, context: AuditContext, frame: Frame, rows: list[Row]) -> None:
        if context.actor.kind == "unknown":
            self._unknown(row)
        if row["user_id"] is None and self._needs_user:
            frame.refused.append(Refused(row, "actor", "no user is bound or owns it", False))
        else:
            rows.append(row)

    def _suspensions(self, frame: Frame) -> list[Row]:
        """Say of each suspension who let how many changes pass, and why."""
        rows: list[Row] = []
        for pause, passed in frame.passed.items():
            number = f"{passed.number} change{'' if passed.number == 1 else 's'}"
            said = f"Let {number} pass unrecorded: {pause.reason}"
            row = self._own_row(passed.context, passed.at, SUSPENDED, said,
                                {"changes": passed.number, "reason": pause.reason})
            self._admit(row, passed.context, frame, rows)
        frame.passed.clear()
        return rows

    def _own_row(self, context: AuditContext, at: datetime, kind: str, said: str,
                 told: dict[str, Any]) -> Row:
        """Return a row about the trail itself, with who acted and why as in any other."""
        metadata: dict[str, Any] = {}
        actor = context.actor
        if actor.kind != "user" or actor.user_id is None:
            metadata["actor"] = actor_of(context)
        self.renderer.add_context(metadata, context)
        return self.renderer.explicit(context, at, {
            "user_id": actor.user_id,
            "activity_type": kind,
            "description": said,
            "playlist_id": None,
            "playlist_name": None,
            "metadata_json": {**metadata, **told},
            "event_id": None,
        })

    def _least(self, change: Change, event_id: str) -> Row:
        """Say that an object changed where nothing more can be said of it."""
        user_id, _ = acting(change.context, change)
        known = {
            "user_id": user_id,
            "activity_type": f"{change.entity}_{change.action}",
            "description": sentence_for(change),
            "created_at": change.at,
            "event_id": event_id,
            "entity_type": change.entity,
            "entity_id": change.entity_id if change.is_named else None,
            "source": change.context.source,
            "request_id": change.context.request_id,
        }
        return self.renderer.fit({**dict.fromkeys(self.renderer.fields), **known})

    # -- what was refused ------------------------------------------------------------------------

    def _save(self, unit: Unit, refused: list[Refused]) -> None:
        refused = self._placed(unit, refused)
        again = [one for one in refused if one.retry and unit.home is not None]
        answers: list[str] = []
        if again and unit.home is not None:
            answers = self.writer.retry(unit.home, [one.row for one in again])
        for one, answer in zip(again, answers, strict=True):
            if answer in ("inserted", "present"):
                if one.stage != "bind":
                    self._counters.add("retried")
                self._counters.add_rows({_type_of(one.row): 1})
            else:
                self.lose(one.row, one.stage, answer)
        for one in refused:
            if not one.retry or unit.home is None:
                self.lose(one.row, one.stage, one.error)

    def _placed(self, unit: Unit, refused: list[Refused]) -> list[Refused]:
        """Have rows say in which schema they belong, where a map of the connection's leads."""
        where = unit.home if unit.connection is None else unit.connection
        schemas = () if where is None else self.writer.schemas(where)
        for _, schema in schemas:
            refused = [one._replace(row={**one.row, SCHEMA: schema}) for one in refused]
        return list(refused)

    # -- counting --------------------------------------------------------------------------------

    def _degraded(self, cell: str, change: Change, error: Exception) -> None:
        self._counters.add(f"degraded.{cell}")
        # The error's text may quote what the policy looked at: its class has to do.
        log.error("auditing %s: the policy's %s failed: %s", change.entity, cell,
                  type(error).__name__)

    def _unknown(self, row: Row) -> None:
        self._counters.add("unknown_actor")
        log.warning("unknown actor: %s of %s %s", row["activity_type"], row["entity_type"],
                    row["entity_id"])
