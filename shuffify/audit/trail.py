"""AuditTrail, the public face: what is watched, what is counted, and the explicit rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, event, inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Mapper, Session, scoped_session

from .context import current
from .counters import Counters, Meter
from .custody import Custody
from .delivery import Delivery
from .errors import HistoryError, WatchError, describe_error
from .executions import Executions
from .event import Event, Key
from .history import event_by_id, events_of, plan_named, subject_of
from .insertion import FIELDS
from .listeners import Listeners
from .ownership import holds_callers_work
from .past import values_at
from .plan import Plan
from .reconcile import Reconciler
from .registry import Registry, mappers_of
from .render import Row
from .revert import revert
from .spool import Spool
from .targets import session_class_of
from .unit import utcnow

_WATCHER: Final = "shuffify.audit.trail"


class AuditTrail:
    """Turns what watched sessions flush into rows of one log table."""

    def __init__(
        self, log: Any, spool: str | os.PathLike[str] | None = None, seals: Any = None
    ) -> None:
        """Take the mapped class of the log, and of its seals if it is to have any.

        Columns that the log lacks are simply not filled. Raises WatchError if it has none of them.
        """
        self.log = log
        self.table: Table = log.__table__
        if FIELDS.isdisjoint(self.table.c.keys()):
            raise WatchError(
                f"{self.table.name} has none of the columns that the trail fills: "
                f"{', '.join(sorted(FIELDS))}. Add those that are to be told."
            )
        self._counters = Counters()
        self.delivery = Delivery(self.table, Spool(spool), self._counters)
        self.registry = Registry(log, self.table)
        self._hear = Listeners(self.registry, self.delivery, self._counters)
        self.custody = Custody(log, seals, self.delivery, self._counters, self.insert)
        self._executions = Executions(self._hear)
        self._targets: list[Any] = []
        self._scoped: scoped_session[Any] | None = None

    # -- the public face -------------------------------------------------------------------

    def watch(self, target: Any, base: Any) -> None:
        """Record what the sessions of ``target`` flush of the models under ``base``.

        ``target`` is a scoped_session, a sessionmaker or a Session class, or one of their
        asynchronous siblings; ``base`` a declarative base, an abstract child of one, or a
        registry. Twice is once, and a second trail on the
        same log takes the first one's place. Needs no engine. Raises WatchError for anything
        else, PolicyError for a declaration that cannot work.
        """
        session_class = session_class_of(target)
        mappers_of(base)
        self._listen_to_models(base)
        if isinstance(target, scoped_session):
            self._scoped = target
        before = self.table.info.get(_WATCHER)
        if before is not None and before is not self:
            before.unwatch()
        self.table.info[_WATCHER] = self
        if any(issubclass(session_class, watched) for watched in self._targets):
            return
        for watched in [one for one in self._targets if issubclass(one, session_class)]:
            self._unlisten(watched)
        self._targets.append(session_class)
        for name, listener in self._of_sessions():
            event.listen(session_class, name, listener)

    def guard(self, engine: Any) -> None:
        """Detect writes past the trail on an engine, before any watched session uses it."""
        self._hear.detector.guard(engine)

    def unwatch(self) -> None:
        """Stop recording; transactions under way leave no rows, but those that a session joined.

        What was flushed into a transaction that stands on a Connection is still told with it.
        """
        for target in list(self._targets):
            self._unlisten(target)
        for name, listener, _ in self._hear.of_models():
            if event.contains(Mapper, name, listener):
                event.remove(Mapper, name, listener)
        self._hear.detector.release()
        self.registry.bases.clear()

    def counters(self) -> dict[str, int]:
        """Return how many rows became durable, were retried, lost by stage, degraded by cell."""
        return self._counters.as_dict()

    def count(self, name: str, number: int = 1) -> None:
        """Count something about the trail that happened outside it, such as a failed read."""
        self._counters.add(name, number)

    @property
    def meter(self) -> Meter | None:
        """Return what else hears of each count; set it to a `Meter`, or to None."""
        return self._counters.meter

    @meter.setter
    def meter(self, meter: Meter | None) -> None:
        self._counters.meter = meter

    @property
    def spool(self) -> Spool:
        """Return the dead-letter file; set it to a path, or to None for the ERROR log only."""
        return self.delivery.spool

    @spool.setter
    def spool(self, path: str | os.PathLike[str] | None) -> None:
        self.delivery.spool = Spool(path)

    @property
    def bulk_limit(self) -> int:
        """Return how many rows of one bulk statement are told of one by one; above, together."""
        return self._executions.bulk_limit

    @bulk_limit.setter
    def bulk_limit(self, rows: int) -> None:
        if rows < 1:
            raise ValueError(f"bulk_limit={rows}: give 1 row or more.")
        self._executions.bulk_limit = rows

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
        return holds_callers_work(session, session.info.get(self._hear))

    def insert(self, session: Session, row: Row) -> Any:
        """Insert an explicit row in a savepoint of the session's transaction; return its key.

        Flushes, commits and rolls back nothing. Raises what the database raises, with the
        transaction as it was.
        """
        connection = self._hear.log_connection(session)
        key = self.delivery.writer.insert(connection, row)
        frame = self._hear.unit(session).frame(session.get_nested_transaction())
        frame.wrote((row["activity_type"],))
        return key

    def hold(self, session: Session, row: Row, error: Exception) -> None:
        """Save a refused explicit row once the caller's transaction is durable (rule A3)."""
        frame = self._hear.unit(session).frame(session.get_nested_transaction())
        connection = self._hear.log_connection(session)
        self.delivery.hold(connection, frame, row, error)

    def lose(self, row: Row, error: Exception) -> None:
        """Count an explicit row as lost and keep it in the spool."""
        self.delivery.lose(row, "commit", describe_error(error))

    # -- reading back --------------------------------------------------------------------------

    def history(self, of: Any, *, session: Session | None = None) -> Iterator[Event]:
        """Return the events of an object, or of an ``(entity, key)`` pair, oldest first.

        Reads, at once, through the object's session, ``session``, or the watched scoped_session;
        flushes nothing. Follows the object through changes of its key. Raises HistoryError.
        """
        plan, key = subject_of(self.registry, of)
        known = self._recorded_key(of, plan, key)
        return iter(events_of(self._reader(of, session), self.table, plan, known))

    def as_of(self, of: Any, when: datetime, *, session: Session | None = None
              ) -> dict[str, Any] | None:
        """Return an object's column values at a time (naive: UTC); None when it did not exist.

        A pair of ``(entity, key)`` is the object that bore the key at that time.
        Secrets, and what the trail holds no content of, are `NotKept`; content of which it holds
        a digest is told where it still stands. Ignored columns are left out. What the session has
        flushed and not committed is taken for the present. Raises HistoryError, also where rows
        since then were pruned, or where a row that names no object may tell of its creation or
        deletion.
        """
        plan, key = subject_of(self.registry, of)
        reader = self._reader(of, session)
        known = None if isinstance(of, tuple) else self._recorded_key(of, plan, key)
        return values_at(reader, self.table, self.registry, plan, key, when, known)

    def revert(
        self,
        event: Event | UUID | str,
        *,
        session: Session | None = None,
        force: bool = False,
        values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Put an object back to what it was before an event; return it, or None if it is gone.

        The event is one of `history`, or its id. Flushes in the caller's session, which commits
        it; it leaves a row of its own whose reason names the event. Raises RevertError, with
        nothing changed, naming the columns, when a value was secret or only digested and
        ``values`` does not give it, or when later changes would be lost without ``force``. Links
        of a many-to-many collection are not put back: an event of links alone is refused, one that
        has columns as well reverts those with ``force``.
        """
        own, reader = self._session(None, session), self._reader(None, session)
        if not isinstance(event, Event):
            event = event_by_id(reader, self.table, self.registry, event)
        plan = plan_named(self.registry, event.entity)
        return revert(own, reader, self.table, plan, event, force=force, values=values or {})

    def reconcile(self) -> Reconciler:
        """Return what compares the live tables with the trail: ``.run(engine)``."""
        return Reconciler(self.registry, self.table)

    def _recorded_key(self, of: Any, plan: Plan, key: Key) -> Key:
        """Return the key under which the log knows an object: a flush may have changed it."""
        session = None if isinstance(of, tuple) else inspect(of).session
        unit = None if session is None else session.info.get(self._hear)
        return key if unit is None else unit.ledger.recorded_key(plan, key)

    def _reader(self, of: Any, session: Session | None) -> Connection:
        own = self._session(of, session)
        return own.connection(bind_arguments={"mapper": self.log})

    def _session(self, of: Any, session: Session | None) -> Session:
        state = None if isinstance(of, tuple) else inspect(of, raiseerr=False)
        found = session or getattr(state, "session", None)
        if found is None and self._scoped is not None:
            found = self._scoped()
        if found is None:
            raise HistoryError("No session is known to read through: give session=...")
        return found

    def replay(self, engine: Engine, user_id: Any = None) -> dict[str, int]:
        """Write the spool's rows, each once, however often this runs; ``user_id`` adopts orphans.

        Commits row by row. Returns how many were ``inserted``, ``present`` already, or ``kept``.
        """
        return self.delivery.replay(engine, user_id)

    # -- wiring ---------------------------------------------------------------------------------

    def _of_sessions(self) -> tuple[tuple[str, Callable[..., Any]], ...]:
        return *self._hear.of_sessions(), ("do_orm_execute", self._executions.do_orm_execute)

    def _listen_to_models(self, base: Any) -> None:
        if base in self.registry.bases:
            return
        self.registry.add(base)
        for name, listener, options in self._hear.of_models():
            # Of all mappers: a class that a registry maps by itself is no child of its base.
            if not event.contains(Mapper, name, listener):
                event.listen(Mapper, name, listener, **options)

    def _unlisten(self, target: Any) -> None:
        self._targets.remove(target)
        for name, listener in self._of_sessions():
            if event.contains(target, name, listener):
                event.remove(target, name, listener)
