"""The bypass detector: what writes an audited table and no flush has told of (rule A9).

It listens at the cursor, behind every API: `bulk_*` methods, Core statements, text, plain SQL on a
connection or an engine, and the flushes of sessions that nobody watches. A statement counts once
it has been executed, also when its transaction is rolled back afterwards. What the database does
by itself (triggers, ON DELETE) and what goes to the driver past SQLAlchemy it cannot see.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from weakref import ref

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from . import cursors
from .bypass import Bypass, observers
from .callsite import call_site, sender
from .context import current
from .counters import Counters
from .dml import Dml, tables_written
from .guard import report
from .marks import CAPTURED, allowing, reason_in
from .registry import Registry
from .suspension import suspension
from .tables import Entry
from .unit import Unit, utcnow

log = logging.getLogger("shuffify.audit")

MOST_SITES: Final = 1000
"""Call sites of allowed statements that are remembered as logged."""

_WRITERS: Final = "_audit_writers"
"""Where a connection remembers who writes through it: a detector and a session for each."""

_SEEN: Final = "_audit_seen"
"""Where an execution remembers which detectors have judged it."""

_LINKER: Final = "sqlalchemy.orm.dependency"
"""The part of the unit of work that writes association tables."""

_CACHE: Final = "compiled_cache"
"""The execution option by which a mapper's statement is known."""


