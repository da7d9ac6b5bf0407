"""Clients of the sandbox that tests share."""

from dataclasses import dataclass
from typing import Any

import requests
import spotipy

from shuffify.sandbox import Sandbox, library

REDIRECT_URI = "http://127.0.0.1:8765/callback"


@dataclass(frozen=True)
class Api:
    """Plain HTTP calls with one user's token."""

    base: str
    token: str
    http: requests.Session

    @classmethod
    def sign_in(cls, sandbox: Sandbox, http: requests.Session, user: str,
                scope: str | None = None) -> "Api":
        return cls(sandbox.url, str(sandbox.grant(user, scope)["access_token"]), http)

    def call(self, method: str, path: str, json: Any = None, *, data: Any = None,
             headers: dict[str, str] | None = None, timeout: float = 10,
             **params: Any) -> requests.Response:
        return self.http.request(
            method, f"{self.base}/v1/{path}", json=json, data=data, params=params,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            timeout=timeout)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, **params)
        assert response.status_code == 200, response.text
        return response.json()


def message(response: requests.Response) -> tuple[int, str]:
    """Return what the API's nested error says, having checked its form."""
    error = response.json()["error"]
    assert error["status"] == response.status_code
    return error["status"], error["message"]


def spotipy_for(sandbox: Sandbox, http: requests.Session, user: str) -> spotipy.Spotify:
    token = sandbox.grant(user)["access_token"]
    client = spotipy.Spotify(auth=token, requests_session=http, requests_timeout=10)
    client.prefix = sandbox.api_url + "/v1/"
    return client


def playable(sandbox: Sandbox, count: int, start: int = 0) -> list[str]:
    """Return URIs of tracks that can be added anywhere."""
    uris = sandbox.uris(library.PLAYLISTS["twelve_hundred"])
    return [str(uri) for uri in uris[start:start + count]]
