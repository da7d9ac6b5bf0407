"""From changes to the ledger of their transaction, and from the ledger to the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from .change import Change
from .context import current
from .counters import Counters
from .delivery import Delivery
from .errors import describe_error, is_lost
from .guard import guarded
from .ledger import Frame, Scene
from .plan import Plan
from .suspension import Suspension
from .unit import Island, Unit

log = logging.getLogger("shuffify.audit")


class Recorder:
    """Keeps what flushes and bulk statements did until it can be written, in the right place."""

    def __init__(self, delivery: Delivery, counters: Counters) -> None:
        self.delivery = delivery
        self.counters = counters

    def keep(self, session: Session, unit: Unit, scene: Scene, changes: Iterable[Change],
             moved: bool = False, led_away: bool = False) -> None:
        """Add changes to the ledger, or write them where nothing would drain it in time.

        What the caller has led to another bind than its model's wait for the commit by themselves:
        the ledger would take them for changes of the objects here that have the same keys.
        """
        frame = scene.frame
        if scene.pause is not None:
            changes = self._kept(changes, unit, frame, scene.pause)
        if led_away:
            self.delivery.put_off(frame, list(changes))
            return
        if unit.elsewhere:
            changes = list(changes)
            for change in changes:
                unit.is_away(session, change.plan.mapper)
        if not (unit.late or isinstance(frame, Island)):
            frame.record_together(changes, moved)
            return
        net = Frame()
        net.record_together(changes, moved)
        if isinstance(frame, Island):
            frame.touched.update(net.identities())
        at_once = net.take()
        if at_once or frame.passed:
            self._deliver(unit, frame, at_once)

    def tell(self, failures: Iterable[tuple[str, Plan, Any, Exception]]) -> None:
        """Count and log reads that failed and cost no row."""
        for stage, plan, _, error in failures:
            self.counters.add(f"degraded.{stage}")
            log.error("auditing %s: %s failed: %s", plan.entity, stage, describe_error(error))

    @staticmethod
    def _kept(changes: Iterable[Change], unit: Unit, frame: Frame, pause: Suspension
              ) -> list[Change]:
        """Let changes pass while the trail is suspended; they are counted in its row."""
        kept = []
        for change in changes:
            if unit.ledger.knows(change):
                kept.append(change)
            elif change.plan.types[change.action] is not None:
                number = 1 if change.summary is None else change.summary["count"] or 1
                frame.let_pass(pause, change.context, change.at, number)
        return kept

    @guarded("degraded.drain")
    def drain(self, unit: Unit) -> None:
        """Write what a root transaction comes to; what is kept from now on is written at once."""
        unit.late = True
        try:
            root = unit.ledger.collapse()
            changes = root.take()
            if changes or root.passed:
                self._deliver(unit, root, changes)
        except Exception as error:
            if is_lost(error):
                raise
            self.delivery.gap(unit.ledger.root, current(), "A transaction", error)

    def _deliver(self, unit: Unit, frame: Frame, changes: list[Change]) -> None:
        if unit.elsewhere:
            away = [change for change in changes if unit.was_away(change.plan.mapper)]
            self.delivery.put_off(frame, away)
            changes = [change for change in changes if not unit.was_away(change.plan.mapper)]
        if unit.connection is not None:
            self.delivery.write(unit.connection, frame, changes)
        elif changes or frame.passed:
            self.delivery.put_off(frame, changes, and_passed=True)