class Detector:
    """Watches the cursors of the engines that one trail knows."""

    def __init__(self, registry: Registry, unit_of: Callable[[Session], Unit | None],
                 counters: Counters) -> None:
        self._registry = registry
        self._unit_of = unit_of
        self._counters = counters
        self._told: set[str] = set()

    def guard(self, engine: Any) -> None:
        """Watch the cursors of an engine and of all its clones; an AsyncEngine will do."""
        cursors.guard(getattr(engine, "sync_engine", engine).dialect, self)

    def release(self) -> None:
        """Watch no more."""
        cursors.release(self)

    def began(self, session: Session, connection: Connection) -> None:
        """Note which session writes through a connection; several may, one inside the other."""
        cursors.guard(connection.dialect, self)
        known, own = getattr(connection, _WRITERS, ()), (self, ref(session))
        if not known:
            setattr(connection, _WRITERS, (own,))
        elif own not in known:
            alive = [one for one in known if one[1]() is not None]
            setattr(connection, _WRITERS, (*alive, own))

    def passes(self, statement: Any, context: Any) -> bool:
        """Tell whether a flush that we hear of sends this: a mapper's statement, in that flush.

        A hook's own Core statement in the middle of a flush is none.
        """
        passed = False
        try:
            if _is_of_a_mapper(context):
                for session, unit in self._users(context.root_connection):
                    if _is_flushing(session, unit):
                        passed = True  # Whatever we fail to note of it.
                        unit.sends(context, self._registry.plan_of)
                        break
        except Exception as error:
            report(self._counters, "degraded.bypass", "the search for bypasses", error)
        return passed

    def executed(self, cursor: Any, statement: Any, context: Any) -> None:
        """Find out what a statement that did not pass has written."""
        try:
            self._look(context.root_connection, cursor, _text_of(statement, context), context)
        except Exception as error:
            report(self._counters, "degraded.bypass", "the search for bypasses", error)

    def _look(self, connection: Connection, cursor: Any, statement: str, context: Any) -> None:
        # A default that is executed beforehand comes with the context of its INSERT.
        compiled: Any = context.compiled if hasattr(context, "statement") else None
        is_crud = context.isinsert or context.isupdate or context.isdelete
        if compiled is not None and is_crud and not compiled.ctes:
            hits = self._in_statement(connection, context)
            form = "mapper" if _is_of_a_mapper(context) else "statement"
        else:
            # `DDL` takes any text; what a definition's body writes is written later. Otherwise not
            # `statement`: comments that others add would make each execution a new text.
            is_bare = compiled is None or context.isddl
            words = statement if is_bare else compiled.string
            written = tables_written(words, connection.dialect.name)
            if not written:
                # What a listener has altered, nobody has read.
                if is_bare or statement == context.statement:
                    cursors.remember(connection.dialect.name, statement)
                return
            hits = self._audited(written, connection)
            form = "text" if is_bare or context.is_text else "statement"
        if not hits or self._is_unit_of_work(connection, form, hits):
            return
        if context.execution_options.get(CAPTURED):
            hits = self._beside_the_recorded(connection, context, hits)
        if hits:
            words = statement if form == "text" else context.statement
            self._judge(connection, cursor, context, hits, form, words)

    def _beside_the_recorded(self, connection: Connection, context: Any,
                             hits: list[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
        """Return what the CTEs of a recorded statement write: nobody has read their rows."""
        if context.compiled is None or context.isddl or not context.compiled.ctes:
            return []
        own = self._in_statement(connection, context)
        return hits[:-1] if own and hits[-1][1] is own[0][1] else hits

    def _in_text(self, text: str, connection: Connection) -> list[tuple[str, Entry]]:
        return self._audited(tables_written(text, connection.dialect.name), connection)

    def _audited(self, written: Sequence[Dml], connection: Connection) -> list[tuple[str, Entry]]:
        if not written:
            return []
        tables, default = self._registry.tables(), connection.dialect.default_schema_name
        found = ((one.verb, tables.of(one, default)) for one in written)
        return [(verb, entry) for verb, entry in found if entry and entry.is_bypassed_by(verb)]

    def _in_statement(self, connection: Connection, context: Any) -> list[tuple[str, Entry]]:
        table = getattr(context.invoked_statement, "table", None)
        while table is not None and not hasattr(table, "fullname"):
            table = getattr(table, "element", None)  # An alias.
        if table is None:
            return self._in_text(context.compiled.string, connection)
        default = connection.dialect.default_schema_name
        entry = self._registry.tables().find(table.schema, table.name, default)
        if entry is None:
            return []
        verb = "insert" if context.isinsert else "update" if context.isupdate else "delete"
        if entry.is_bypassed_by(verb):
            return [(verb, entry)]
        # Only the text tells an upsert.
        return self._in_text(context.compiled.string, connection) if verb == "insert" else []

    def _is_unit_of_work(self, connection: Connection, form: str, hits: list[tuple[str, Entry]]
                         ) -> bool:
        """Tell whether the unit of work sends this for a bulk update by key, or to associations.

        To an association table it does not bring its mapper's cache along, in a flush either.
        """
        if form == "mapper":
            captured = {
                (table.schema, table.name) for _, unit in self._users(connection)
                for mapper in unit.captures for table in mapper.tables
            }
            return all((one.schema, one.name) in captured for _, one in hits)
        if form == "text" or not all(one.is_association for _, one in hits):
            return False
        # A mapper's hook, in the middle of a flush too, sends its statements by itself.
        if sender() != _LINKER:
            return False
        return any(_is_flushing(session, unit) for session, unit in self._users(connection))

    def _users(self, connection: Connection) -> Iterator[tuple[Session, Unit]]:
        for detector, one in getattr(connection, _WRITERS, ()):
            session = one() if detector is self else None
            unit = None if session is None else self._unit_of(session)
            if session is not None and unit is not None:
                yield session, unit

    # -- what becomes of it ------------------------------------------------------------------

    def _judge(self, connection: Connection, cursor: Any, context: Any,
               hits: list[tuple[str, Entry]], form: str, words: str) -> None:
        pause = suspension()
        hidden = allowing.get() if form == "mapper" else None
        reason = reason_in(context.execution_options) or hidden
        if pause is not None:
            for session, unit in self._users(connection):
                frame = unit.frame(session.get_nested_transaction())
                number = 1 if cursor.rowcount < 0 else cursor.rowcount
                frame.let_pass(pause, current(), utcnow(), number)
                return
            reason = pause.reason
        # An INSERT of many rows comes in batches; they are one statement, its defaults are not.
        seen = vars(context).setdefault(_SEEN, set())
        if (self, words) in seen:
            return
        names = tuple(dict.fromkeys(entry.name for _, entry in hits))
        found = Bypass(hits[0][0], names, form, call_site(), words)
        seen.add((self, words))
        if reason is not None:
            self._allow(found, reason)
            return
        self._counters.add("bypasses")
        log.error("the trail was bypassed: %s", found)
        for observer in tuple(observers):
            observer(found)

    def _allow(self, found: Bypass, reason: str) -> None:
        self._counters.add("bypasses.allowed")
        if found.site not in self._told and len(self._told) < MOST_SITES:
            self._told.add(found.site)
            log.info("allowed past the trail: %s (%s)", found, reason)


def _text_of(statement: Any, context: Any) -> str:
    """Return a statement's text; drivers take bytes and compositions of their own as well."""
    if isinstance(statement, str):
        return statement
    if isinstance(statement, bytes):
        return statement.decode(errors="replace")
    return str(statement.as_string(context.root_connection.connection.driver_connection))


def _is_of_a_mapper(context: Any) -> bool:
    """Tell whether a statement brings a mapper's own cache of compiled statements along.

    Where it has that of its engine or Connection, which may be none, anybody has sent it.
    """
    usual = context.root_connection.get_execution_options().get(_CACHE)
    return context.execution_options.get(_CACHE) is not usual


def _is_flushing(session: Session, unit: Unit) -> bool:
    """Tell whether the session's innermost transaction is that of the flush under way.

    `bulk_*` methods open one of their own, in a hook of a flush as well; before_flush listeners
    run while the flush has none yet. Both attributes are SQLAlchemy's own, the same in 2.0 and
    2.1; this and `Notes.are_of` are the only functions that read them.
    """
    notes = unit.notes
    if notes is None:
        return False
    own = getattr(notes.flush_context, "transaction", None)
    is_own = own is not None and own is getattr(session, "_transaction", own)
    return is_own and not notes.aside
