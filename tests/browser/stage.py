"""A demo with something in it, and a browser before it: made once, for many looks at pages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil

from flask import Response
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.exceptions import default_exceptions

from shuffify.cli.demo_world import Demo, running_demo
from shuffify.sandbox import library
from shuffify.web import error_pages
from shuffify.web.errors import Problem, answer
from tests.visitor import Visitor

ARGUMENTS = (
    "--no-sandbox",  # Needed as root; the pages are ours.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # This machine may have no way out: what it cannot reach must not be looked up.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

PATIENCE_MS = 20_000


@dataclass(frozen=True)
class Stage:
    """A running demo, and the pages of Mira and of a stranger before it."""

    demo: Demo
    mira: Page
    stranger: Page

    @property
    def contexts(self) -> list[BrowserContext]:
        return [self.mira.context, self.stranger.context]

    def page(self, *, signed_in: bool) -> Page:
        return self.mira if signed_in else self.stranger


def chromium_path() -> str:
    """Return the path of a Chromium, of one without windows first.

    Raises FileNotFoundError where there is none.
    """
    for name in ("chromium-headless-shell", "chromium"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("no Chromium on the path: apt-get install chromium-headless-shell")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run Chromium; raises FileNotFoundError where there is none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*ARGUMENTS])
        yield browser
        browser.close()


@contextmanager
def set_up(
    folder: Path,
    browser: Browser,
    *,
    names: Mapping[str, str] | None = None,
    said: str = "Before the party",
    scheduler: str = "off",
) -> Iterator[Stage]:
    """Run a demo in a folder, with its app's pages open.

    `names` are those of playlists, by role, where they are not to be the usual ones.
    """
    with running_demo(folder, port=0, profile="dev2026", keep=False, scheduler=scheduler) as demo:
        demo.app.add_url_rule("/fails/<int:status>", "fails", failing)
        for role, name in (names or {}).items():
            demo.sandbox.edit(library.PLAYLISTS[role], "details", name=name)
        furnish(Visitor(demo.app).log_in(), said)
        mira = open_page(browser, demo.url)
        log_in(mira)
        stage = Stage(demo, mira, open_page(browser, demo.url))
        yield stage
        for context in stage.contexts:
            context.close()


def failing(status: int) -> Response:
    """Answer as the app does when something fails with this status."""
    facts = {"login_url": "/"} if status == 401 else {}
    name = default_exceptions[status].__name__
    return answer(Problem(status, name, error_pages.happened(status), (), facts))


def furnish(mira: Visitor, said: str) -> None:
    """Give Mira something of every kind; `said` are the words that she chooses herself."""
    ids = library.PLAYLISTS
    for seed in (1, 2):
        made = mira.post(f"/shuffle/{ids['twelve']}", {"seed": seed})
        assert made.status_code == 200, made.text
    twelve, run, shared = ids["twelve"], ids["hundred_twenty"], ids["shared"]
    tracks = mira.get(f"/playlist/{twelve}").json["playlist"]["tracks"]
    uris = [track["uri"] for track in tracks]
    posts: list[tuple[str, dict[str, object]]] = [
        (f"/playlist/{twelve}/snapshots", {"trigger_description": said}),
        (f"/playlist/{twelve}/upstream-sources", {"source_playlist_id": shared}),
        (f"/playlist/{run}/upstream-sources", {"source_playlist_id": shared}),
        (f"/workshop/{twelve}/sessions", {"session_name": said, "track_uris": uris}),
        ("/settings", {"timezone": "Europe/Berlin"}),
        ("/schedules/create", {
            "job_type": "shuffle", "target_playlist_id": twelve,
            "algorithm_name": "BalancedShuffle", "schedule_type": "interval",
            "schedule_value": "daily",
        }),
        ("/schedules/create", {
            "job_type": "raid", "target_playlist_id": run,
            "source_playlist_ids": [shared], "schedule_type": "cron",
            "schedule_value": "30 7 * * 1", "is_enabled": False,
        }),
        ("/schedules/1/run", {}),
    ]
    for path, body in posts:
        made = mira.post(path, body)
        assert made.status_code in (200, 201), f"{path}: {made.text}"


def open_page(browser: Browser, url: str) -> Page:
    """Return a page of a browser without cookies."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def until_ready(page: Page) -> None:
    """Wait for the page's scripts: what is pressed before them does nothing."""
    page.locator("html[data-ready]").wait_for()


def log_in(page: Page, name: str = "Mira") -> None:
    """Log in as a person does and stand on the dashboard."""
    page.goto("/")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Log in with Spotify").click()
    page.get_by_role("button", name=f"Allow as {name}").click()
    page.get_by_role("heading", name="Your playlists", level=1).wait_for()
    until_ready(page)
