"""What becomes of the runs of schedules on their page."""

from playwright.sync_api import Page, expect

from shuffify.sandbox import Sandbox
from tests.browser.test_schedules import (
    NAME,
    SOURCE,
    SOURCE_NAME,
    TARGET,
    card_of,
    field,
    open_schedules,
)


def test_what_undo_leaves_of_a_raid_is_counted_and_can_be_had_back_exactly(
    page: Page, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TARGET)
    open_schedules(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    field(dialog, "Playlist").select_option(label=NAME)
    dialog.get_by_role("radio", name="Raid", exact=True).check()
    field(dialog, "Add a playlist").fill(SOURCE)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("checkbox", name=SOURCE_NAME)).to_be_checked()
    dialog.get_by_role("button", name="Save").click()
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
