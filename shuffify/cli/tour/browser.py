"""A browser for the tour: it keeps cookies, follows links and sends the token of its last page."""

from dataclasses import dataclass, field
import re
from typing import Any

import requests

PATIENCE = 60
"""Seconds that an answer may take."""

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')
JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Outcome:
    """What the app answered to one request."""

    status: int
    request_id: str
    body: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """What is wrong beside the trail, such as a playlist that did not move."""


class Browser:
    """Somebody's browser, with cookies of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""
        self._http = requests.Session()
        # A proxy for the outside world cannot reach this machine's own ports.
        self._http.trust_env = False

    def close(self) -> None:
        self._http.close()

    def open(self, path: str) -> Outcome:
        """Open a page."""
        return self._answer("GET", path)

    def fetch(self, path: str) -> Outcome:
        """Read JSON, as a page's script does."""
        return self._answer("GET", path, headers=JSON)

    def send(self, method: str, path: str, body: Any = None, *, token: bool = True) -> Outcome:
        """Send JSON, as a page's script does; without the token, as another site would."""
        headers = JSON | ({"X-CSRFToken": self.token} if token else {})
        return self._answer(method, path, json={} if body is None else body, headers=headers)

    def submit(self, path: str, **fields: str) -> Outcome:
        """Send a page's form, and open the page that it leads to."""
        outcome = self._answer("POST", path, data={"csrf_token": self.token, **fields})
        self.open("/")
        return outcome

    def log_in(self, user: str, decision: str = "allow") -> Outcome:
        """Agree to the terms, decide at the consent page, and come back."""
        self.open("/")
        there = self._get("/login?legal_consent=given").headers.get("Location", "")
        if there.startswith("/") or not there:
            return Outcome(0, "", problems=(f"/login leads to {there!r} instead of Spotify",))
        self._http.get(there, timeout=PATIENCE).raise_for_status()
        back = self._http.post(
            there, data={"user": user, "decision": decision}, allow_redirects=False,
            timeout=PATIENCE,
        ).headers["Location"]
        outcome = self._answer("GET", back.removeprefix(self.url))
        self.open("/")
        return outcome

    def _get(self, path: str) -> requests.Response:
        return self._http.get(self.url + path, allow_redirects=False, timeout=PATIENCE)

    def _answer(self, method: str, path: str, **options: Any) -> Outcome:
        answer = self._http.request(
            method, self.url + path, allow_redirects=False, timeout=PATIENCE, **options
        )
        found = TOKEN.search(answer.text)
        if found:
            self.token = found[1]
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        request_id = answer.headers.get("X-Request-ID", "")
        return Outcome(answer.status_code, request_id, answer.json() if is_json else {})
