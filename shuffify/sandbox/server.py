"""The sandbox as a real HTTP server, started and stopped inside the process."""

from types import TracebackType

from .accounts import CLIENT_ID, CLIENT_SECRET, Client
from .app import create_sandbox_app
from .controls import Controls
from .gate import Gate
from .loopback import LoopbackServer, listen
from .settings import PROFILES, Assumptions
from .state import State

REDIRECT_URIS = ("http://127.0.0.1/callback", "http://[::1]/callback")


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
        self._server: LoopbackServer | None = None

    def start(self) -> "Sandbox":
        """Listen; the address is known and answers when this returns.

        Raises OSError when the port is taken.
        """
        if self._server is not None:
            raise RuntimeError("The sandbox runs already; stop it before starting it again.")
        self._gate.stopping.clear()
        self._server = LoopbackServer(self._gate, listen(self._port), name="sandbox")
        return self

    def stop(self) -> None:
        """Close the port and wait until every thread is gone. Silent answers are cut short."""
        if self._server is None:
            return
        self._gate.stopping.set()
        self._server.stop()
        self._server = None

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("The sandbox has no address before start().")
        return self._server.url

    @property
    def accounts_url(self) -> str:
        return self.url

    @property
    def api_url(self) -> str:
        return self.url
