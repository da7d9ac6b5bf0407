"""Every page, and every dialog that hides one, with the way to it."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from shuffify.sandbox import library
from tests.browser.stage import until_ready

Way = Callable[[Page], object]


@dataclass(frozen=True)
class Place:
    """Something that people look at; `endpoint` is the route whose page it is."""

    name: str
    endpoint: str
    reach: Way
    signed_in: bool = True
    dialog: bool = False

    def __str__(self) -> str:
        return self.name


def address(path: str) -> Way:
    """Return the way to a page that has an address."""
    return lambda page: page.goto(path)


def pressed(button: str, then: str) -> Way:
    """Return the way that leads over a button of the dashboard, until a text is there."""
    def reach(page: Page) -> None:
        page.goto("/")
        page.locator("html[data-ready]").wait_for()
        page.get_by_role("button", name=button).click()
        page.get_by_text(then).first.wait_for()

    return reach


def workshop(role: str) -> Way:
    """Return the way to the workshop of a playlist, once its rows are there."""
    def reach(page: Page) -> None:
        # What a test left unsaved would ask on the way out.
        page.evaluate("localStorage.clear()")
        page.goto(f"/workshop/{library.PLAYLISTS[role]}")
        page.locator('#workshop-rows[aria-busy="false"]').wait_for()

    return reach


def one_snapshot(page: Page) -> None:
    """Go to the details of a snapshot."""
    pressed("Snapshots Sunday breakfast", "Taken by hand")(page)
    page.get_by_role("button", name="Taken by hand").click()
    page.get_by_text("12 tracks, and where they are now").wait_for()


def workshop_save(page: Page) -> None:
    """Take a row out, and stand before the question whether to save."""
    workshop("twelve")(page)
    page.locator('[data-control="more"]').first.click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("button", name="Save to Spotify").click()


def schedule_form(page: Page) -> None:
    """Open a schedule with everything that its form can show."""
    page.goto("/schedules")
    until_ready(page)
    page.get_by_role("button", name="Edit").nth(1).click()
    page.get_by_role("radio", name="Raid and shuffle").check()
    page.get_by_role("checkbox", name="Kitchen, all of us").check()
    page.get_by_role("list").get_by_text("Monday, ").first.wait_for()


def schedule_runs(page: Page) -> None:
    """Open the history of a schedule that has run."""
    page.goto("/schedules")
    until_ready(page)
    page.get_by_role("button", name="History").first.click()
    page.get_by_role("dialog").get_by_text("By hand").wait_for()


def schedule_delete(page: Page) -> None:
    """Stand before the question whether to delete a schedule."""
    page.goto("/schedules")
    until_ready(page)
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").wait_for()


PLACES = [
    Place("landing", "core.index", address("/"), signed_in=False),
    Place("dashboard", "core.index", address("/")),
    Place(
        "shuffle-dialog", "core.index",
        pressed("Algorithm for Sunday breakfast", "Repeat an earlier shuffle"), dialog=True,
    ),
    Place(
        "snapshots", "core.index",
        pressed("Snapshots Sunday breakfast", "Taken by hand"), dialog=True,
    ),
    Place("snapshot", "core.index", one_snapshot, dialog=True),
    Place("workshop", "workshop.workshop", workshop("mixed")),
    Place("workshop-save", "workshop.workshop", workshop_save, dialog=True),
    Place("schedules", "schedules.list_schedules", address("/schedules")),
    Place("schedule-form", "schedules.list_schedules", schedule_form, dialog=True),
    Place("schedule-runs", "schedules.list_schedules", schedule_runs, dialog=True),
    Place("question", "schedules.list_schedules", schedule_delete, dialog=True),
    Place("settings", "settings.show_settings", address("/settings")),
    Place("terms", "core.terms", address("/terms"), signed_in=False),
    Place("privacy", "core.privacy", address("/privacy"), signed_in=False),
    Place("not-found", "error", address("/nowhere"), signed_in=False),
    Place("log-in-first", "error", address("/fails/401"), signed_in=False),
]

NO_PAGES = {
    "static", "core.livez", "core.readyz", "core.metrics_page", "core.login", "core.callback",
    "playlists.list_playlists", "playlists.get_playlist",
    "schedules.list_history", "snapshots.list_snapshots", "snapshots.get_snapshot",
    "upstream_sources.list_sources", "workshop.list_sessions", "workshop.get_session",
}
"""Endpoints that answer GET with JSON, a file or a redirect."""
