"""Schedules at a browser: by mouse, by keyboard alone, and what is refused."""

import re

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from shuffify import cron
from shuffify.models.db import ActivityLog, Schedule
from shuffify.sandbox import Sandbox, library
from tests.browser import proofs
from tests.browser.complaints import Complaints
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready

NAME = library.PLAYLIST_NAMES["twelve"]
TARGET = library.PLAYLISTS["twelve"]
SOURCE = library.PLAYLISTS["hundred_twenty"]
SOURCE_NAME = library.PLAYLIST_NAMES["hundred_twenty"]
PHONE = {"width": 390, "height": 844}


def trail(outside: Session) -> list[tuple[str, str]]:
    outside.rollback()
    query = select(ActivityLog).where(ActivityLog.activity_type != "login")
    found = outside.scalars(query.order_by(ActivityLog.id))
    return [(row.activity_type, row.description) for row in found]


def open_schedules(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Schedules").click()
    expect(page.get_by_role("heading", name="Schedules", level=1)).to_be_visible()
    until_ready(page)


def card_of(page: Page, name: str = NAME) -> Locator:
    return page.locator("#schedules > li").filter(has_text=name)


def field(dialog: Locator, label: str) -> Locator:
    # Algorithms share the names of their inputs; those of one are shown.
    return dialog.get_by_label(label, exact=True).locator("visible=true")


def next_runs(page: Page) -> Locator:
    return page.get_by_role("dialog").locator("ol time")


def make_raid(page: Page) -> Locator:
    """Make a raid of one source through the form; return the form."""
    open_schedules(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    field(dialog, "Playlist").select_option(label=NAME)
    dialog.get_by_role("radio", name="Raid", exact=True).check()
    field(dialog, "Add a playlist").fill(SOURCE)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("checkbox", name=SOURCE_NAME)).to_be_checked()
    dialog.get_by_role("button", name="Save").click()
    return dialog


def make_schedule(page: Page, name: str = NAME) -> Locator:
    """Let a playlist be shuffled daily; return its card."""
    open_schedules(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    field(dialog, "Playlist").select_option(label=name)
    dialog.get_by_role("button", name="Save").click()
    return card_of(page, name)


def test_a_schedule_is_made_changed_run_undone_and_deleted(
    page: Page, outside: Session, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TARGET)
    open_schedules(page)
    expect(page.get_by_role("link", name="Schedules")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Make the first schedule").click()
    dialog = page.get_by_role("dialog", name="New schedule")
    field(dialog, "Playlist").select_option(label=NAME)
    field(dialog, "Shuffle with").select_option(label="Balanced")
    field(dialog, "Sections").fill("3")
    expect(next_runs(page)).to_have_count(5)
    expect(dialog.get_by_role("status").filter(has_text="Every day at")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    card = card_of(page)
    expect(card).to_contain_text("Shuffle with Balanced")
    expect(card.get_by_role("heading")).to_be_focused()
    expect(page.get_by_text("Nothing is scheduled yet")).to_be_hidden()

    card.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Change schedule")
    expect(field(dialog, "Sections")).to_have_value("3")
    dialog.get_by_role("radio", name="Raid and shuffle").check()
    field(dialog, "Add a playlist").fill(f"https://open.spotify.com/playlist/{SOURCE}?si=1")
    field(dialog, "Add a playlist").press("Enter")
    expect(dialog.get_by_role("checkbox", name=SOURCE_NAME)).to_be_checked()
    dialog.get_by_role("radio", name="By the clock").check()
    for day in ("Saturday", "Sunday"):
        dialog.get_by_role("checkbox", name=day).uncheck()
    expect(field(dialog, "Crontab expression")).to_have_value("0 7 * * mon,tue,wed,thu,fri")
    expect(next_runs(page)).to_have_count(5)
    expect(dialog.get_by_text("Monday to Friday at 07:00, by the clocks of UTC:")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("Raid 1 playlist, then shuffle with Balanced")
    expect(card).to_contain_text(f"From {SOURCE_NAME}")

    switch = card.get_by_role("switch")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    expect(card).to_contain_text("Switched off")
    # Each good news takes the place of the one before, rather than covering the page.
    for state in ("true", "false"):
        switch.click()
        expect(switch).to_have_attribute("aria-checked", state)
        expect(page.locator(".toast")).to_have_count(1)
    expect(page.locator(".toast")).to_contain_text("off")

    card.get_by_role("button", name="Run now").click()
    toast = page.locator(".toast").filter(has_text="of them new")
    expect(toast).to_contain_text("The schedule is switched off")
    expect(card).to_contain_text("Succeeded")
    assert sandbox.uris(TARGET) != before
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="undone")).to_be_visible()
    # What a raid has added stays where it is; the order of the rest is the old one.
    assert sandbox.uris(TARGET)[:12] == before

    card.get_by_role("button", name="History").click()
    history = page.get_by_role("dialog", name=f"Runs of {NAME}")
    expect(history.get_by_role("listitem")).to_have_count(1)
    expect(history.get_by_role("listitem")).to_contain_text("By hand")
    expect(history.get_by_role("listitem")).to_contain_text("of them new")
    page.keyboard.press("Escape")
    expect(card.get_by_role("button", name="History")).to_be_focused()

    card.get_by_role("button", name="Delete").click()
    asked = page.get_by_role("dialog", name=f"Delete the schedule of {NAME}?")
    expect(asked).to_contain_text("the history of its runs go")
    asked.get_by_role("button", name="Cancel").click()
    expect(card).to_be_visible()
    card.get_by_role("button", name="Delete").click()
    asked.get_by_role("button", name="Delete schedule").click()
    expect(page.get_by_text("Nothing is scheduled yet")).to_be_visible()
    expect(page.get_by_role("button", name="New schedule")).to_be_focused()

    job = "raid and shuffle schedule"
    assert trail(outside) == [
        ("schedule_create", f"Created shuffle schedule for '{NAME}'"),
        ("upstream_source_add", f"Added upstream source '{SOURCE_NAME}' to '{NAME}'"),
        ("schedule_update", f"Updated {job} for '{NAME}' "
                            "(job_type, schedule_type, schedule_value, source_playlist_ids)"),
        *(("schedule_toggle", f"{way} {job} for '{NAME}'")
          for way in ("Disabled", "Enabled", "Disabled")),
        ("snapshot_create", f"Saved '{NAME}' before scheduled shuffle"),
        ("schedule_run", f"Manually ran {job} for '{NAME}'"),
        ("snapshot_create", f"Saved '{NAME}' before restore"),
        ("snapshot_restore", f"Undid the last change to '{NAME}'"),
        ("schedule_delete", f"Deleted {job} for '{NAME}'"),
    ]


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    for _ in range(80):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} never comes to {target}")


def test_the_same_by_keyboard_alone_on_a_phone(log_in: NewPage, outside: Session) -> None:
    page = log_in(viewport=PHONE)
    keys = page.keyboard
    tab_to(page, page.get_by_role("link", name="Schedules"))
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Schedules", level=1)).to_be_visible()
    until_ready(page)
    tab_to(page, page.get_by_role("button", name="New schedule"))
    keys.press("Enter")
    dialog = page.get_by_role("dialog")
    tab_to(page, field(dialog, "Playlist"))
    keys.type(NAME[:6])
    tab_to(page, dialog.get_by_role("radio", name="Every so often"))
    keys.press("ArrowDown")
    tab_to(page, field(dialog, "Crontab expression"))
    keys.press("Control+A")
    keys.type("30 6 * * 1")
    expect(dialog.locator(".cron-part[data-current]")).to_contain_text("weekday")
    expect(dialog.get_by_text("Every Monday at 06:30")).to_be_visible()
    expect(dialog.get_by_role("checkbox", name="Monday")).to_be_checked()
    expect(dialog.get_by_role("checkbox", name="Tuesday")).not_to_be_checked()
    keys.press("Enter")
    card = card_of(page)
    expect(card).to_contain_text("Every Monday at 06:30")
    for button in ("Edit", "History"):
        tab_to(page, card.get_by_role("button", name=button))
        keys.press("Enter")
        expect(dialog).to_be_visible()
        keys.press("Escape")
        expect(card.get_by_role("button", name=button)).to_be_focused()
    tab_to(page, card.get_by_role("switch"), "Shift+Tab")
    keys.press("Space")
    expect(card).to_contain_text("Switched off")
    tab_to(page, card.get_by_role("button", name="Run now"))
    keys.press("Enter")
    expect(card).to_contain_text("Succeeded")
    tab_to(page, card.get_by_role("button", name="Delete"))
    keys.press("Enter")
    tab_to(page, dialog.get_by_role("button", name="Delete schedule"))
    keys.press("Enter")
    expect(card).to_have_count(0)
    assert [kind for kind, _ in trail(outside)] == [
        "schedule_create", "schedule_toggle", "snapshot_create", "schedule_run",
        "schedule_delete",
    ]


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    page: Page, outside: Session
) -> None:
    open_schedules(page)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    save = dialog.get_by_role("button", name="Save")

    def complaint_of(field: Locator) -> str:
        expect(field).to_have_attribute("aria-invalid", "true")
        ids = (field.get_attribute("aria-describedby") or "").split()
        return dialog.locator(f"[id='{ids[-1]}']").inner_text()

    def type_in(expression: str) -> None:
        field(dialog, "Crontab expression").fill(expression)

    field(dialog, "Keep first").fill("")
    dialog.get_by_role("radio", name="By the clock").check()
    type_in("0 7 * *")
    save.click()
    target = field(dialog, "Playlist")
    assert "This field is required" in complaint_of(target)
    expect(target).to_be_focused()
    assert "must be a whole number" in complaint_of(field(dialog, "Keep first"))
    assert "five fields" in complaint_of(field(dialog, "Crontab expression"))
    expect(field(dialog, "Crontab expression")).to_have_value("0 7 * *")

    target.select_option(label=NAME)
    field(dialog, "Keep first").fill("2")
    for expression, said in (
        ("*/10 * * * *", "60 minutes or more apart"),
        ("0 25 * * *", "hour field"),
        ("0 0 30 2 *", "never comes due"),
    ):
        type_in(expression)
        # The dry run says it before anything is saved.
        expect(dialog.locator(".next-runs").get_by_role("status")).to_contain_text(said)
        expect(next_runs(page)).to_have_count(0)
        save.click()
        assert said in complaint_of(field(dialog, "Crontab expression"))

    dialog.get_by_role("radio", name="Raid", exact=True).check()
    type_in("0 7 * * *")
    save.click()
    sources = dialog.get_by_role("group", name="Take tracks from")
    assert "must name 1 to 10 playlists" in complaint_of(sources)
    assert proofs.axe(page) == []
    for link, said in (
        ("https://example.com/x", "is no link or id of a playlist"),
        (TARGET, "must be another playlist than the target"),
        ("A" * 22, "There is no such playlist"),
    ):
        field(dialog, "Add a playlist").fill(link)
        dialog.get_by_role("button", name="Add").click()
        expect(sources.locator(".field-error")).to_contain_text(said)
        expect(field(dialog, "Add a playlist")).to_have_value(link)
    outside.rollback()
    assert outside.scalars(select(Schedule)).all() == []
    assert trail(outside) == []


def test_a_source_that_a_schedule_needs_says_so_and_stays(page: Page) -> None:
    dialog = make_raid(page)
    card_of(page).get_by_role("button", name="Edit").click()
    dialog.get_by_role("button", name="Remove").click()
    said = dialog.get_by_text(f"'{SOURCE_NAME}' is still used by: raid schedule for '{NAME}'")
    expect(said).to_be_visible()
    expect(dialog.get_by_role("checkbox", name=SOURCE_NAME)).to_be_checked()


def test_a_long_run_tells_how_far_it_is(page: Page) -> None:
    card = make_schedule(page, library.PLAYLIST_NAMES["four_thirty"])
    card.locator('[data-slot="progress-text"]').evaluate(
        """(text) => {
          globalThis.said = [];
          // Steps that come at once are shown at once: each leaves a node all the same.
          const nodes = (records) => records.flatMap(({ addedNodes }) => [...addedNodes]);
          const note = (records) => said.push(...nodes(records).map((node) => node.data));
          new MutationObserver(note).observe(text, { childList: true });
        }"""
    )
    card.get_by_role("button", name="Run now").click()
    expect(card).to_contain_text("Succeeded")
    said = page.evaluate("globalThis.said")
    assert said[0] == "Running…"
    steps = [re.fullmatch(r"Running: (\d+) of (\d+)", words) for words in said[1:]]
    assert all(steps) and len(steps) > 2, said
    done, total = steps[-1].groups()  # type: ignore[union-attr]
    assert done == total
    expect(card.get_by_role("progressbar")).to_be_hidden()


def test_a_run_that_fails_says_why_on_its_card_with_scripts_and_without(
    page: Page, new_page: NewPage, sandbox: Sandbox
) -> None:
    card = make_schedule(page)
    sandbox.fault("error_before", method="PUT", path=f"/v1/playlists/{TARGET}/*", count=9)
    card.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("alert").locator(".toast")).to_contain_text(NAME)
    expect(card).to_contain_text("Failed")
    expect(card.locator(".schedule-note")).not_to_be_empty()
    expect(card.get_by_role("button", name="Run now")).to_be_visible()
    plain = new_page(java_script_enabled=False)
    plain.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain.goto("/schedules")
    for part in (".schedule-note", "[data-slot=job]", "[data-slot=when]", "[data-slot=next]"):
        expect(card_of(plain).locator(part)).to_have_text(card.locator(part).inner_text())


