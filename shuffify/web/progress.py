"""Long writes: one answer at their end, or lines of progress for the clients that ask for them.

Flask takes a request down before the lines of its answer are read, and a client may go away
while they are. So the write has a thread of its own, with its own application context and, by
that, its own database session; what the view had bound, the actor above all, it keeps.
"""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

from flask import Flask, Response, current_app, g, request

from shuffify.web import errors
from shuffify.web.actor import request_id
from shuffify.web.guards import user_id
from shuffify.web.negotiation import Answer

NDJSON: Final = "application/x-ndjson"

Report = Callable[[int, int], None]
"""Told how many calls of a write are done, of how many."""

Write = Callable[[Report], Answer]
"""A view's call of its service, told where to report to."""

Lines = SimpleQueue[dict[str, Any] | None]
"""What the writing thread has to say; None when it has said everything."""


def respond(write: Write) -> Answer | Response:
    """Do the write and answer with its result, line by line where the client wants that.

    A stream is 200 from its first line; its last one is the envelope with the real `status`.
    """
    if not _wants_lines():
        return write(_unwatched)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lines: Lines = SimpleQueue()
    job = _Job(app, write, lines)
    # Not a daemon: a process that is asked to stop lets the write under way finish.
    Thread(target=copy_context().run, args=(job.run,), name=f"write {job.request_id}").start()
    response = Response(_texts(app, lines), mimetype=NDJSON)
    # Proxies would otherwise keep the lines until the last one is there.
    response.headers["X-Accel-Buffering"] = "no"
    return response


class _Job:
    """A write that outlives its request; made inside of it."""

    def __init__(self, app: Flask, write: Write, lines: Lines) -> None:
        self._app = app
        self._write = write
        self._lines = lines
        self._user_id = user_id()
        self.request_id = request_id()

    def run(self) -> None:
        """Do the write; whatever happens, the stream ends."""
        try:
            with self._app.app_context():
                g.request_id, g.user_id = self.request_id, self._user_id
                response = errors.answer_of(lambda: self._write(self._report))
                self._lines.put({**response.get_json(), "status": response.status_code})
        finally:
            self._lines.put(None)

    def _report(self, done: int, total: int) -> None:
        self._lines.put({"progress": {"done": done, "total": total}})


def _texts(app: Flask, lines: Lines) -> Iterator[str]:
    for line in iter(lines.get, None):
        yield app.json.dumps(line, indent=None) + "\n"


def _wants_lines() -> bool:
    # Only by name: a client that takes anything has not asked for a stream.
    return any(kind == NDJSON and quality > 0 for kind, quality in request.accept_mimetypes)


def _unwatched(done: int, total: int) -> None:
    """Nobody waits for the progress."""
