"""The scheduler of one process: stands by until it leads, then runs what is due.

`create_app` starts none; whoever serves an app does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import count
import logging
import os
import socket
from threading import Event, Thread

from sqlalchemy import Engine

from shuffify.extensions import app_settings, db
from shuffify.jobs import runner
from shuffify.jobs.leadership import Leadership
from shuffify.jobs.runner import App
from shuffify.jobs.term import Term
from shuffify.models.base import utcnow

logger = logging.getLogger(__name__)

CHECK = 5.0
"""Seconds between two looks at the leader lock."""

READ_EVERY = 3
"""Looks between two readings of the table, which a commit in this process brings forward."""


class Scheduler:
    """Looks after the leader lock, and keeps a term while it is held."""

    def __init__(self, app: App, engine: Engine) -> None:
        self._app = app
        self._leadership = Leadership(engine)
        self._term: Term | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = utcnow()
        self._wake = Event()
        self._stopping = Event()
        self._thread = Thread(target=self._look_after, name="shuffify-scheduler", daemon=True)

    @property
    def leads(self) -> bool:
        """Whether this process held the lock when it last looked."""
        return self._term is not None

    @property
    def planned(self) -> dict[int, datetime]:
        """When the trigger of each schedule fires; nothing while another process leads."""
        return {} if self._term is None else self._term.planned

    def start(self) -> None:
        """Look after the lock on a thread, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Start no run any more, wait for those under way, and let the lock go."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Read the table now; never waits, never raises."""
        self._wake.set()

    def turn(self, *, read: bool = True) -> None:
        """Look at the lock once; as the leader, also at the table if so wished."""
        if self._stopping.is_set():
            return
        if not self._leadership.acquire():
            self._end_term(wait=False)
            return
        if self._term is None:
            logger.info("%s leads.", self._name)
            self._term = Term(self._app, self._leadership)
            self._term.begin()
            read = True
        if read:
            runner.beat(self._app, self._name, self._started_at)
            wanted = runner.planned(self._app)
            if wanted is not None:
                self._term.plan(wanted)

    def close(self) -> None:
        """End the term, wait for its runs, and let the lock go."""
        self._end_term(wait=True)
        self._leadership.release()

    def _look_after(self) -> None:
        unwatch = runner.watch_schedules(self.wake)
        try:
            awakened = True
            for number in count():
                read = awakened or number % READ_EVERY == 0
                runner.guarded(self._app, "The scheduler", partial(self.turn, read=read))
                awakened = self._wake.wait(CHECK)
                if self._stopping.is_set():
                    break
                if awakened:
                    self._wake.clear()
        finally:
            unwatch()
            self.close()

    def _end_term(self, *, wait: bool) -> None:
        term, self._term = self._term, None
        if term is not None:
            term.end(wait=wait)
            logger.info("%s leads no more.", self._name)


def start(app: App) -> Scheduler | None:
    """Start the scheduler of an app that is served; None unless SCHEDULER is `embedded`."""
    with app.app_context():
        if app_settings().scheduler != "embedded":
            return None
        scheduler = Scheduler(app, db.engine)
    scheduler.start()
    return scheduler


@contextmanager
def running(app: App) -> Iterator[Scheduler | None]:
    """Run the scheduler of an app while a block serves it."""
    scheduler = start(app)
    try:
        yield scheduler
    finally:
        if scheduler is not None:
            scheduler.stop()