def test_what_the_builder_makes_of_crontab_is_what_the_server_does(new_page: NewPage) -> None:
    simple = [
        "0 7 * * *", "5 23 * * mon-fri", "0 0 * * 0", "0 0 * * 7", "30 6 * * 1,3,5",
        "09 9 * * SAT,sun", "0 7 * * mon-wed,fri", "  0   7 * *   fri-sun ", "0 7 * * 5-7",
    ]
    more = [
        "0 7,19 * * *", "*/30 7 * * *", "0 7 1 * *", "0 7 * jan *", "0 7 * * */2", "60 7 * * *",
        "0 24 * * *", "0 7 * * fri-mon", "0 7 * * 8", "0 7 * * mon-", "0 7 * *", "", "0 7 * * x",
    ]
    page = new_page()
    page.goto("/terms")
    told = page.evaluate(
        """async (texts) => {
          const main = document.querySelector('script[type="module"]').src;
          const address = main.replace(/main\\.js.*/, "lib/cron.js");
          const { expressed, simplified } = await import(address);
          return texts.map(simplified).map((one) => one && expressed(one.time, one.days));
        }""",
        simple + more,
    )
    assert told[len(simple):] == [None] * len(more)
    assert [meaning(text) for text in told[:len(simple)]] == [meaning(text) for text in simple]


