"""Where SQLAlchemy hands a statement to the driver: behind every API, for each engine.

The events of the dialect, not those of the engine: as soon as an engine has a listener, SQLAlchemy
joins the engine's listeners and the Connection's anew for each Connection and asks them at each
step, which costs a transaction of one row more than all else that the detector does. The price is
that these events come before the execution, so what has to be judged after it is executed here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Dialect

EVENTS: Final = ("do_execute", "do_executemany", "do_execute_no_params")

_PASSED: Final = "_audit_passed"
"""Where an execution remembers which watch has let it pass last."""


class Cursors:
    """The cursors of all engines that one detector watches."""

    def __init__(self, passes: Callable[[str, Any], bool],
                 executed: Callable[[Any, str, Any], None]) -> None:
        """Ask ``passes(statement, context)`` before, call ``executed(cursor, ...)`` after.

        Neither may raise. What passes is left to SQLAlchemy; what fails has written nothing.
        """
        self._passes = passes
        self._executed = executed
        self._watches: WeakKeyDictionary[Dialect, _Watch] = WeakKeyDictionary()
        self._harmless: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def harmless(self, dialect: str) -> set[str]:
        """Return the texts of one dialect that need not be looked at: most statements are one."""
        return self._harmless.setdefault(dialect, set())

    def guard(self, dialect: Dialect) -> None:
        """Listen at the cursors of an engine's dialect, which its clones share."""
        if dialect in self._watches:
            return
        with self._lock:
            if dialect not in self._watches:
                watch = _Watch(self.harmless(dialect.name), self._passes, self._executed)
                for name in EVENTS:
                    event.listen(dialect, name, getattr(watch, name))
                self._watches[dialect] = watch

    def release(self) -> None:
        """Listen no more."""
        for dialect, watch in list(self._watches.items()):
            for name in EVENTS:
                if event.contains(dialect, name, getattr(watch, name)):
                    event.remove(dialect, name, getattr(watch, name))
        self._watches.clear()


class _Watch:
    """The listeners of one dialect; it must not hold the dialect, or no engine would ever go."""

    __slots__ = ("_harmless", "_passes", "_executed")

    def __init__(self, harmless: set[str], passes: Callable[[str, Any], bool],
                 executed: Callable[[Any, str, Any], None]) -> None:
        self._harmless = harmless
        self._passes = passes
        self._executed = executed

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        # A read, most often, or one of the batches in which a flush may send each row.
        if statement in self._harmless or getattr(context, _PASSED, None) is self:
            return False
        return self._execute("do_execute", context, cursor, statement, parameters)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        return self._execute("do_executemany", context, cursor, statement, parameters)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any) -> bool:
        return self._execute("do_execute_no_params", context, cursor, statement)

    def _execute(self, name: str, context: Any, cursor: Any, statement: str, *parameters: Any
                 ) -> bool:
        """Execute what does not pass; tell whether it is executed, or SQLAlchemy is to do it."""
        if statement in self._harmless:
            return False
        if self._passes(statement, context):
            setattr(context, _PASSED, self)
            return False
        self._go_on(name, context, cursor, statement, *parameters)
        self._executed(cursor, statement, context)
        return True

    def _go_on(self, name: str, context: Any, *call: Any) -> None:
        """Do what SQLAlchemy would after this listener: ask the next ones, or execute."""
        dialect, own = context.dialect, getattr(self, name)
        listeners = iter(getattr(dialect.dispatch, name))
        for listener in listeners:
            if listener == own:
                break
        for listener in listeners:
            if listener(*call, context):
                return
        getattr(dialect, name)(*call, context)
