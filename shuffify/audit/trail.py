"""AuditTrail: wires a session's events to the ledger and the writer.

    after_begin              which connection, which savepoint
    before_flush             a page of notes for the flush
    before_update / _delete  old values that nobody loaded
    after_flush              changes into the ledger
    before_commit            the root: flush, then one savepoint with all rows
    after_commit             a savepoint: its frame joins its parent; the root: durable
    after_rollback           forget
    after_transaction_end    the only event that every transaction ends with

Every listener is a few lines inside a guard: no `Exception` of ours reaches the caller (A2).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar

from sqlalchemy import Table, event
from sqlalchemy import inspect as inspect_class
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Mapper, Session, SessionTransaction, scoped_session, sessionmaker

from .capture import Capture
from .context import current
from .counters import Counters
from .delivery import Delivery
from .errors import WatchError, describe_error, traced
from .ledger import Frame
from .notes import Notes, look_at_pairs, look_before_delete, look_before_update
from .ownership import holds_callers_work
from .registry import Registry, mappers_of
from .render import Row
from .spool import Spool
from .unit import Unit, is_last, utcnow

log = logging.getLogger("shuffify.audit")

MOST_FLUSHES: Final = 100
"""As many as `Session.commit` itself allows before it calls the loop endless."""

_WATCHER: Final = "shuffify.audit.trail"

Listener = TypeVar("Listener", bound=Callable[..., None])


def _guarded(stage: str) -> Callable[[Listener], Listener]:
    """Keep a listener's failure from the caller; it is counted and logged."""

    def decorate(listener: Listener) -> Listener:
        @wraps(listener)
        def guard(self: AuditTrail, *args: Any) -> None:
            try:
                listener(self, *args)
            except Exception as error:
                self._counters.add(stage)
                log.error("auditing failed in %s: %s", listener.__name__, traced(error))

        return guard  # type: ignore[return-value]

    return decorate


