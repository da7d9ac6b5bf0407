"""The dashboard in a browser: every click says what came of it, and leaves its rows."""

from collections.abc import Callable
import re

from playwright.sync_api import Locator, Page, Request, expect
import pytest

from shuffify.cli.demo_world import Demo
from shuffify.sandbox import Sandbox, library
from tests.browser import stage
from tests.browser.complaints import Complaints
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready
from tests.browser.trail import rows, sentences
from tests.visitor import Visitor

TWELVE, RUN = library.PLAYLISTS["twelve"], library.PLAYLISTS["hundred_twenty"]
NAME = "Sunday breakfast"
LONG = "Slow evenings"


def card(page: Page, name: str) -> Locator:
    heading = page.get_by_role("heading", name=name, exact=True)
    return page.locator(".card", has=heading)


def press(page: Page, what: str, name: str = NAME) -> None:
    page.get_by_role("button", name=f"{what} {name}").click()


def toast(page: Page, text: str | re.Pattern[str]) -> Locator:
    found = page.locator(".toast").filter(has_text=text)
    expect(found).to_be_visible()
    return found


def posts(page: Page) -> list[str]:
    """Return a list that fills with the paths that the page posts to."""
    sent: list[str] = []

    def hear(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url.partition("//")[2].partition("/")[2])

    page.on("request", hear)
    return sent


def test_a_shuffle_says_what_moved_and_undo_takes_it_back(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    sent = posts(page)
    page.get_by_role("button", name=f"Shuffle {NAME}").dblclick()
    said = toast(page, re.compile(r"\d+ of 12 tracks moved, seed \d+\."))
    assert sent == [f"shuffle/{TWELVE}"], "a double click shuffles once"
    assert sandbox.uris(TWELVE) != before
    expect(card(page, NAME).get_by_role("button", name="Undo (1)")).to_be_visible()
    said.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=f"Shuffle {NAME}")).to_be_focused()
    toast(page, "The last change was undone.")
    expect(card(page, NAME).get_by_role("button", name="Undo (1)")).to_be_hidden()
    assert sandbox.uris(TWELVE) == before
    assert sentences(world) == [
        f"Saved '{NAME}' before shuffle",
        f"Shuffled '{NAME}' using Basic",
        f"Saved '{NAME}' before restore",
        f"Undid the last change to '{NAME}'",
    ]
    press(page, "Shuffle", "One song")
    said = toast(page, "nothing had to change")
    expect(said.get_by_role("button", name="Undo")).to_be_hidden()
    assert len(rows(world)) == 4


def test_what_another_browser_took_back_is_offered_no_more(page: Page, world: Demo) -> None:
    press(page, "Shuffle")
    said = toast(page, "of 12 tracks moved")
    Visitor(world.app).log_in().post(f"/undo/{TWELVE}")
    said.get_by_role("button", name="Undo").click()
    toast(page, "no change of this playlist left to undo")
    expect(card(page, NAME).get_by_role("button", name="Undo")).to_be_hidden()


def test_each_playlist_is_shuffled_as_it_was_last_chosen_for_it(page: Page, world: Demo) -> None:
    press(page, "Algorithm for")
    dialog = page.get_by_role("dialog", name=f"Shuffle “{NAME}”")
    dialog.get_by_role("combobox", name="Shuffle with").select_option("Percentage")
    share = dialog.get_by_role("spinbutton", name="Share to shuffle")
    share.fill("500")
    dialog.get_by_role("button", name="Shuffle").click()
    expect(dialog).to_be_visible()
    assert rows(world) == []
    share.fill("75")
    dialog.get_by_text("Repeat an earlier shuffle").click()
    dialog.get_by_label("Seed").fill("81723")
    dialog.get_by_role("button", name="Shuffle").click()
    expect(dialog).to_be_hidden()
    toast(page, "seed 81723")
    page.reload()
    until_ready(page)
    expect(card(page, NAME)).to_contain_text("Percentage")
    expect(card(page, LONG)).to_contain_text("Basic")
    press(page, "Shuffle")
    toast(page, re.compile("seed"))
    first, second = (row.metadata_json for row in rows(world) if row.activity_type == "shuffle")
    assert first["seed"] == 81723 != second["seed"]
    for facts in (first, second):
        assert facts["algorithm"] == "PercentageShuffle"
        assert facts["params"]["shuffle_percentage"] == 75


