"""Settings at a browser, and the logins that are open elsewhere."""

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify.models.db import ActivityLog
from tests.browser import stage
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready
from tests.browser.test_schedules import NAME, field, open_schedules

BERLIN = {"timezone_id": "Europe/Berlin"}


def open_settings(page: Page) -> Locator:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    until_ready(page)
    return page.get_by_role("form", name="Settings")


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def rows(outside: Session, kind: str) -> list[ActivityLog]:
    outside.rollback()
    query = select(ActivityLog).where(ActivityLog.activity_type == kind)
    return list(outside.scalars(query.order_by(ActivityLog.id)))


def schedule_by_the_clock(page: Page) -> None:
    open_schedules(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    field(dialog, "Playlist").select_option(label=NAME)
    dialog.get_by_role("radio", name="By the clock").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#schedules > li")).to_have_count(1)


def test_settings_are_changed_seen_and_kept(log_in: NewPage, outside: Session) -> None:
    page = log_in(**BERLIN, color_scheme="light")
    schedule_by_the_clock(page)
    form = open_settings(page)
    paper = ground(page)
    form.get_by_label("Default algorithm").select_option(label="Stratified")
    form.get_by_label("Automatic snapshots to keep of each playlist").fill("7")
    form.get_by_label("Save a snapshot before every change").uncheck()
    form.get_by_role("radio", name="Dark").check()
    assert ground(page) != paper, "a theme is shown at once"
    expect(form.get_by_role("status").filter(has_text="Not saved yet.")).to_be_visible()

    expect(form.get_by_text("can move 1 schedule")).to_be_hidden()
    form.get_by_role("button", name="Use this browser’s: Europe/Berlin").click()
    expect(form.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    expect(form.get_by_label("Time zone")).to_be_focused()
    expect(form.get_by_text("can move 1 schedule")).to_be_visible()
    expect(form.get_by_role("listitem")).to_have_text(f"{NAME}: Every day at 07:00")
    assert rows(outside, "settings_change") == []

    form.get_by_role("button", name="Save settings").click()
    expect(form.get_by_text("The settings were saved.")).to_be_visible()
    expect(page.get_by_text("Times are those of Europe/Berlin.")).to_be_visible()
    expect(form.get_by_role("button", name="Use this browser’s")).to_be_hidden()
    expect(form.get_by_role("radio", name="Dark")).to_be_checked()
    (row,) = rows(outside, "settings_change")
    assert row.description == (
        "Changed settings (auto_snapshot_enabled, default_algorithm, "
        "max_snapshots_per_playlist, theme, timezone)"
    )

    page.goto("/schedules")
    dark = ground(page)
    assert dark != paper, "the other pages have the theme as well"
    expect(page.locator("#schedules > li")).to_contain_text("Europe/Berlin")
    until_ready(page)
    form = open_settings(page)
    form.get_by_role("radio", name="Light").check()
    form.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast").filter(has_text="The settings were saved.")).to_be_visible()
    assert ground(page) == paper
    form.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast").filter(has_text="Nothing had to change.")).to_be_visible()
    assert len(rows(outside, "settings_change")) == 2


def test_a_page_that_was_open_for_long_saves_only_what_was_changed_on_it(
    log_in: NewPage, outside: Session
) -> None:
    old = log_in()
    new = old.context.new_page()
    new.goto("/")
    until_ready(new)
    stale, form = open_settings(old), open_settings(new)
    form.get_by_label("Time zone").fill("Europe/Berlin")
    form.get_by_label("Automatic snapshots to keep of each playlist").fill("7")
    form.get_by_role("button", name="Save settings").click()
    expect(form.get_by_text("The settings were saved.")).to_be_visible()
    stale.get_by_role("radio", name="Dark").check()
    stale.get_by_role("button", name="Save settings").click()
    expect(stale.get_by_text("The settings were saved.")).to_be_visible()
    # Both show what is stored now.
    new.reload()
    for shown in (stale, form):
        expect(shown.get_by_label("Time zone")).to_have_value("Europe/Berlin")
        keep = shown.get_by_label("Automatic snapshots to keep of each playlist")
        expect(keep).to_have_value("7")
        expect(shown.get_by_role("radio", name="Dark")).to_be_checked()
    assert [row.description for row in rows(outside, "settings_change")] == [
        "Changed settings (max_snapshots_per_playlist, timezone)", "Changed settings (theme)",
    ]


def test_what_a_browser_brings_back_unsaved_is_called_unsaved(
    log_in: NewPage, outside: Session
) -> None:
    page = log_in()
    form = open_settings(page)
    keep = form.get_by_label("Automatic snapshots to keep of each playlist")
    form.get_by_role("radio", name="Dark").check()
    keep.fill("7")
    page.goto("/terms")
    page.go_back()
    until_ready(page)
    expect(keep).to_have_value("7")
    expect(form.get_by_role("radio", name="Dark")).to_be_checked()
    unsaved = form.get_by_role("status").filter(has_text="Not saved yet.")
    expect(unsaved).to_be_visible()
    form.get_by_role("button", name="Save settings").click()
    expect(page.locator(".toast").filter(has_text="The settings were saved.")).to_be_visible()
    expect(unsaved).to_be_hidden()
    (row,) = rows(outside, "settings_change")
    assert row.description == "Changed settings (max_snapshots_per_playlist, theme)"


def test_what_does_not_fit_is_said_beside_its_field(page: Page, outside: Session) -> None:
    form = open_settings(page)
    keep, zone = (
        form.get_by_label("Automatic snapshots to keep of each playlist"),
        form.get_by_label("Time zone"),
    )
    keep.fill("51")
    zone.fill("Mars/Olympus")
    keep.press("Enter")
    for input_, said in ((keep, "This must be 50 or less."), (zone, "IANA name")):
        expect(input_).to_have_attribute("aria-invalid", "true")
        described = (input_.get_attribute("aria-describedby") or "").split()[-1]
        expect(form.locator(f"[id='{described}']")).to_contain_text(said)
    expect(keep).to_be_focused()
    expect(zone).to_have_value("Mars/Olympus")
    keep.fill("")
    keep.press("Enter")
    expect(form.locator(".field-error").first).to_contain_text("must be a whole number")
    assert rows(outside, "settings_change") == []

    keep.fill("50")
    zone.fill("Asia/Tokyo")
    zone.press("Enter")
    expect(form.get_by_text("The settings were saved.")).to_be_visible()
    expect(form.locator(".field-error")).to_have_count(0)


def test_signing_out_everywhere_ends_the_other_browser(
    page: Page, new_page: NewPage, outside: Session
) -> None:
    here = page
    there = new_page(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
    stage.log_in(there)
    open_settings(here)
    logins = here.get_by_role("region", name="Where you are logged in")
    expect(logins.get_by_role("listitem")).to_have_count(2)
    expect(logins.get_by_role("listitem").first).to_contain_text("Firefox on Linux")
    expect(logins.get_by_role("listitem").first).not_to_contain_text("This one")
    expect(logins.get_by_role("listitem").last).to_contain_text("This one")

    logins.get_by_role("button", name="Sign out everywhere").click()
    asked = here.get_by_role("dialog", name="Sign out everywhere?")
    expect(asked).to_contain_text("closes 2 logins")
    here.keyboard.press("Escape")
    expect(logins.get_by_role("button", name="Sign out everywhere")).to_be_focused()
    assert rows(outside, "logout") == []

    here.keyboard.press("Enter")
    asked.get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("button", name="Log in with Spotify")).to_be_visible()
    there.reload()
    expect(there.get_by_role("button", name="Log in with Spotify")).to_be_visible()
    (row,) = rows(outside, "logout")
    assert row.description == "Logged out everywhere"
    assert row.metadata_json == {"everywhere": True, "logins_closed": 2}
