"""The listeners: from a session's events to the ledger, and from there to the log.

    after_begin              which connection, which savepoint
    before_flush             a page of notes for the flush
    before_insert            rows that new objects are about to take over
    before_update / _delete  old values that nobody loaded
    after_flush              changes into the ledger
    before_commit            the root: flush, then one savepoint with all rows
    after_commit             a savepoint: its frame joins its parent; the root: durable
    after_rollback           forget
    after_transaction_end    the only event that every transaction ends with

Bulk statements have a listener of their own (`executions.py`).

Every listener is a few lines inside a guard: no `Exception` of ours reaches the caller (A2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import inspect as inspect_class
from sqlalchemy import update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapper, Session, SessionTransaction

from .beforehand import look_before_delete, look_before_switch, look_before_update
from .capture import Capture
from .counters import Counters
from .delivery import Delivery
from .detector import Detector
from .errors import PolicyError, is_lost
from .guard import guarded, report
from .ledger import Scene
from .notes import Flags, Notes
from .plan import Plan
from .recorder import Recorder
from .registry import Registry
from .unit import Unit, bind_of_log, is_last, utcnow

MOST_FLUSHES: Final = 100
"""As many as `Session.commit` itself allows before it calls the loop endless."""


class Listeners:
    """What one trail does at each event of its sessions and models."""

    def __init__(self, registry: Registry, delivery: Delivery, counters: Counters) -> None:
        self.registry = registry
        self.delivery = delivery
        self.counters = counters
        self.recorder = Recorder(delivery, counters)
        self._log: Mapper[Any] = inspect_class(registry.log)
        self._write = update(registry.log)
        self.detector = Detector(registry, lambda session: session.info.get(self), counters)

    def of_sessions(self) -> tuple[tuple[str, Callable[..., None]], ...]:
        return (
            ("after_begin", self.after_begin),
            ("before_flush", self.before_flush),
            ("after_flush", self.after_flush),
            ("before_commit", self.before_commit),
            ("after_commit", self.after_commit),
            ("after_rollback", self.after_rollback),
            ("after_transaction_end", self.after_transaction_end),
        )

    def of_models(self) -> tuple[tuple[str, Callable[..., None], dict[str, bool]], ...]:
        return (
            ("before_insert", self.before_insert, {"raw": True}),
            ("before_update", self.before_update, {"raw": True}),
            ("before_delete", self.before_delete, {"raw": True}),
            ("mapper_configured", self.mapper_configured, {}),
        )

    @guarded("degraded.begin")
    def after_begin(self, session: Session, transaction: SessionTransaction,
                    connection: Connection) -> None:
        unit = self.unit(session)
        home = bind_of_log(session, self._log, self._write)
        unit.began(transaction, connection, connection.engine if home is None else home.engine)
        self.detector.began(session, connection)
        if isinstance(home, Connection):
            # The caller may commit around the session, while it is open.
            unit.joins(self.recorder.drain, self.delivery.leave)

    @guarded("degraded.read")
    def before_flush(self, session: Session, flush_context: Any, _: Any) -> None:
        unit = self.unit(session)
        unit.notes = Notes(flush_context, unit.ledger.doubted)

    @guarded("degraded.read")
    def before_insert(self, mapper: Mapper[Any], connection: Connection, state: Any) -> None:
        plan = self.registry.plan_of(mapper)
        notes = None if plan is None else self._hear(state)
        if plan is not None and notes is not None and notes.going:
            look_before_switch(plan, state, notes, connection, self.registry.plan_of)

    @guarded("degraded.read")
    def before_update(self, mapper: Mapper[Any], connection: Connection, state: Any) -> None:
        plan = self.registry.plan_of(mapper)
        notes = None if plan is None else self._hear(state)
        if plan is not None and notes is not None:
            look_before_update(plan, state, notes, connection)

    @guarded("degraded.read")
    def before_delete(self, mapper: Mapper[Any], connection: Connection, state: Any) -> None:
        plan = self.registry.plan_of(mapper)
        notes = None if plan is None else self._hear(state)
        if plan is not None and notes is not None:
            look_before_delete(plan, state, notes, connection, self.registry.edges_of(plan),
                               state.session)

    @guarded("losses.capture")
    def after_flush(self, session: Session, flush_context: Any) -> None:
        unit = self.unit(session)
        unit.flushes += 1
        notes, unit.notes = unit.notes or Notes(flush_context), None
        self._tell(session, unit, notes, notes.take_rest())

    @guarded("losses.capture")
    def tell_written(self, session: Session) -> None:
        """Tell of what a flush under way has written: a statement is to follow, in its midst."""
        unit = session.info.get(self)
        notes = None if unit is None else unit.notes
        if unit is not None and notes is not None and notes.is_under_way:
            states = notes.take_written(self.registry.plan_of)
            if states:
                self._tell(session, unit, notes, states, is_last=False)

    def _tell(self, session: Session, unit: Unit, notes: Notes, states: Flags,
              is_last: bool = True) -> None:
        scene = notes.scene or unit.scene(session)
        try:
            self._capture(session, unit, scene, notes, states, is_last)
        except Exception as error:
            if is_lost(error):
                raise
            names = sorted({state.class_.__name__ for state in states})
            self.delivery.gap(scene.frame, scene.context, f"A flush ({', '.join(names)})", error)

    def _capture(self, session: Session, unit: Unit, scene: Scene, notes: Notes, states: Flags,
                 is_last: bool) -> None:
        connection = unit.connection
        reach = _reach(session) if unit.elsewhere or connection is None else lambda _: connection
        capture = Capture(notes, session, reach, scene.context, utcnow())
        changes = capture.changes(states, self.registry.plan_of, self.registry.ways_of, is_last)
        self.recorder.keep(session, unit, scene, changes)
        if capture.failures:
            self.recorder.tell(capture.failures)
            capture.failures.clear()

    def before_commit(self, session: Session) -> None:
        # Not guarded: an error of the flush is the caller's own and must reach the caller, just
        # as it would have from the flush that `commit` is about to make.
        if self._is_time_to_drain(session):
            self._flush_all(session)
            unit = session.info.get(self)
            if unit is not None:
                self.recorder.drain(unit)

    def _is_time_to_drain(self, session: Session) -> bool:
        """Tell whether nothing can be written after this; otherwise see to it at the COMMIT."""
        is_nested = session.in_nested_transaction()
        try:
            if not is_nested and is_last(session, "before_commit", self.before_commit):
                return True
            # Savepoints that the root releases itself while it prepares, and listeners that come
            # later, may still write: the rows wait for the very COMMIT.
            self.unit(session).postpone(self.recorder.drain)
        except Exception as error:
            report(self.counters, "degraded.drain", "before_commit", error)
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

    @guarded("degraded.commit")
    def after_commit(self, session: Session) -> None:
        unit = session.info.get(self)
        if unit is None:
            return
        savepoint = session.get_nested_transaction()
        if savepoint is not None:
            unit.released(savepoint)
        elif unit.home is not None:
            unit.ended = True
            unit.durable = unit.is_over()

    @guarded("degraded.rollback")
    def after_rollback(self, session: Session) -> None:
        unit = session.info.get(self)
        if unit is not None:
            savepoint = session.get_nested_transaction()
            unit.ledger.clear() if savepoint is None else unit.ledger.discard(savepoint)

    @guarded("losses.settle")
    def after_transaction_end(self, session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            unit = session.info.get(self)
            if unit is not None:
                unit.closed(transaction)
        elif transaction.parent is not None:
            # A flush that failed tells it by this alone; its notes hold what the caller lets go.
            unit = session.info.get(self)
            if unit is not None and unit.notes is not None and unit.notes.are_of(transaction):
                unit.notes = None
        else:
            unit = session.info.pop(self, None)
            if unit is None:
                return
            if unit.goes_on():
                # What was flushed into a transaction that the session had joined is still in it,
                # also when the session was closed without a commit.
                self.recorder.drain(unit)
                self.delivery.follow(unit)
            else:
                unit.stop_waiting()
                self.delivery.settle(unit)
            unit.ledger.clear()

    def mapper_configured(self, mapper: Mapper[Any], _: type) -> None:
        # Not guarded: a declaration that cannot work must stop the start, not a flush.
        try:
            self.registry.configured(mapper)
        except PolicyError as error:
            report(self.counters, "degraded.policy", "the declaration of a policy", error)
            raise

    def log_connection(self, session: Session) -> Connection:
        """Return the connection that the session writes the log through."""
        return session.connection(bind_arguments={"mapper": self._log, "clause": self._write})

    def unit(self, session: Session) -> Unit:
        unit = session.info.get(self)
        if unit is None:
            unit = session.info[self] = Unit(session, self.counters)
        return unit

    def _hear(self, state: Any) -> Notes | None:
        """Return the notes of the flush that has announced an object."""
        session = state.session
        unit = None if session is None else session.info.get(self)
        if unit is None or unit.notes is None:
            return None
        notes: Notes = unit.notes
        if notes.scene is None:
            notes.scene = unit.scene(session)
        notes.heard.append(state)
        return notes


def _reach(session: Session) -> Callable[[Plan], Connection]:
    """Return what finds the connection that a model's rows are written through."""
    return lambda plan: session.connection(bind_arguments={"mapper": plan.mapper})