def test_what_one_person_chose_shuffles_for_nobody_else_at_the_same_browser(
    page: Page, world: Demo
) -> None:
    shared = library.PLAYLIST_NAMES["shared"]
    press(page, "Algorithm for", shared)
    dialog = page.get_by_role("dialog", name=f"Shuffle “{shared}”")
    dialog.get_by_role("combobox", name="Shuffle with").select_option("Percentage")
    dialog.get_by_role("button", name="Shuffle").click()
    toast(page, "tracks moved")
    expect(card(page, shared)).to_contain_text("Percentage")
    page.get_by_role("button", name="Log out").click()
    stage.log_in(page, "Jonas")
    expect(card(page, shared)).to_contain_text("Basic")
    press(page, "Shuffle", shared)
    toast(page, "tracks moved")
    shuffles = [row for row in rows(world) if row.activity_type == "shuffle"]
    assert [row.metadata_json["algorithm"] for row in shuffles] == [
        "PercentageShuffle", "BasicShuffle",
    ]


Arrange = Callable[[Sandbox, Page], object]


def fail_writes(sandbox: Sandbox, count: int | None) -> None:
    path = f"/v1/playlists/{RUN}/*"
    sandbox.fault("error_before", method="POST", path=path, count=count, status=400)


def answer(code: str, **facts: object) -> Arrange:
    """Answer a shuffle as the app does; for what takes long, or two writers, to happen."""
    envelope = {"success": False, "code": code, "message": f"It is {code}.", **facts}
    return lambda sandbox, page: page.route(
        "**/shuffle/*", lambda route: route.fulfill(status=409, json=envelope), times=1
    )


def cut_off(sandbox: Sandbox, page: Page) -> None:
    line = '{"progress": {"done": 1, "total": 9}}\n'
    page.route(
        "**/shuffle/*",
        lambda route: route.fulfill(body=line, content_type="application/x-ndjson"),
        times=1,
    )


REFUSALS: list[tuple[str, Arrange, str, str]] = [
    ("busy", answer("playlist_busy"), "It is playlist_busy.", "Try again"),
    ("changed", answer("playlist_changed", snapshot_id="x"), "It is", "Try again"),
    ("cut off", cut_off, "The connection was lost half-way", "Reload the page"),
    (
        "put back",
        lambda sandbox, page: fail_writes(sandbox, 1),
        "The previous order stands again",
        "Try again",
    ),
    (
        "half-way",
        lambda sandbox, page: fail_writes(sandbox, None),
        "Its previous order is kept in a snapshot",
        "Show the saved order",
    ),
    (
        "away",
        lambda sandbox, page: page.context.set_offline(True),
        "cannot be reached",
        "Try again",
    ),
    (
        "reconnect",
        lambda sandbox, page: (
            sandbox.revoke(library.MIRA), sandbox.expire_access_tokens(library.MIRA)
        ),
        "no longer accepts this connection",
        "Reconnect Spotify",
    ),
]


def test_every_refusal_leads_to_the_next_step(
    page: Page, sandbox: Sandbox, complaints: Complaints
) -> None:
    before = sandbox.uris(RUN)
    for name, arrange, told, step in REFUSALS:
        arrange(sandbox, page)
        press(page, "Shuffle", "Morning run")
        said = page.get_by_role("alert").locator(".toast").filter(has_text=told)
        expect(said, name).to_be_visible()
        expect(said.get_by_role("button", name=re.compile(step)), name).to_be_visible()
        said.get_by_role("button", name="Close").click()
        page.context.set_offline(False)
        sandbox.clear_faults()
        if name == "put back":
            assert sandbox.uris(RUN) == before


