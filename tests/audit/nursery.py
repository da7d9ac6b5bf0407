"""A process whose children work on a database until somebody kills them.

Run as `python -m tests.audit.nursery URL`. Each line on stdin names the moment at which the next
child stops and waits; the child answers with its process id, the nursery when it is dead.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, sessionmaker

from shuffify.audit import AuditTrail, bind
from tests import databases
from tests.audit.world import ActivityLog, Base, Note, Playlist

NAME = "nursery"
"""The children's application_name."""


def main(url: str) -> None:
    """Bear one child for each line, one at a time."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(url, line.strip())
            os._exit(1)
        os.waitpid(child, 0)
        say("dead")


def say(word: Any) -> None:
    """Tell the parent, at once."""
    print(word, flush=True)


def stop(target: Any = None) -> None:
    """Tell the parent who we are, and wait for the end; the release of a savepoint is none."""
    if not isinstance(target, Session) or not target.in_nested_transaction():
        say(os.getpid())
        signal.pause()


def work(url: str, moment: str) -> None:
    """Write transactions, all or one, up to a moment."""
    engine = databases.connect(url, connect_args={"application_name": NAME})
    factory = sessionmaker(engine)
    AuditTrail(log=ActivityLog).watch(factory, base=Base)
    with factory() as session, bind(user_id=7):
        if moment == "flushed":
            write(session)
            stop()
        elif moment == "racing":
            write_on(session, lambda: say(os.getpid()))
        else:
            # The rows are written then, and the COMMIT is not yet sent, or is done.
            target, name = {"written": (engine, "commit"), "done": (session, "after_commit")}[
                moment
            ]
            event.listen(target, name, stop)
            write(session)
            session.commit()


def write_on(session: Session, committing: Callable[[], None]) -> None:
    """Commit one transaction after the other, and never end."""
    while True:
        write(session)
        committing()
        session.commit()


def write(session: Session) -> None:
    """Flush one of each: a change, a creation, a deletion, some of it inside a savepoint."""
    playlist = session.scalars(select(Playlist).limit(1)).one()
    playlist.position += 1
    with session.begin_nested():
        for note in session.scalars(select(Note)):
            session.delete(note)
    session.add(Note(playlist=playlist, title=f"at {playlist.position}"))
    session.flush()


if __name__ == "__main__":
    main(sys.argv[1])
