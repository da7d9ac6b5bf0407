"""A database that refuses one commit, as a full disk does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from shuffify.cli.tour.acts import Act
from shuffify.cli.tour.browser import Outcome
from shuffify.cli.tour.walk import Walk
from shuffify.extensions import db

CHANGES = ("INSERT", "UPDATE", "DELETE")
_WRITES = "writes"


@contextmanager
def refused_commit(engine: Engine, number: int) -> Iterator[list[int]]:
    """Refuse the n-th commit of a change; the list names those that came by."""
    seen: list[int] = []

    def notice(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(CHANGES):
            connection.info[_WRITES] = True

    def refuse(connection: Connection) -> None:
        if connection.info.pop(_WRITES, False):
            seen.append(len(seen) + 1)
            if seen[-1] == number:
                raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    def forget(connection: Connection) -> None:
        connection.info.pop(_WRITES, None)

    listeners = (("before_cursor_execute", notice), ("commit", refuse), ("rollback", forget))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)


def refused(act: Act, commit: int) -> Act:
    """Do something while the database refuses one of its commits."""

    def refusing(walk: Walk) -> Outcome:
        with walk.world.app.app_context():
            engine = db.engine
        with refused_commit(engine, commit) as seen:
            outcome = act(walk)
        problems = () if commit in seen else (f"there were the commits {seen}",)
        return replace(outcome, problems=(*outcome.problems, *problems))

    return refusing