def test_what_comes_too_soon_can_be_tried_again_when_the_time_is_up(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    page.clock.install()
    sandbox.fault("rate_limit", path="/v1/playlists/*", retry_after=99)
    press(page, "Shuffle")
    again = toast(page, "Try again in 99 seconds").get_by_role("button", name="Try again")
    expect(again).to_be_disabled()
    expect(again).to_have_text("Try again in 99 s")
    page.clock.run_for(90_000)
    expect(again).to_have_text("Try again in 9 s")
    page.clock.run_for(10_000)
    expect(again).to_be_enabled()
    again.click()
    toast(page, "of 12 tracks moved")
    assert [row.activity_type for row in rows(world)] == ["snapshot_create", "shuffle"]


def test_a_long_shuffle_shows_how_far_it_is_and_one_too_long_leads_to_another(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    sandbox.fault("slow", path="/v1/playlists/*", method="POST", count=None, seconds=0.25)
    press(page, "Shuffle", LONG)
    bar = card(page, LONG).get_by_role("progressbar", name="Shuffling")
    expect(card(page, LONG)).to_contain_text(re.compile(r"Shuffling: [234] of 5"))
    expect(bar).to_have_attribute("max", "5")
    toast(page, "of 430 tracks moved")
    expect(bar).to_be_hidden()

    # With a local file among them the rows can only be moved one by one.
    kept = next(uri for uri in sandbox.uris(library.PLAYLISTS["local_files"])
                if uri and ":local:" in uri)
    sandbox.edit(library.PLAYLISTS["four_thirty"], "add", uris=[kept])
    press(page, "Shuffle", LONG)
    toast(page, "1 local file").get_by_role("button", name="Shuffle differently").click()
    dialog = page.get_by_role("dialog", name=f"Shuffle “{LONG}”")
    dialog.get_by_role("spinbutton", name="Keep first").fill("380")
    dialog.get_by_role("button", name="Shuffle").click()
    toast(page, "of 431 tracks moved")
    shuffles = [row for row in rows(world) if row.activity_type == "shuffle"]
    assert [row.metadata_json["method"] for row in shuffles] == ["replace", "moves"]


def test_a_refresh_shows_what_changed_and_a_failed_one_keeps_what_was_there(
    page: Page, sandbox: Sandbox
) -> None:
    sandbox.fault("error_before", path="/v1/me/playlists", count=None)
    page.get_by_role("button", name="Refresh").click()
    expect(toast(page, "Spotify").get_by_role("button", name="Try again")).to_be_visible()
    expect(card(page, NAME)).to_be_visible()
    sandbox.clear_faults()
    page.get_by_label("Sort by").select_option("Name")
    sandbox.edit(TWELVE, "details", name="<b>Aaa</b>")
    sandbox.edit(library.PLAYLISTS["one"], "delete")
    made = sandbox.create(library.MIRA, "Brand new", [*sandbox.uris(TWELVE)[:2]])
    page.get_by_role("button", name="Try again").click()
    toast(page, "read anew")
    new = card(page, "Brand new")
    expect(new).to_contain_text("2 tracks")
    for what, path in (("Workshop", f"/workshop/{made}"), ("Spotify", f"/playlist/{made}")):
        link = new.get_by_role("link", name=f"{what} Brand new")
        expect(link).to_have_attribute("href", re.compile(f"{path}$"))
    expect(new.get_by_text("Collaborative")).to_be_hidden()
    press(page, "Shuffle", "Brand new")
    toast(page, re.compile("moved|nothing had to change"))
    names = page.locator(".card-name")
    expect(names.first).to_have_text("<b>Aaa</b>")
    expect(card(page, "One song")).to_have_count(0)
    page.get_by_label("Filter by name").fill("SPÄTE")
    expect(names.locator("visible=true")).to_have_count(1)
    expect(page.get_by_text(re.compile(r"^1 of \d+ playlists$"))).to_be_visible()
    page.get_by_label("Filter by name").fill("")
    page.get_by_label("Sort by").select_option("Most tracks first")
    expect(names.first).to_have_text("Everything, ever")
    page.reload()
    until_ready(page)
    expect(names.first, "the order is kept").to_have_text("Everything, ever")


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}])
def test_a_phone_and_a_keyboard_are_enough_to_shuffle_and_undo(
    log_in: NewPage, world: Demo, viewport: dict[str, int]
) -> None:
    page = log_in(viewport=viewport)
    page.get_by_label("Filter by name").focus()
    page.keyboard.type("sunday")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=f"Shuffle {NAME}")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Shuffle “{NAME}”")
    expect(dialog.get_by_role("combobox", name="Shuffle with")).to_be_focused()
    page.keyboard.type("Strat")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Algorithm for {NAME}")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    toast(page, "of 12 tracks moved")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Undo (1)")).to_be_focused()
    page.keyboard.press("Enter")
    toast(page, "The last change was undone.")
    expect(page.get_by_role("button", name=f"Shuffle {NAME}")).to_be_focused()
    assert [row.activity_type for row in rows(world)][1::2] == ["shuffle", "snapshot_restore"]
