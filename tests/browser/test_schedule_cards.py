"""Schedules at a browser, after a run, and after somebody else deleted them."""

import re

from playwright.sync_api import Page, expect
import pytest

from shuffify.cli.demo_world import Demo
from shuffify.sandbox import Sandbox
from tests.browser.test_schedules import (
    SOURCE_NAME,
    TARGET,
    card_of,
    field,
    make_raid,
    make_schedule,
)
from tests.visitor import Visitor


def test_what_undo_leaves_of_a_raid_is_counted_and_can_be_had_back_exactly(
    page: Page, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TARGET)
    make_raid(page)
    card_of(page).get_by_role("button", name="Run now").click()
    said = page.locator(".toast").filter(has_text="of them new")
    expect(said).to_be_visible()
    raided = sandbox.uris(TARGET)
    assert raided[:12] == before and len(raided) > 12
    said.get_by_role("button", name="Undo").click()
    said = page.locator(".toast").filter(has_text="added since stayed, at the end.")
    expect(said).to_contain_text(f"{len(raided) - 12} tracks")
    assert sandbox.uris(TARGET) == raided
    said.get_by_role("button", name="Restore exactly").click()
    expect(page.locator(".toast").filter(has_text="stands as in the snapshot")).to_be_visible()
    assert sandbox.uris(TARGET) == before


@pytest.mark.parametrize("button", ["Enabled", "Run now", "Edit", "History", "Delete"])
def test_a_schedule_that_was_deleted_elsewhere_leaves_the_page_once_that_shows(
    page: Page, world: Demo, button: str
) -> None:
    gone = make_schedule(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    field(dialog, "Playlist").select_option(label=SOURCE_NAME)
    dialog.get_by_role("button", name="Save").click()
    stays = card_of(page, SOURCE_NAME)
    expect(stays).to_be_visible()
    assert Visitor(world.app).log_in().delete("/schedules/1").status_code == 200
    gone.get_by_role("switch" if button == "Enabled" else "button", name=button).click()
    if button == "Delete":
        dialog.get_by_role("button", name="Delete schedule").click()
    notice = page.get_by_role("alert").locator(".toast")
    expect(notice).to_contain_text(re.compile("no such schedule|was deleted elsewhere"))
    expect(gone).to_have_count(0)
    expect(stays.get_by_role("heading")).to_be_focused()


def test_changes_of_a_schedule_that_was_deleted_elsewhere_stay_in_their_form(
    page: Page, world: Demo
) -> None:
    gone = make_schedule(page)
    gone.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Change schedule")
    field(dialog, "Keep first").fill("2")
    assert Visitor(world.app).log_in().delete("/schedules/1").status_code == 200
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert").filter(has_text="no such schedule")).to_be_visible()
    expect(gone).to_have_count(0)
    expect(field(dialog, "Keep first")).to_have_value("2")
