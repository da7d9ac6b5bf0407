"""Logins and settings: P1 to P3 and P21 of the trail."""

from shuffify.cli.tour.acts import fetch, log_in, log_out, open_page, send
from shuffify.cli.tour.rows import KnownKey, Row
from shuffify.cli.tour.walk import Step
from shuffify.sandbox import library

WORK = "work"
JONAS = "jonas"


def _login(*, first: bool, user: str = library.MIRA) -> Row:
    return Row("login", "Logged in via Spotify OAuth", {"first_login": first}, user=user)


LOGINS = (
    Step("open the landing page", open_page("/")),
    Step("ask for settings without a login", fetch("/settings"), status=401),
    Step("deny the access at Spotify", log_in(library.MIRA, decision="deny"), status=302),
    Step("log in for the first time", log_in(library.MIRA), [_login(first=True)], status=302),
    Step("log in at work too", log_in(library.MIRA, WORK), [_login(first=False)], status=302),
    Step(
        "log in as Jonas",
        log_in(library.JONAS, JONAS),
        [_login(first=True, user=library.JONAS)],
        status=302,
    ),
    Step("open the dashboard", open_page("/")),
    Step("list the playlists", fetch("/api/user-playlists")),
    Step("read the playlists anew", send("POST", "/refresh-playlists")),
)

SETTINGS = (
    Step(
        "change two settings",
        send("POST", "/settings", theme="dark", timezone="Europe/Berlin"),
        [
            Row(
                "settings_change",
                "Changed settings (theme, timezone)",
                {"changes": {"theme": ["system", "dark"], "timezone": ["UTC", "Europe/Berlin"]}},
                entity=("user_settings", KnownKey("settings of Mira")),
            )
        ],
    ),
    Step("save the same settings again", send("POST", "/settings", theme="dark")),
    Step("ask for a theme that does not exist", send("POST", "/settings", theme="x"), status=400),
    Step(
        "change settings without a token", send("POST", "/settings", token=False, theme="light"),
        status=400,
    ),
)

LOGOUTS = (
    Step(
        "log out everywhere",
        log_out(everywhere="yes"),
        [Row("logout", "Logged out everywhere", {"everywhere": True, "logins_closed": 2})],
        status=302,
    ),
    Step("find the login at work closed", fetch("/settings", WORK), status=401),
    Step(
        "log out as Jonas",
        log_out(JONAS),
        [
            Row(
                "logout",
                "Logged out",
                {"everywhere": False, "logins_closed": 1},
                user=library.JONAS,
            )
        ],
        status=302,
    ),
    Step("log out twice", log_out(JONAS), status=302),
)
