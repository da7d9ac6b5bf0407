"""The listener of ORM-enabled statements: from what they do to the ledger (rule A8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import inspect
from sqlalchemy.orm import FromStatement, Mapper, ORMExecuteState, Session

from .bulk import Delete, Update
from .change import Change
from .compare import Moment, canonical
from .errors import is_lost
from .guard import guarded
from .inserts import Insert
from .ledger import Identity
from .listeners import Listeners
from .look import Look
from .marks import CAPTURED, allowing, reason_in
from .notes import Notes
from .plan import Plan
from .reading import Row
from .statements import Dml, dml_of
from .unit import utcnow

BULK_LIMIT: Final = 500
"""Rows of one bulk statement that are told of one by one."""


class Executions:
    """What one trail does at each ORM-enabled INSERT, UPDATE and DELETE of its sessions."""

    def __init__(self, hear: Listeners) -> None:
        self._hear = hear
        self.registry = hear.registry
        self.counters = hear.counters
        self.bulk_limit = BULK_LIMIT

    def do_orm_execute(self, state: ORMExecuteState) -> Any:
        # Not guarded: the caller's own statement runs inside, and the flush before it.
        if not getattr(state.statement, "is_dml", False):
            return None
        dml = self._dml_of(state)
        if dml is None:
            return None
        self._hear.tell_written(state.session)
        if self._is_told(state, dml) is False:
            self._doubt_all(state, dml)
            return self._run_untold(state, dml) if dml.hides_options else None
        if dml.autoflush:
            # What is pending must be there to be read. SQLAlchemy does this after its listeners.
            state.session._autoflush()
        look = self._look(state, dml)
        if look is None:
            return None
        result = self._run(state, dml, look.statement, **look.options)
        self._heard(look, result)
        self._looked(state.session, look, result)
        return result if look.answer is None else look.answer

    def _run(self, state: ORMExecuteState, dml: Dml, statement: Any, **options: Any) -> Any:
        """Run the caller's statement, marked as one that is no bypass."""
        captures = self._captures(state.session)
        if captures is None:
            captures = []
        captures.append(dml.mapper)
        try:
            # A FromStatement runs as it came: what we know of it is only its inner part.
            inner = None if isinstance(state.statement, FromStatement) else statement
            return state.invoke_statement(inner, execution_options={CAPTURED: True, **options})
        finally:
            captures.pop()

    @guarded("degraded.read")
    def _heard(self, look: Look, result: Any) -> None:
        look.heard(result)

    @guarded("degraded.read")
    def _captures(self, session: Session) -> list[Mapper[Any]] | None:
        return self._hear.unit(session).captures

    @guarded("degraded.read")
    def _notes(self, session: Session) -> Notes | None:
        """Return those of the flush under way, in whose midst a hook executes something."""
        notes = self._hear.unit(session).notes
        return notes if notes is not None and notes.is_under_way else None

    def _run_untold(self, state: ORMExecuteState, dml: Dml) -> Any:
        """Run a statement of which nothing is told and whose options the detector will not see."""
        reason = reason_in(state.execution_options)
        if reason is None:
            return self._run(state, dml, dml.statement)
        token = allowing.set(reason)
        notes = self._notes(state.session)
        if notes is not None:
            notes.aside = True
        try:
            return state.invoke_statement()
        finally:
            allowing.reset(token)
            if notes is not None:
                notes.aside = False

    @guarded("degraded.read")
    def _dml_of(self, state: ORMExecuteState) -> Dml | None:
        """Return a statement of an audited model."""
        dml = dml_of(state)
        if dml is None:
            return None
        kinds = dml.mapper.self_and_descendants
        return dml if any(self.registry.plan_of(kind) for kind in kinds) else None

    @guarded("degraded.read")
    def _is_told(self, state: ORMExecuteState, dml: Dml) -> bool:
        """Tell whether a statement's rows leave a trace; one that has none is no bypass.

        Where that cannot be told, they are taken to leave one.
        """
        if reason_in(state.execution_options) is not None:
            return False
        plans = [self.registry.plan_of(kind) for kind in dml.mapper.self_and_descendants]
        if not dml.statement.is_update or any(
            plan is not None and dml.touched() & plan.counted_set for plan in plans
        ):
            return True
        state.update_execution_options(**{CAPTURED: True})
        return False

    @guarded("degraded.read")
    def _doubt_stale(self, session: Session, dml: Dml, changes: list[Change]) -> None:
        """Believe no object any more that does not hold what a statement has made of its row."""
        self._hear.unit(session).ledger.doubted.update(_left_stale(session, dml, changes))

    @guarded("degraded.read")
    def _doubt_all(self, state: ORMExecuteState, dml: Dml) -> None:
        """Believe no object any more whose row an allowed statement may have altered unseen."""
        if reason_in(state.execution_options) is not None and dml.alters:
            plans = map(self.registry.plan_of, dml.mapper.self_and_descendants)
            doubted = self._hear.unit(state.session).ledger.doubted
            doubted.update((plan.root, ()) for plan in plans if plan is not None)

    @guarded("degraded.read")
    def _look(self, state: ORMExecuteState, dml: Dml) -> Look | None:
        session = state.session
        connection = session.connection(bind_arguments=dict(state.bind_arguments))
        kind = Insert if dml.statement.is_insert else Update if dml.statement.is_update else Delete
        look = kind(dml, self.registry, session, connection, self.bulk_limit)
        look.look()
        return look

    @guarded("losses.capture")
    def _looked(self, session: Session, look: Look, result: Any) -> None:
        unit = self._hear.unit(session)
        scene = unit.scene(session)
        try:
            changes = look.changes(result, Moment(scene.context, utcnow()))
            moved = any(change.former_key is not None for change in changes)
            led_away = (look.connection.engine is not unit.home
                        and not unit.is_away(session, look.dml.mapper))
            self._hear.recorder.keep(session, unit, scene, changes, moved, led_away)
            self._doubt_stale(session, look.dml, changes)
        except Exception as error:
            if is_lost(error):
                raise
            what = f"A bulk {look.operation} of {look.plans[0].entity}"
            self._hear.delivery.gap(scene.frame, scene.context, what, error)
        self._hear.recorder.tell(look.failures)


def _left_stale(session: Session, dml: Dml, changes: list[Change]) -> Iterator[Identity]:
    """Yield which objects do not hold what a statement has made of their rows.

    `synchronize_session` does not tell: Python may compare otherwise than the database, and what
    is not flushed is left alone. Where rows are told together, all of their class may be such.
    """
    known = session.identity_map
    for change in changes:
        if change.summary is not None and dml.alters:
            yield change.plan.root, ()
        elif change.operation == "update" and known:
            plan = change.plan
            held = known.get(plan.mapper.identity_key_from_primary_key(change.key))
            if held is not None and _is_stale(plan, inspect(held).dict, change.new):
                yield plan.root, change.key


def _is_stale(plan: Plan, held: Row, new: Mapping[str, Any]) -> bool:
    now = canonical(plan, held, new.keys() & held.keys())
    return any(value != new[name] for name, value in now.items())
