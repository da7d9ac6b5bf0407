"""The consent page of the sandbox, answered as a browser would."""

from urllib.parse import parse_qs, urlsplit

import requests

from shuffify.spotify import oauth
from shuffify.spotify.settings import SpotifySettings


def consent(settings: SpotifySettings, attempt: oauth.LoginAttempt, user: str) -> str:
    """Allow the app as a user, and return the code that the callback would receive."""
    with requests.Session() as browser:
        browser.trust_env = False
        answer = browser.post(
            oauth.authorize_url(settings, attempt),
            data={"user": user, "decision": "allow"},
            allow_redirects=False,
        )
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
