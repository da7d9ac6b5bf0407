"""The sandbox as a real HTTP server, started and stopped inside the process."""

import logging
import socket
from threading import Thread
from types import TracebackType
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .accounts import CLIENT_ID, CLIENT_SECRET, Client
from .app import create_sandbox_app
from .controls import Controls
from .gate import Gate
from .settings import PROFILES, Assumptions
from .state import State

HOST = "127.0.0.1"
REDIRECT_URIS = ("http://127.0.0.1/callback", "http://[::1]/callback")
BACKLOG = 128
POLL_SECONDS = 0.02
"""How long stopping waits at most for the accept loop to notice."""
SILENT_CLIENT_SECONDS = 30

logger = logging.getLogger(__name__)


class Sandbox(Controls):
    """A local Spotify on a loopback port: accounts service, Web API and control endpoint."""

    def __init__(self, profile: str = "dev2026", port: int = 0, *,
                 redirect_uris: tuple[str, ...] = REDIRECT_URIS,
                 assumptions: Assumptions | None = None) -> None:
        if profile not in PROFILES:
            raise ValueError(f"profile {profile!r} is none of {', '.join(PROFILES)}")
        self._port = port
        state = State(profile, assumptions or Assumptions())
        app = create_sandbox_app(state, Client(CLIENT_ID, CLIENT_SECRET, redirect_uris))
        self._gate = Gate(app, state)
        super().__init__(state, self._gate.faults, self._gate.journal)
        app.extensions["sandbox_controls"] = self
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def start(self) -> "Sandbox":
        """Listen; the address is known and answers when this returns.

        Raises OSError when the port is taken.
        """
        if self._server is not None:
            raise RuntimeError("The sandbox runs already; stop it before starting it again.")
        self._gate.stopping.clear()
        # Left to bind by itself, Werkzeug exits the process when the port is taken.
        with socket.create_server((HOST, self._port), backlog=BACKLOG) as listener:
            self._server = _Server(HOST, self._port, self._gate, handler=_Handler,
                                   fd=listener.fileno())
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_SECONDS,),
                              name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and wait until every thread is gone. Silent answers are cut short."""
        if self._server is None or self._thread is None:
            return
        self._gate.stopping.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("The sandbox has no address before start().")
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def accounts_url(self) -> str:
        return self.url

    @property
    def api_url(self) -> str:
        return self.url


class _Server(ThreadedWSGIServer):
    daemon_threads = False
    """Closing the server joins the threads that are not daemons."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*arguments, **named)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake the threads that wait for a client which says nothing."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError as error:
                logger.debug("The client had gone already: %s", error)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENT_CLIENT_SECONDS

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log without the request line: its query may carry a code."""
        if type == "error":
            logger.error(message, *args)

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close: HTTP/1.1 would wait on the same connection for the next request."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave it to the journal."""
