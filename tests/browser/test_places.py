"""Every page in every dress: contrast, width, targets, focus, policy, and Escape."""

from playwright.sync_api import Page, expect
import pytest

from shuffify import create_app
from shuffify.web import error_pages
from tests.browser import proofs
from tests.browser.complaints import Complaints
from tests.browser.places import NO_PAGES, PLACES, Place
from tests.browser.stage import Stage, until_ready

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_page_is_there_for_everybody(place: Place, stage: Stage, heard: Complaints) -> None:
    page = stage.page(signed_in=place.signed_in)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    place.reach(page)
    until_ready(page)
    assert dressed(page) == []
    assert proofs.lost_focus(page) == []
    if place.dialog:
        assert closed_by_escape(page) == []


def dressed(page: Page) -> list[str]:
    """Look at the page in each dress: all rules twice, and those that a dress can break."""
    wrong = []
    for size, scheme, forced, rules in (
        (WIDE, "light", "none", ()),
        (WIDE, "dark", "none", ("color-contrast",)),
        (WIDE, "light", "active", ("color-contrast",)),
        (PHONE, "light", "none", ("color-contrast", "target-size")),
        (PHONE, "dark", "none", ()),
        (PHONE, "dark", "active", ("color-contrast",)),
        (NARROW, "light", "none", None),
    ):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        # Without motion: a colour on its way from one dress to the next is none to judge.
        page.emulate_media(
            color_scheme=scheme,  # type: ignore[arg-type]
            forced_colors=forced,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        found = proofs.sideways(page) + proofs.small_targets(page)
        found += [] if rules is None else proofs.axe(page, *rules)
        wrong += [f"{size['width']}, {scheme}, forced {forced}: {what}" for what in found]
    page.emulate_media(
        color_scheme="light", forced_colors="none", reduced_motion="no-preference"
    )
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return wrong


def closed_by_escape(page: Page) -> list[str]:
    page.keyboard.press("Escape")
    # A form that was touched asks first.
    for leave in page.get_by_role("button", name="Leave", exact=True).all():
        leave.click()
        expect(page.locator("dialog[open]")).to_have_count(0)
    wrong = ["it stays open"] if page.locator("dialog[open]").count() else []
    if page.evaluate("document.activeElement === document.body"):
        wrong.append("the focus is nowhere")
    return wrong


def test_no_page_is_forgotten() -> None:
    app = create_app("testing", {})
    shown = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    named = {place.endpoint for place in PLACES} - {"error"}
    assert named | NO_PAGES == shown
    assert not named & NO_PAGES


@pytest.mark.parametrize("status", error_pages.PAGES)
def test_an_error_page_says_what_happened_and_leads_back(
    stage: Stage, heard: Complaints, status: int
) -> None:
    page = stage.stranger
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    heard.expect("/fails/500: 500")
    answer = page.goto(f"/fails/{status}")
    assert answer is not None and answer.status == status
    told = error_pages.PAGES[status]
    assert page.get_by_role("heading", level=1).inner_text() == told.title
    assert page.get_by_text(told.happened).is_visible()
    assert page.get_by_text(told.next).is_visible()
    assert page.locator("code").inner_text() == answer.headers["x-request-id"]
    assert proofs.sideways(page) == []
    page.locator("main a.button").click()
    expect(page.get_by_role("button", name="Log in with Spotify")).to_be_visible()


@pytest.mark.parametrize("theme, paper", [("light", "dark"), ("dark", "light")])
def test_a_theme_that_was_chosen_beats_the_systems(stage: Stage, theme: str, paper: str) -> None:
    def ground(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page = stage.stranger
    page.goto("/terms")
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    expected = ground(page)
    page.emulate_media(color_scheme=paper)  # type: ignore[arg-type]
    assert ground(page) != expected
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
    assert ground(page) == expected
    page.emulate_media(color_scheme="light")


def test_motion_stops_for_those_who_asked(stage: Stage) -> None:
    page = stage.stranger
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    assert page.evaluate(
        """[...document.querySelectorAll("*")].every((element) => {
          const { transitionDuration, animationName } = getComputedStyle(element);
          return parseFloat(transitionDuration) === 0 && animationName === "none";
        })"""
    )
    page.emulate_media(reduced_motion="no-preference")
