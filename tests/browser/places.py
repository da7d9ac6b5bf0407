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
        # On a narrow page an open panel would leave no row in view; only a wide one opens any.
        for opened in page.locator('.side-button[aria-expanded="true"]').all():
            opened.click()

    return reach


def one_snapshot(page: Page) -> None:
    """Go to the details of a snapshot."""
    pressed("Snapshots Sunday breakfast", "Taken by hand")(page)
    page.get_by_role("button", name="Taken by hand").click()
    page.get_by_text("12 tracks, and where they are now").wait_for()


def panel(button: str, then: str) -> Way:
    """Return the way to a panel of the workshop, until something is in it."""
    def reach(page: Page) -> None:
        workshop("twelve")(page)
        page.locator(".side-button", has_text=button).click()
        page.locator(then).first.wait_for()
        # Rows have a place of their own; on a narrow page these stand half under the bar.
        page.evaluate(
            """() => document.querySelectorAll('#workshop-rows [tabindex="0"]').forEach(
              (control) => { control.tabIndex = -1; })"""
        )

    return reach


def workshop_search(page: Page) -> None:
    """Search for tracks in the workshop."""
    panel("Search", "#search-query")(page)
    page.locator("#search-query").fill("ferries")
    page.keyboard.press("Enter")
    page.locator("#search-finds li").first.wait_for()


def workshop_conflict(page: Page) -> None:
    """Save a list that was changed elsewhere meanwhile: the page itself plays the other."""
    workshop_save(page)
    page.evaluate(
        """async (id) => {
          const { post } = await import(
            document.querySelector('script[type="module"]').src.replace("main.js", "lib/api.js"));
          await post(`/shuffle/${id}`, {});
        }""",
        library.PLAYLISTS["twelve"],
    )
    page.locator('#workshop-commit [data-slot="confirm"]').click()
    page.locator("#workshop-conflict").wait_for()


def workshop_draft(page: Page) -> None:
    """Come back to a workshop that was left with unsaved changes."""
    workshop("twelve")(page)
    page.locator('[data-control="more"]').first.click()
    page.get_by_role("menuitem", name="Remove").click()
    page.locator(".bar-changed").wait_for()
    page.reload()
    page.locator(".workshop-draft").wait_for()


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
    Place("workshop-search", "workshop.workshop", workshop_search),
    Place("workshop-other", "workshop.workshop", panel("Other lists", "#other-lists li")),
    Place("workshop-saved", "workshop.workshop", panel("Saved", ".session")),
    Place("workshop-draft", "workshop.workshop", workshop_draft),
    Place("workshop-conflict", "workshop.workshop", workshop_conflict),
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
