"""Notices in a browser: they hide no control that has the focus, and Escape closes them."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect
import pytest

from tests.browser.conftest import NewPage
from tests.browser.test_dashboard import NAME, press
from tests.browser.workshop import Workshop

IS_HIDDEN = """() => {
  const { left, right, top, bottom } = document.activeElement.getBoundingClientRect();
  return [...document.querySelectorAll(".toast")].some((toast) => {
    const box = toast.getBoundingClientRect();
    return left >= box.left && right <= box.right && top >= box.top && bottom <= box.bottom;
  });
}"""

SETTLED = """() => {
  const { documentElement: root } = document;
  const box = document.querySelector(".toasts").getBoundingClientRect();
  const covered = parseFloat(getComputedStyle(root).getPropertyValue("--covered"));
  return Math.abs(covered - (root.clientHeight - box.top)) < 1;
}"""


def tell(page: Page, message: str, kind: str = "warned") -> Locator:
    """Have the page say something; what warns stays until it is closed."""
    page.evaluate(
        """([kind, message]) => document.dispatchEvent(new CustomEvent("shuffify:notice", {
          detail: { kind, message, title: "", action: null } }))""",
        [kind, message],
    )
    toast = page.locator(".toast").filter(has_text=message)
    expect(toast).to_be_visible()
    return toast


def hidden_steps(page: Page, key: str) -> list[int]:
    """Return the steps, of 40, whose control lies wholly under a notice."""
    page.wait_for_function(SETTLED)
    hidden = []
    for step in range(40):
        page.keyboard.press(key)
        if page.evaluate(IS_HIDDEN):
            hidden.append(step)
    return hidden


def rows_of_the_workshop(page: Page) -> str:
    workshop = Workshop(page, "hundred_twenty").open()
    workshop.control(3, "more").focus()
    return "ArrowDown"


def cards_of_the_dashboard(page: Page) -> str:
    page.get_by_label("Filter by name").focus()
    return "Tab"


@pytest.mark.parametrize(
    "width, height, reach",
    [
        (1280, 720, rows_of_the_workshop),
        (390, 844, rows_of_the_workshop),
        (1280, 720, cards_of_the_dashboard),
        (390, 844, cards_of_the_dashboard),
    ],
)
def test_no_notice_hides_what_the_keyboard_comes_to(
    log_in: NewPage, width: int, height: int, reach: Callable[[Page], str]
) -> None:
    page = log_in(viewport={"width": width, "height": height})
    key = reach(page)
    toasts = [tell(page, message) for message in ("The first of them.", "The second of them.")]
    assert hidden_steps(page, key) == []
    for toast in toasts:
        expect(toast).to_be_visible()


def test_a_notice_that_comes_over_the_focus_lets_it_be_seen(log_in: NewPage) -> None:
    page = log_in(viewport={"width": 390, "height": 844})
    buttons = page.get_by_role("button", name="Shuffle", exact=False)
    low = next(
        button for button in buttons.all()
        if 700 < (button.bounding_box() or {"y": 0})["y"] < 780
    )
    page.get_by_label("Filter by name").focus()
    page.keyboard.press("Tab")
    low.evaluate("button => button.focus({ preventScroll: true, focusVisible: true })")
    for message in ("One.", "Two.", "Three."):
        tell(page, message)
    page.wait_for_function(f"() => !({IS_HIDDEN})()")
    expect(low).to_be_focused()


def test_escape_closes_the_newest_notice_when_nothing_else_wants_it(page: Page) -> None:
    keys = page.keyboard
    opener = page.get_by_role("button", name=f"Algorithm for {NAME}")
    press(page, "Algorithm for")
    older, newer = tell(page, "An older warning."), tell(page, "Newer news.", "said")
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(newer).to_be_visible()
    keys.press("Escape")
    expect(newer).to_have_count(0)
    expect(older).to_be_visible()
    expect(opener).to_be_focused()
    older.get_by_role("button", name="Close").focus()
    keys.press("Escape")
    expect(older).to_have_count(0)
    expect(opener).to_be_focused()

    field = page.get_by_label("Filter by name")
    field.fill("sun")
    notice = tell(page, "While filtering.")
    keys.press("Escape")
    expect(field).to_have_value("")
    expect(notice).to_be_visible()
    keys.press("Escape")
    expect(notice).to_have_count(0)


def test_escape_in_the_list_ends_a_selection_or_a_move_first(page: Page) -> None:
    workshop = Workshop(page).open()
    notice = tell(page, "A warning beside the list.")
    workshop.control(0, "select").check()
    workshop.control(0, "select").press("Escape")
    expect(page.locator('[data-behaviour="workshop-selection"]')).to_be_hidden()
    expect(notice).to_be_visible()
    workshop.control(0, "move").press("Space")
    page.keyboard.press("Escape")
    expect(notice).to_be_visible()
    workshop.control(0, "more").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_be_hidden()
    expect(notice).to_be_visible()
    page.keyboard.press("Escape")
    expect(notice).to_have_count(0)
