"""Coming and going, as a person at a browser does it."""

from playwright.sync_api import expect

from tests.browser import stage
from tests.browser.conftest import NewPage


def test_somebody_refuses_then_logs_in_sees_their_playlists_and_logs_out(
    new_page: NewPage,
) -> None:
    page = new_page()
    page.goto("/")
    page.get_by_role("button", name="Log in with Spotify").click()
    expect(page.get_by_role("checkbox")).to_have_js_property("validity.valueMissing", True)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Log in with Spotify").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("You did not allow the access")).to_be_visible()
    stage.log_in(page)
    expect(page.get_by_text("Mira")).to_be_visible()
    expect(page.get_by_role("heading", name="Morning run")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in with Spotify")).to_be_visible()
