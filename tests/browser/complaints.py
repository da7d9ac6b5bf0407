"""What a browser complains of while it shows our pages: scripts, security policy, server."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, WebError

REFUSED = "Failed to load resource"
"""How Chromium's console tells of an answer of 400 and above; the answer itself says more."""


class Complaints:
    """Console errors and warnings, uncaught errors, policy violations, and answers of 500."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._expected: list[str] = []

    def listen_to(self, context: BrowserContext) -> None:
        """Hear all pages of a context."""
        context.on("console", self._hear_console)
        context.on("weberror", self._hear_error)
        context.on("response", self._hear_response)

    def leave(self, context: BrowserContext) -> None:
        """Hear no more of a context, which others go on with."""
        context.remove_listener("console", self._hear_console)
        context.remove_listener("weberror", self._hear_error)
        context.remove_listener("response", self._hear_response)

    def expect(self, part: str) -> None:
        """Let complaints pass that contain this text."""
        self._expected.append(part)

    @property
    def unexpected(self) -> list[str]:
        """Return what was heard and not expected."""
        return [
            heard for heard in self._heard
            if not any(part in heard for part in self._expected)
        ]

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self._heard.append(f"{_path(message.page)}: {message.type}: {message.text}")

    def _hear_error(self, error: WebError) -> None:
        self._heard.append(f"{_path(error.page)}: uncaught: {error.error}")

    def _hear_response(self, response: Response) -> None:
        if response.status == 500:
            self._heard.append(f"{response.request.method} {response.url}: 500")


def _path(page: Page | None) -> str:
    return page.url if page else "?"
