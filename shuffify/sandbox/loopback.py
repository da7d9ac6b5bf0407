"""Any WSGI app on a loopback port, in threads that all end when the server stops."""

import logging
import socket
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
BACKLOG = 128
POLL_SECONDS = 0.02
"""How long stopping waits at most for the accept loop to notice."""
SILENT_CLIENT_SECONDS = 30

logger = logging.getLogger(__name__)


def listen(port: int = 0) -> socket.socket:
    """Take a port, 0 for any that is free; raises OSError when it is taken.

    Clients may connect at once and wait for the server that is made of it.
    """
    # Left to bind by itself, Werkzeug exits the process when the port is taken.
    return socket.create_server((HOST, port), backlog=BACKLOG)


def address_of(listener: socket.socket) -> str:
    """Return the address under which a port is reached."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


class LoopbackServer:
    """Serves an app from the moment it is made until `stop`."""

    def __init__(self, app: "WSGIApplication", listener: socket.socket, name: str) -> None:
        """Take over a port from `listen`; the thread that accepts calls is called `name`."""
        self.url = address_of(listener)
        with listener:
            port = listener.getsockname()[1]
            self._server = _Server(HOST, port, app, handler=_Handler, fd=listener.fileno())
        self._thread = Thread(target=self._server.serve_forever, args=(POLL_SECONDS,),
                              name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port, let the answers under way end, and wait for every thread."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()


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
        """Leave it to whoever keeps a journal."""
