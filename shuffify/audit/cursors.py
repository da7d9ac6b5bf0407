"""Where SQLAlchemy hands a statement to the driver: behind every API, for each engine.

The events of the dialect, not those of the engine: as soon as an engine has a listener, SQLAlchemy
joins the engine's listeners and the Connection's anew for each Connection and asks them at each
step, which costs a transaction of one row more than all else that the detector does. The price is
that these events come before the execution, so what has to be judged after it is executed here.
"""

from __future__ import annotations

import threading
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Dialect

from .dml import LONGEST_KEPT
from .marks import OWN

EVENTS: Final = ("do_execute", "do_executemany", "do_execute_no_params")

MOST_HARMLESS: Final = 1000
"""Statements of one dialect that are remembered as writing no table of anybody's."""

_PASSED: Final = "_audit_passed"
"""Where an execution remembers which judges have let it pass last."""


class Judge(Protocol):
    """Who is asked about each statement; it may not raise."""

    def passes(self, statement: Any, context: Any) -> bool:
        """Tell, before the execution, whether a statement may be left to SQLAlchemy.

        A dialect may execute without a context.
        """

    def executed(self, cursor: Any, statement: Any, context: Any) -> None:
        """Hear that what did not pass was executed; what fails has written nothing."""


def guard(dialect: Dialect, judge: Judge) -> None:
    """Ask a judge at the cursors of a dialect, which an engine shares with its clones."""
    post = _posts.get(dialect)
    if post is not None and judge in post.judges:
        return
    with _lock:
        post = _posts.get(dialect)
        if post is None:
            post = _posts[dialect] = _Post(_harmless.setdefault(dialect.name, set()))
            for name in EVENTS:
                event.listen(dialect, name, getattr(post, name))
        if judge not in post.judges:
            post.judges = (*post.judges, judge)


def release(judge: Judge) -> None:
    """Ask a judge no more, anywhere."""
    with _lock:
        for post in list(_posts.values()):
            post.judges = tuple(one for one in post.judges if one is not judge)


def remember(dialect: str, statement: Any) -> None:
    """Keep a statement that writes no table, as most do: it need not be looked at again."""
    known = _harmless[dialect]
    if len(known) >= MOST_HARMLESS:
        known.clear()  # Texts with values in them come once and would fill it.
    if statement.__class__ is str and len(statement) <= LONGEST_KEPT:
        known.add(statement)


class _Post:
    """The listeners of one dialect, for all judges, as long as the dialect lives.

    They stay when the last judge has gone: SQLAlchemy cannot take a listener away, or add a second
    one, while another thread asks them. It must not hold the dialect, or no engine would ever go.
    """

    __slots__ = ("judges", "_harmless")

    def __init__(self, harmless: set[str]) -> None:
        self.judges: tuple[Judge, ...] = ()
        self._harmless = harmless

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        # A read, most often, or one of the batches in which a flush may send each row.
        if statement.__class__ is str and statement in self._harmless:
            return False
        if getattr(context, _PASSED, None) is self.judges:
            return False
        return self._execute("do_execute", context, cursor, statement, parameters)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        return self._execute("do_executemany", context, cursor, statement, parameters)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any) -> bool:
        return self._execute("do_execute_no_params", context, cursor, statement)

    def _execute(self, name: str, context: Any, cursor: Any, statement: Any, *parameters: Any
                 ) -> bool:
        """Execute what does not pass; tell whether it is executed, or SQLAlchemy is to do it."""
        # A driver's own form of statement need not be hashable.
        if statement.__class__ is str and (statement in self._harmless or statement in OWN):
            return False
        judges = self.judges
        waiting = [judge for judge in judges if not judge.passes(statement, context)]
        if context is None:
            return False  # A dialect's own doing; SQLAlchemy knows how to go on.
        if not waiting:
            setattr(context, _PASSED, judges)
            return False
        self._go_on(name, context, cursor, statement, *parameters)
        for judge in waiting:
            judge.executed(cursor, statement, context)
        return True

    def _go_on(self, name: str, context: Any, *call: Any) -> None:
        """Do what SQLAlchemy would after this listener: ask the next ones, or execute."""
        listeners = iter(getattr(context.dialect.dispatch, name))
        for listener in listeners:
            if getattr(listener, "__self__", None) is self:
                break
        for listener in listeners:
            if listener(*call, context):
                return
        getattr(context.dialect, name)(*call, context)


_posts: WeakKeyDictionary[Dialect, _Post] = WeakKeyDictionary()
_harmless: dict[str, set[str]] = {}
_lock = threading.Lock()
