"""Coming and going, as a person at a browser does it."""

from playwright.sync_api import Page, expect


def test_somebody_logs_in_sees_their_playlists_and_logs_out(page: Page) -> None:
    expect(page.get_by_text("Mira")).to_be_visible()
    expect(page.get_by_role("heading", name="Morning run")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in with Spotify")).to_be_visible()
