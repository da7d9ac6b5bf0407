"""The workshop's list, by mouse, by keyboard alone, and on a telephone."""

from playwright.sync_api import Page, Route, expect

from shuffify.sandbox import Sandbox, library
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready
from tests.browser.workshop import Workshop

TWELVE = library.PLAYLISTS["twelve"]


def moved(items: list[str], origin: int, to: int) -> list[str]:
    rest = [*items[:origin], *items[origin + 1:]]
    return [*rest[:to], items[origin], *rest[to:]]


def test_a_list_is_put_in_order_by_mouse_saved_and_taken_back(
    page: Page, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    workshop = Workshop(page).open()
    names = workshop.names()
    assert len(names) == 12 and workshop.numbers() == [str(n) for n in range(1, 13)]

    workshop.drag(0, 3)
    names = moved(names, 0, 3)
    workshop.expect_names(names)
    workshop.choose(11, "Move to the top")
    names = moved(names, 11, 0)
    workshop.choose(0, "Move down")
    names = moved(names, 0, 1)
    workshop.choose(5, "Move to position…")
    workshop.dialog.get_by_label("To position").fill("13")
    workshop.dialog.get_by_role("button", name="Move").click()
    expect(workshop.dialog.get_by_text("There is no such position: 1 to 12 are.")).to_be_visible()
    workshop.dialog.get_by_label("To position").fill("9")
    workshop.dialog.get_by_role("button", name="Move").click()
    names = moved(names, 5, 8)
    workshop.expect_names(names)
    assert workshop.numbers() == [str(n) for n in range(1, 13)]

    workshop.control(2, "select").check()
    workshop.control(4, "select").click(modifiers=["Shift"])
    workshop.expect_selected(3)
    workshop.drag(3, 7)
    names = [*names[:2], *names[5:8], *names[2:5], *names[8:]]
    workshop.expect_names(names)
    page.get_by_role("button", name="Remove", exact=True).click()
    names = [*names[:5], *names[8:]]
    workshop.expect_names(names)
    workshop.notice("Removed 3 tracks").get_by_role("button", name="Undo").click()
    assert len(workshop.names()) == 12
    page.get_by_role("button", name="Redo remove 3 tracks").click()
    workshop.expect_names(names)
    page.get_by_role("searchbox").fill("no such track")
    expect(page.get_by_text("0 of 9 tracks in view")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    assert sandbox.uris(TWELVE) == before

    workshop.save()
    notice = workshop.notice("The playlist was saved: 3 removed")
    expect(notice).to_be_visible()
    workshop.expect_state("Nothing to save")
    by_name = dict(zip(Workshop.names(workshop), sandbox.uris(TWELVE), strict=True))
    assert list(by_name) == names
    notice.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Restore exactly").click()
    expect(workshop.rows).to_have_count(12)
    assert sandbox.uris(TWELVE) == before


def test_the_keyboard_alone_does_all_of_it(page: Page, sandbox: Sandbox) -> None:
    workshop = Workshop(page).open()
    names = workshop.names()
    press = page.keyboard.press
    page.get_by_role("checkbox", name="Select all").focus()
    press("Tab")
    expect(workshop.control(0, "move")).to_be_focused()

    press("Space")
    expect(workshop.said).to_contain_text(f"Lifted “\u2068{names[0]}\u2069”, position 1 of 12.")
    press("ArrowDown")
    press("ArrowDown")
    expect(workshop.said).to_contain_text("position 3 of 12")
    workshop.expect_names(moved(names, 0, 2))
    press("Escape")
    workshop.expect_names(names)
    expect(workshop.control(0, "move")).to_be_focused()
    press("Space")
    press("End")
    press("Home")
    press("PageDown")
    press("Space")
    names = moved(names, 0, 10)
    workshop.expect_names(names)
    expect(workshop.said).to_contain_text("Dropped")
    expect(workshop.control(10, "move")).to_be_focused()

    press("ArrowUp")
    press("Tab")
    press("Space")
    press("ArrowUp")
    press("Shift+Space")
    workshop.expect_selected(2)
    press("Delete")
    names = [*names[:8], *names[10:]]
    workshop.expect_names(names)
    expect(workshop.control(8, "select")).to_be_focused()
    press("Control+z")
    expect(workshop.rows).to_have_count(12)
    press("Control+Shift+z")
    workshop.expect_names(names)

    press("Home")
    press("Tab")
    press("Enter")
    expect(page.get_by_role("menuitem", name="Move up")).to_be_focused()
    press("ArrowDown")
    press("Enter")
    names = moved(names, 0, 1)
    workshop.expect_names(names)
    expect(workshop.control(1, "more")).to_be_focused()
    press("Enter")
    press("Escape")
    expect(workshop.control(1, "more")).to_be_focused()

    workshop.saves.focus()
    press("Enter")
    expect(workshop.dialog).to_contain_text("2 tracks removed")
    workshop.dialog.get_by_role("button", name="Save").focus()
    press("Enter")
    expect(workshop.notice("The playlist was saved")).to_be_visible()
    assert len(sandbox.uris(TWELVE)) == 10


def test_odd_rows_are_told_apart_and_protected(page: Page, sandbox: Sandbox) -> None:
    mixed = library.PLAYLISTS["mixed"]
    before = sandbox.uris(mixed)
    workshop = Workshop(page, "mixed").open()
    assert workshop.rows.count() == len(before)
    gone = [index for index, uri in enumerate(before) if uri is None]
    badges = page.locator("#workshop-rows .badge:visible").all_text_contents()
    assert badges.count("Duplicate") == 3 and badges.count("Local file") == 2
    assert {"Episode", "Unavailable"} <= set(badges)
    for index in gone:
        expect(workshop.control(index, "move")).to_be_disabled()

    workshop.choose(0, "Move to the bottom")
    assert [i for i, name in enumerate(workshop.names()) if name == "Removed by Spotify"] == gone
    workshop.control(0, "more").click()
    expect(page.get_by_text("A local file can move, but not leave")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Remove")).to_be_hidden()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Select all").check()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Remove", exact=True).click()
    workshop.expect_names(["Probe: Take 3"] * 2 + ["Removed by Spotify"] * 2)
    page.keyboard.press("Control+z")
    workshop.save()
    expect(workshop.notice("The playlist was saved: 3 moved")).to_be_visible()
    first, *others = [uri for uri in before if uri is not None]
    free = iter([*others, first])
    assert sandbox.uris(mixed) == [uri and next(free) for uri in before]


def test_a_list_that_cannot_be_read_is_explained_and_tried_again(page: Page) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=504, json={
            "success": False, "code": "spotify_timeout", "message": "It took too long.",
        })

    page.route("**/playlist/*", fail)
    workshop = Workshop(page)
    page.goto(f"/workshop/{TWELVE}")
    until_ready(page)
    expect(page.get_by_text("It took too long. Nothing was changed.")).to_be_visible()
    page.unroute("**/playlist/*")
    page.get_by_role("button", name="Try again").click()
    expect(workshop.rows).to_have_count(12)
    page.goto(f"/workshop/{library.PLAYLISTS['foreign_public']}")
    expect(page.get_by_text("Only the owner of this playlist may change it.")).to_be_visible()


def test_a_telephone_does_it_by_touch(log_in: NewPage, sandbox: Sandbox) -> None:
    page = log_in(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    workshop = Workshop(page).open()
    names = workshop.names()
    workshop.control(0, "more").tap()
    page.get_by_role("menuitem", name="Move to the bottom").tap()
    names = moved(names, 0, 11)
    workshop.expect_names(names)
    workshop.control(0, "select").tap()
    page.get_by_role("button", name="Remove", exact=True).tap()
    names = names[1:]
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "nothing sticks out at the side"
    workshop.saves.tap()
    workshop.dialog.get_by_role("button", name="Save").tap()
    expect(workshop.notice("The playlist was saved: 1 removed, 1 moved")).to_be_visible()
    assert len(sandbox.uris(TWELVE)) == 11