class AuditTrail:
    """Turns what watched sessions flush into rows of one log table."""

    def __init__(self, log: Any, spool: str | os.PathLike[str] | None = None) -> None:
        """Take the log's mapped class; columns that it lacks are simply not filled."""
        self.log = log
        self.table: Table = log.__table__
        self._counters = Counters()
        self.delivery = Delivery(self.table, Spool(spool), self._counters)
        self.registry = Registry(log, self.table)
        self._targets: list[Any] = []

    # -- the public face -------------------------------------------------------------------

    def watch(self, target: Any, base: type) -> None:
        """Record what the sessions of ``target`` flush of the models under ``base``.

        ``target`` is a scoped_session, a sessionmaker or a Session class. Twice is once, and a
        second trail on the same log takes the first one's place. Needs no engine. Raises
        WatchError for anything else, PolicyError for a declaration that cannot work.
        """
        session_class = _session_class(target)
        mappers_of(base)
        before = self.table.info.get(_WATCHER)
        if before is not None and before is not self:
            before.unwatch()
        self.table.info[_WATCHER] = self
        self._listen_to_models(base)
        if any(issubclass(session_class, watched) for watched in self._targets):
            return
        for watched in [one for one in self._targets if issubclass(one, session_class)]:
            self._unlisten(watched)
        self._targets.append(session_class)
        for name, listener in self._listeners():
            event.listen(session_class, name, listener)

    def unwatch(self) -> None:
        """Stop recording; transactions under way leave no rows."""
        for target in list(self._targets):
            self._unlisten(target)
        for base in self.registry.bases:
            for name, listener, _ in self._model_listeners():
                if event.contains(base, name, listener):
                    event.remove(base, name, listener)
        self.registry.bases.clear()

    def counters(self) -> dict[str, int]:
        """Return how many rows became durable, were retried, lost by stage, degraded by cell."""
        return self._counters.as_dict()

    def count(self, name: str, number: int = 1) -> None:
        """Count something about the trail that happened outside it, such as a failed read."""
        self._counters.add(name, number)

    @property
    def spool(self) -> Spool:
        """Return the dead-letter file; set it to a path, or to None for the ERROR log only."""
        return self.delivery.spool

    @spool.setter
    def spool(self, path: str | os.PathLike[str] | None) -> None:
        self.delivery.spool = Spool(path)

    # -- explicit rows -------------------------------------------------------------------------

    def row(
        self,
        *,
        user_id: Any,
        activity_type: str,
        description: str,
        playlist_id: str | None = None,
        playlist_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
    ) -> Row:
        """Return a row about something that changes no object, within the log's limits.

        The given user is the actor; source, request and time come from the context and the clock.
        """
        return self.delivery.renderer.explicit(current(), utcnow(), {
            "user_id": user_id,
            "activity_type": activity_type,
            "description": description,
            "playlist_id": playlist_id,
            "playlist_name": playlist_name,
            "metadata_json": metadata,
            "event_id": event_id,
        })

    def is_callers(self, session: Session) -> bool:
        """Tell whether committing this session now would commit work that is not the trail's."""
        return holds_callers_work(session, session.info.get(self))

    def insert(self, session: Session, row: Row) -> Any:
        """Insert an explicit row in a savepoint of the session's transaction; return its key.

        Flushes, commits and rolls back nothing. Raises what the database raises, with the
        transaction as it was.
        """
        connection = session.connection(bind_arguments={"mapper": self.log})
        key = self.delivery.writer.insert(connection, row)
        self._unit(session).frame(session.get_nested_transaction()).rows += 1
        return key

    def hold(self, session: Session, row: Row, error: Exception) -> None:
        """Save a refused explicit row once the caller's transaction is durable (rule A3)."""
        frame = self._unit(session).frame(session.get_nested_transaction())
        self.delivery.hold(session.connection(), frame, row, error)

    def lose(self, row: Row, error: Exception) -> None:
        """Count an explicit row as lost and keep it in the spool."""
        self.delivery.lose(row, "commit", describe_error(error))

    def replay(self, engine: Engine, user_id: Any = None) -> dict[str, int]:
        """Write the spool's rows, each once, however often this runs; ``user_id`` adopts orphans.

        Commits row by row. Returns how many were ``inserted``, ``present`` already, or ``kept``.
        """
        return self.delivery.replay(engine, user_id)

    # -- listeners ---------------------------------------------------------------------------

    def _listeners(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        return (
            ("after_begin", self._after_begin),
            ("before_flush", self._before_flush),
            ("after_flush", self._after_flush),
            ("before_commit", self._before_commit),
            ("after_commit", self._after_commit),
            ("after_rollback", self._after_rollback),
            ("after_transaction_end", self._after_transaction_end),
        )

    def _model_listeners(self) -> tuple[tuple[str, Callable[..., None], dict[str, bool]], ...]:
        return (
            ("before_update", self._before_update, {"raw": True, "propagate": True}),
            ("before_delete", self._before_delete, {"raw": True, "propagate": True}),
            ("mapper_configured", self._mapper_configured, {"propagate": True}),
        )

    @_guarded("degraded.begin")
    def _after_begin(self, session: Session, transaction: SessionTransaction,
                     connection: Connection) -> None:
        self._unit(session).began(transaction, connection)

    @_guarded("degraded.read")
    def _before_flush(self, session: Session, flush_context: Any, _: Any) -> None:
        notes = self._unit(session).notes = Notes(flush_context)
        if session.new and session.deleted:
            deleted = [inspect_class(instance) for instance in session.deleted]
            look_at_pairs(deleted, notes, self.registry.plan_of, session.connection)

    @_guarded("degraded.read")
    def _before_update(self, mapper: Mapper[Any], connection: Connection, state: Any) -> None:
        plan = self.registry.plan_of(mapper)
        unit = None if plan is None else self._unit_of(state)
        if plan is not None and unit is not None and unit.notes is not None:
            look_before_update(plan, state, unit.notes, connection)

    @_guarded("degraded.read")
    def _before_delete(self, mapper: Mapper[Any], connection: Connection, state: Any) -> None:
        plan = self.registry.plan_of(mapper)
        unit = None if plan is None else self._unit_of(state)
        if plan is not None and unit is not None and unit.notes is not None:
            look_before_delete(plan, state, unit.notes, connection, self.registry.edges_of(plan),
                               state.session)

    @_guarded("losses.capture")
    def _after_flush(self, session: Session, flush_context: Any) -> None:
        unit = self._unit(session)
        unit.flushes += 1
        notes, unit.notes = unit.notes or Notes(flush_context), None
        frame = unit.frame(session.get_nested_transaction())
        try:
            self._capture(session, unit, frame, notes)
        except Exception as error:
            self.delivery.gap(frame, current(), notes.states, error)

    def _capture(self, session: Session, unit: Unit, frame: Frame, notes: Notes) -> None:
        connection = unit.connection
        assert connection is not None
        capture = Capture(notes, session, connection, current(), utcnow())
        changes = capture.changes(self.registry.plan_of)
        if unit.late or unit.in_foreign_savepoint(session.get_nested_transaction()):
            at_once = list(changes)
            if at_once:
                self.delivery.write(connection, frame, at_once)
        else:
            for change in changes:
                frame.record(change)
        for stage, plan, _, error in capture.failures:
            self._counters.add(f"degraded.{stage}")
            log.error("auditing %s: %s failed: %s", plan.entity, stage, describe_error(error))

    def _before_commit(self, session: Session) -> None:
        # Not guarded: an error of the flush is the caller's own and must reach the caller, just
        # as it would have from the flush that `commit` is about to make.
        if self._is_time_to_drain(session):
            self._flush_all(session)
            unit = session.info.get(self)
            if unit is not None:
                self._drain(unit)

    def _is_time_to_drain(self, session: Session) -> bool:
        """Tell whether nothing can be written after this; otherwise see to it at the COMMIT."""
        is_nested = session.in_nested_transaction()
        try:
            if not is_nested and is_last(session, "before_commit", self._before_commit):
                return True
            # Savepoints that the root releases itself while it prepares, and listeners that come
            # later, may still write: the rows wait for the very COMMIT.
            self._unit(session).postpone(self._drain)
        except Exception as error:
            self._counters.add("degraded.drain")
            log.error("auditing failed before a commit: %s", traced(error))
            return not is_nested
        return False

    def _flush_all(self, session: Session) -> None:
        """Flush until nothing is left, so that the rows follow the last flush."""
        for _ in range(MOST_FLUSHES):
            unit = session.info.get(self)
            before = unit.flushes if unit is not None else 0
            session.flush()
            unit = session.info.get(self)
            if unit is None or unit.flushes == before:
                return

    @_guarded("degraded.drain")
    def _drain(self, unit: Unit) -> None:
        unit.late = True
        root = unit.ledger.root
        changes = root.take()
        if changes:
            assert unit.connection is not None
            self.delivery.write(unit.connection, root, changes)

    @_guarded("degraded.commit")
    def _after_commit(self, session: Session) -> None:
        unit = session.info.get(self)
        if unit is None:
            return
        savepoint = session.get_nested_transaction()
        if savepoint is not None:
            unit.released(savepoint)
        elif unit.connection is not None:
            unit.ended = True
            unit.durable = not unit.connection.in_transaction()

    @_guarded("degraded.rollback")
    def _after_rollback(self, session: Session) -> None:
        unit = session.info.get(self)
        if unit is not None:
            savepoint = session.get_nested_transaction()
            unit.ledger.clear() if savepoint is None else unit.ledger.discard(savepoint)

    @_guarded("losses.settle")
    def _after_transaction_end(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            unit = session.info.get(self)
            if unit is not None:
                unit.closed(transaction)
        elif transaction.parent is None:
            unit = session.info.pop(self, None)
            if unit is None:
                return
            if unit.goes_on():
                # What was flushed into a transaction that the session had joined is still in it,
                # also when the session was closed without a commit.
                self._drain(unit)
                self.delivery.follow(unit)
            elif unit.durable:
                self.delivery.settle(unit)

    def _mapper_configured(self, mapper: Mapper[Any], _: type) -> None:
        # Not guarded: a declaration that cannot work must stop the start, not a flush.
        self.registry.configured(mapper)

    # -- units and plans -----------------------------------------------------------------------

    def _unit(self, session: Session) -> Unit:
        unit = session.info.get(self)
        if unit is None:
            unit = session.info[self] = Unit()
        return unit

    def _unit_of(self, state: Any) -> Unit | None:
        session = state.session
        return None if session is None else session.info.get(self)

    # -- wiring ---------------------------------------------------------------------------------

    def _listen_to_models(self, base: type) -> None:
        if base in self.registry.bases:
            return
        self.registry.add(base)
        for name, listener, options in self._model_listeners():
            event.listen(base, name, listener, **options)

    def _unlisten(self, target: Any) -> None:
        self._targets.remove(target)
        for name, listener in self._listeners():
            if event.contains(target, name, listener):
                event.remove(target, name, listener)


def _session_class(target: Any) -> type[Session]:
    if isinstance(target, scoped_session):
        target = target.session_factory
    if isinstance(target, sessionmaker):
        target = target.class_
    if isinstance(target, type) and issubclass(target, Session):
        return target
    raise WatchError(
        f"watch({target!r}): give a scoped_session, a sessionmaker or a Session class."
    )
