"""The workshop's page as a person sees it."""

from collections.abc import Callable
import re

from playwright.sync_api import Locator, Page, expect

from shuffify.sandbox import library
from tests.browser.stage import until_ready


class Workshop:
    """One open workshop."""

    def __init__(self, page: Page, role: str = "twelve") -> None:
        self.page = page
        self.playlist_id = library.PLAYLISTS[role]
        self.rows = page.locator("#workshop-rows > .row")
        self.saves = page.get_by_role("button", name="Save to Spotify")
        self.dialog = page.get_by_role("dialog")
        self.said = page.locator("#workshop-announcements")

    def open(self) -> "Workshop":
        """Go there and wait for the whole list."""
        self.page.goto(f"/workshop/{self.playlist_id}")
        return self.until_read()

    def until_read(self) -> "Workshop":
        until_ready(self.page)
        self.page.locator('#workshop-rows[aria-busy="false"]').wait_for()
        return self

    def names(self) -> list[str]:
        """Return the titles of all rows, as they stand."""
        return self.page.locator("#workshop-rows .row-name").all_text_contents()

    def expect_names(self, names: list[str]) -> None:
        """Wait until the rows have these titles, in this order, and no others."""
        expect(self.page.locator("#workshop-rows .row-name")).to_have_text(names)

    def numbers(self) -> list[str]:
        return self.page.locator("#workshop-rows .row-number").all_text_contents()

    def row(self, index: int) -> Locator:
        return self.rows.nth(index)

    def control(self, index: int, name: str) -> Locator:
        """Return the `move`, `select` or `more` control of a row."""
        return self.row(index).locator(f'[data-control="{name}"]')

    def drag(self, index: int, onto: int) -> None:
        """Drag a row by its handle onto the far half of another one."""
        self.control(index, "move").hover()
        self.page.mouse.down()
        box = self.row(onto).bounding_box()
        assert box is not None
        far = 0.8 if onto > index else 0.2
        self.page.mouse.move(box["x"] + 60, box["y"] + box["height"] * far, steps=15)
        # SortableJS looks where the pointer is twenty times a second.
        expect(self.row(onto)).to_have_class(re.compile("row-gap"))
        self.page.mouse.up()

    def choose(self, index: int, act: str) -> None:
        """Choose from the menu of a row."""
        self.control(index, "more").click()
        self.page.get_by_role("menuitem", name=act, exact=True).click()

    def save(self) -> None:
        """Save and confirm."""
        self.saves.click()
        self.dialog.get_by_role("button", name="Save").click()

    def expect_selected(self, count: int) -> None:
        expect(self.page.locator('[data-behaviour="workshop-selection"] strong')).to_have_text(
            f"{count} selected"
        )

    def notice(self, text: str) -> Locator:
        return self.page.locator(".toast", has_text=text)

    def expect_state(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator(".bar-state")).to_have_text(text)


OpenWorkshop = Callable[..., Workshop]
