"""A browser for tests: keeps cookies, logs in through the sandbox, fetches CSRF tokens."""

import re
import time
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
import pytest
import requests
from werkzeug.test import Cookie, TestResponse

from shuffify import PACKAGE
from shuffify.sandbox import library
from shuffify.web import static_files

STYLE_SHEET = f"{static_files.base_url(PACKAGE / 'static')}/css/app.css"

on_sqlite = pytest.mark.parametrize("app_database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("app_database_url", ["postgresql"], indirect=True)
"""For tests whose requests end before the database has a say: one kind of it is enough."""

FRESH: Final = 60
"""For so many seconds a page's token is used; the app takes an older one, too, but not any."""

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)">')


class Page(NamedTuple):
    """A page as it was read."""

    session: Cookie | None
    read_at: float
    text: str
    token: str


class Visitor:
    """Somebody at a browser of their own."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self._page: Page | None = None

    def begin_login(self) -> str:
        """Agree to the terms; return the address at Spotify that the app sends us to."""
        answer = self.client.get("/login?legal_consent=given")
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def consent(self, address: str, user: str = library.MIRA, decision: str = "allow") -> str:
        """Decide at the sandbox; return the path that it sends the browser back to."""
        answer = requests.post(
            address, data={"user": user, "decision": decision}, allow_redirects=False, timeout=10
        )
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def log_in(self, user: str = library.MIRA) -> "Visitor":
        """Log in as one of the sandbox's users."""
        answer = self.client.get(self.consent(self.begin_login(), user))
        assert answer.status_code == 302, answer.text
        # A refusal leads back, too.
        assert "Log out" in self._read().text
        return self

    def is_logged_in(self) -> bool:
        return self.get("/settings").status_code == 200

    def token(self) -> str:
        """Return the CSRF token of a page, as its script would read it: one that is still open."""
        page = self._page
        if page is None or page.session != self._session() or _is_old(page):
            page = self._read()
        return page.token

    def _read(self) -> Page:
        """Read a page that is for everybody, and keep it."""
        answer = self.client.get("/terms")
        assert answer.status_code == 200, answer.text
        token = TOKEN.search(answer.text)
        assert token is not None
        self._page = Page(self._session(), time.time(), answer.text, token[1])
        return self._page

    def _session(self) -> Cookie | None:
        return self.client.get_cookie(self.client.application.config["SESSION_COOKIE_NAME"])

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, headers={"Accept": "application/json"}, **options)

    def send(self, method: str, path: str, json: Any = None, **options: Any) -> TestResponse:
        """Send JSON as our pages do, with the token."""
        headers = {"Accept": "application/json", "X-CSRFToken": self.token()}
        headers |= options.pop("headers", {})
        if "data" not in options:
            options["json"] = {} if json is None else json
        return self.client.open(path, method=method, headers=headers, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.send("PUT", path, json, **options)

    def delete(self, path: str) -> TestResponse:
        return self.send("DELETE", path)


def _is_old(page: Page) -> bool:
    return abs(time.time() - page.read_at) >= FRESH


def fields(answer: TestResponse) -> set[str]:
    """Return the names of the fields that an answer refuses."""
    assert answer.status_code == 400, answer.text
    assert answer.json["code"] == "invalid_request"
    return {error["field"] for error in answer.json["errors"]}