def meaning(text: str) -> tuple[object, ...]:
    parsed = cron.parse(text)
    return parsed.times, parsed.days, parsed.months, parsed.weekdays


def test_what_was_typed_is_not_dropped_unasked(page: Page) -> None:
    open_schedules(page)
    opener = page.get_by_role("button", name="New schedule")
    dialog = page.get_by_role("dialog", name="New schedule")
    question = page.get_by_role("dialog", name="Leave without saving?")
    opener.click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    field(dialog, "Playlist").select_option(label=NAME)
    for _ in range(2):
        # Twice without a press between: browsers let a page hold back only the first `cancel`.
        page.keyboard.press("Escape")
        expect(question).to_be_visible()
        page.keyboard.press("Escape")
        # Hidden at once, it is gone only when the page has its answer and would ask again.
        expect(page.locator("dialog", has_text="Leave without saving?")).to_have_count(0)
        expect(field(dialog, "Playlist")).to_have_value(TARGET)
    dialog.get_by_role("button", name="Cancel").click()
    question.get_by_role("button", name="Leave").click()
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    expect(field(dialog, "Playlist")).to_have_value("")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_run_that_spotify_refuses_leads_to_a_new_consent(
    page: Page, sandbox: Sandbox, complaints: Complaints
) -> None:
    card = make_schedule(page)
    expect(card).to_be_visible()
    sandbox.revoke()
    sandbox.expire_access_tokens()
    complaints.expect("401")
    card.get_by_role("button", name="Run now").click()
    notice = page.get_by_role("alert").filter(has_text="no longer accepts")
    expect(notice.get_by_role("button", name="Reconnect Spotify")).to_be_visible()
