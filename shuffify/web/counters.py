"""Where rate limits count: in a shared store, and in memory where there is none or it is down.

The memory storage and the fallback that come with the libraries start a thread for each app and
for each request; this one forgets old windows on the way.
"""

from dataclasses import dataclass
import logging
from threading import Lock
from time import monotonic, time
from typing import Any, Final
from urllib.parse import urlsplit

from limits.storage import Storage, storage_from_string

SCHEME: Final = "counters"
PATIENCE: Final = {"socket_connect_timeout": 1, "socket_timeout": 1}
"""Seconds that a request waits for redis."""

RETRY_SECONDS: Final = 10.0
"""A store that was down is asked again after so long."""

FORGET_ABOVE: Final = 1_000
"""This many windows may stand before old ones are looked for."""

log = logging.getLogger(__name__)


@dataclass
class Window:
    """How often something happened, and until when that counts."""

    count: int
    end: float


class Counters(Storage):
    """Counts in the store `behind`, and in this process while that is memory or down."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(
        self, uri: str | None = None, wrap_exceptions: bool = False, behind: str = "memory://"
    ) -> None:
        super().__init__(uri, wrap_exceptions)
        scheme = urlsplit(behind).scheme
        options = PATIENCE if scheme.startswith("redis") else {}
        self._shared: Any = (
            None if scheme == "memory" else storage_from_string(behind, **options)
        )
        self._down_until = 0.0
        self._windows: dict[str, Window] = {}
        self._lock = Lock()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        # Nothing here fails: what the shared store raises has been dealt with.
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        shared = self._ask("incr", key, expiry, amount)
        if shared is not None:
            return int(shared)
        with self._lock:
            window = self._open(key) or Window(0, time() + expiry)
            self._windows[key] = window
            window.count += amount
            self._forget_old()
            return window.count

    def get(self, key: str) -> int:
        shared = self._ask("get", key)
        if shared is not None:
            return int(shared)
        with self._lock:
            window = self._open(key)
            return window.count if window else 0

    def get_expiry(self, key: str) -> float:
        shared = self._ask("get_expiry", key)
        if shared is not None:
            return float(shared)
        with self._lock:
            window = self._open(key)
            return window.end if window else time()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        shared = self._ask("reset")
        return count + (shared or 0)

    def clear(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)
        self._ask("clear", key)

    def _ask(self, method: str, *args: Any) -> Any:
        """Return the shared store's answer; None where this process has to count."""
        if self._shared is None or monotonic() < self._down_until:
            return None
        try:
            return getattr(self._shared, method)(*args)
        except self._shared.base_exceptions as error:
            self._down_until = monotonic() + RETRY_SECONDS
            log.warning("The store of the rate limits is down, memory takes over: %s", error)
            return None

    def _open(self, key: str) -> Window | None:
        window = self._windows.get(key)
        return window if window and window.end > time() else None

    def _forget_old(self) -> None:
        if len(self._windows) > FORGET_ABOVE:
            now = time()
            self._windows = {key: w for key, w in self._windows.items() if w.end > now}
