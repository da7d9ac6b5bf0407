"""What comes into a list from elsewhere: shuffles, searches, other playlists, saved lists."""

from playwright.sync_api import Page, expect

from shuffify.sandbox import Sandbox, library
from tests.browser.workshop import Workshop

TWELVE = library.PLAYLISTS["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
FOREIGN = library.PLAYLISTS["foreign_public"]


def test_a_shuffle_is_tried_out_for_all_rows_or_for_the_selected(
    page: Page, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    workshop = Workshop(page).open()
    names = workshop.names()
    side = page.get_by_role("region", name="Shuffle")
    algorithms = side.get_by_label("Shuffle with", exact=True)
    algorithms.select_option("Balanced")
    side.get_by_role("spinbutton", name="Sections").fill("1000")
    side.get_by_role("button", name="Preview").click()
    assert workshop.names() == names, "an input that does not fit sends nothing"
    algorithms.select_option("Basic")
    side.get_by_role("button", name="Preview").click()
    expect(workshop.notice("12 tracks, Basic, seed")).to_be_visible()
    assert workshop.names() != names and sorted(workshop.names()) == sorted(names)
    page.get_by_role("button", name="Undo shuffle (Basic)").click()
    workshop.expect_names(names)

    for index in (2, 5, 7, 9, 10):
        workshop.control(index, "select").check()
    expect(side.get_by_text("the 5 selected tracks")).to_be_visible()
    side.get_by_role("button", name="Preview").click()
    expect(workshop.notice("5 tracks, Basic, seed")).to_be_visible()
    others = [i for i in range(12) if i not in (2, 5, 7, 9, 10)]
    assert [workshop.names()[i] for i in others] == [names[i] for i in others]
    assert sandbox.uris(TWELVE) == before


def test_tracks_are_searched_page_by_page_and_added_where_one_says(
    page: Page, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    workshop = Workshop(page).open()
    page.get_by_role("button", name="Search", exact=True).first.click()
    panel = page.get_by_role("region", name="Search")
    panel.get_by_role("button", name="Search").click()
    expect(panel.locator(".field-error")).to_be_visible()
    panel.get_by_label("Title, artist or album").fill("ferries")
    page.keyboard.press("Enter")
    finds = panel.locator("#search-finds > li")
    expect(finds).to_have_count(10)
    panel.get_by_role("button", name="More").click()
    expect(finds).to_have_count(20)
    first, second = (finds.nth(index).locator(".row-name").text_content() for index in (0, 12))
    page.get_by_label("New tracks go").select_option("to the top")
    panel.get_by_role("button", name=f"Add {first}").first.click()
    expect(finds.nth(0).get_by_text("In the list")).to_be_visible()
    workshop.control(4, "select").check()
    page.get_by_label("New tracks go").select_option("below the last selected track")
    finds.nth(12).get_by_role("button").click()
    names = workshop.names()
    assert (names[0], names[5]) == (first, second)
    panel.get_by_label("Title, artist or album").fill("nothing is called this way")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Nothing found.")).to_be_visible()
    workshop.save()
    expect(workshop.notice("The playlist was saved: 2 added")).to_be_visible()
    after = sandbox.uris(TWELVE)
    assert [uri for uri in after if uri in before] == before
    assert len(after) == 14


def test_rows_are_picked_from_other_lists_and_duplicates_are_marked(
    page: Page, sandbox: Sandbox
) -> None:
    workshop = Workshop(page).open()
    page.get_by_role("button", name="Other lists").click()
    panel = page.get_by_role("region", name="Other lists")
    panel.get_by_role("button", name="Open A bit of everything").click()
    odd = panel.locator("#other-list li")
    expect(odd.first).to_be_visible()
    local = odd.filter(has=page.locator('[data-slot="local"]:not([hidden])'))
    expect(local.first.get_by_role("button")).to_be_disabled()
    gone = odd.filter(has_text="Removed by Spotify")
    expect(gone.first.get_by_role("checkbox")).to_be_disabled()

    reference = panel.get_by_label("Link, URI or id")
    for text in (SOURCE, f"https://open.spotify.com/intl-de/playlist/{SOURCE}?si=1",
                 f"spotify:playlist:{SOURCE}"):
        reference.fill(text)
        page.keyboard.press("Enter")
        expect(panel.get_by_role("heading", name="Morning run")).to_be_focused()
    panel.get_by_role("button", name="Add", exact=False).nth(2).click()
    panel.get_by_label("Select all").check()
    panel.get_by_role("button", name="Add 120 tracks").click()
    expect(workshop.rows).to_have_count(133)
    expect(panel.get_by_text("In the list")).to_have_count(120)
    expect(page.locator("#workshop-rows").get_by_text("Duplicate")).to_have_count(133)
    panel.get_by_role("button", name="Back to the lists").click()

    reference.fill(FOREIGN)
    page.keyboard.press("Enter")
    expect(panel.get_by_text("only to its owner and collaborators.")).to_be_visible()
    reference.fill("https://example.com/playlist")
    page.keyboard.press("Enter")
    expect(panel.locator(".field-error")).to_contain_text("is no link or id of a playlist")
    assert reference.input_value() == "https://example.com/playlist"
    reference.fill("jonas")
    page.keyboard.press("Enter")
    restricted = panel.locator("#other-lists li", has_text="Jonas in public")
    expect(restricted.get_by_role("button")).to_be_disabled()
    expect(restricted).to_contain_text("Spotify shows its tracks only to its owner")


def test_lists_are_saved_opened_updated_renamed_and_deleted(page: Page) -> None:
    workshop = Workshop(page).open()
    names = workshop.names()
    workshop.choose(0, "Move to the bottom")
    page.get_by_role("button", name="Saved", exact=True).click()
    panel = page.get_by_role("region", name="Saved")
    keep = panel.get_by_role("button", name="Keep")
    keep.click()
    expect(panel.locator(".field-error")).to_be_visible()
    for number in range(1, 11):
        panel.get_by_label("under a name").fill(f"List {number}")
        keep.click()
        expect(panel.locator(".session", has_text=f"List {number}").first).to_be_visible()
    panel.get_by_label("under a name").fill("One too many")
    keep.click()
    expect(panel.get_by_role("alert")).to_contain_text("Delete one to make room.")
    assert panel.get_by_label("under a name").input_value() == "One too many"

    kept = workshop.names()
    page.get_by_role("button", name="Discard").click()
    workshop.expect_names(names)
    panel.get_by_role("button", name="Open “\u2068List 3\u2069”").click()
    expect(workshop.notice("is open. Nothing is written yet.")).to_be_visible()
    workshop.expect_names(kept)
    workshop.choose(0, "Remove")
    panel.get_by_role("button", name="Update “\u2068List 3\u2069”").click()
    expect(panel.locator(".session", has_text="List 3")).to_contain_text("11 tracks")
    panel.get_by_role("button", name="Rename “\u2068List 3\u2069”").click()
    workshop.dialog.get_by_label("New name").fill(" ")
    workshop.dialog.get_by_role("button", name="Rename").click()
    expect(workshop.dialog.locator(".field-error")).to_be_visible()
    workshop.dialog.get_by_label("New name").fill("Sunday, slow")
    page.keyboard.press("Enter")
    remove = panel.get_by_role("button", name="Delete “\u2068Sunday, slow\u2069”")
    remove.click()
    workshop.dialog.get_by_role("button", name="Cancel").click()
    remove.click()
    workshop.dialog.get_by_role("button", name="Delete").click()
    expect(panel.locator(".session")).to_have_count(9)
