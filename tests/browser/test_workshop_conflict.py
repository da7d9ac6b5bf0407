"""Work that meets other people, reloads and lost connections: nothing of it is lost."""

from playwright.sync_api import Page, Route, expect
import pytest

from shuffify.cli.demo_world import Demo
from shuffify.sandbox import Sandbox, library
from tests.browser.conftest import NewPage
from tests.browser.workshop import Workshop
from tests.visitor import Visitor

SHARED = library.PLAYLISTS["shared"]
TWELVE = library.PLAYLISTS["twelve"]
OTHERS = library.PLAYLISTS["hundred_twenty"]


@pytest.mark.parametrize("way", ["keep theirs", "reload"])
def test_two_people_save_one_list_and_nothing_is_lost(
    log_in: NewPage, sandbox: Sandbox, way: str
) -> None:
    before = sandbox.uris(SHARED)
    mira, jonas = (Workshop(log_in(name), "shared") for name in ("Mira", "Jonas"))
    mira.open()
    jonas.open()

    jonas.choose(0, "Remove")
    jonas.choose(5, "Move to the bottom")
    jonas.save()
    expect(jonas.notice("The playlist was saved: 1 removed, 1 moved")).to_be_visible()
    theirs = sandbox.uris(SHARED)
    new = sandbox.uris(OTHERS)[:2]
    sandbox.edit(SHARED, "add", uris=new, by=library.JONAS)

    mira.choose(23, "Move to the top")
    mira.choose(10, "Remove")
    mira.save()
    section = mira.page.locator("#workshop-conflict")
    expect(section.get_by_role("heading", level=2)).to_be_focused()
    there, here = section.locator(".conflict-side").all()
    expect(there).to_contain_text("2 tracks added")
    expect(there).to_contain_text("1 track removed")
    expect(there).to_contain_text("1 track moved")
    expect(here).to_contain_text("1 track removed")
    expect(here).to_contain_text("1 track moved")
    mine = [before[23], *before[:9], *before[10:23]]
    assert sandbox.uris(SHARED) == [*theirs, *new], "nothing is written unasked"

    if way == "keep theirs":
        expect(section).to_contain_text("2 tracks added elsewhere since are at the end.")
        expect(section).to_contain_text("1 track removed elsewhere since is left out.")
        section.get_by_role("button", name="keep theirs at the end").click()
        expect(mira.notice("The playlist was saved")).to_be_visible()
        mine.remove(before[0])
        assert sandbox.uris(SHARED) == [*mine, *new]
        return
    section.get_by_role("button", name="Reload theirs").click()
    expect(mira.rows).to_have_count(len(theirs) + 2)
    mira.expect_state("Nothing to save")
    mira.page.get_by_role("button", name="Bring them back").click()
    expect(mira.notice("2 tracks added elsewhere since are at the end.")).to_be_visible()
    mira.save()
    expect(mira.notice("The playlist was saved")).to_be_visible()
    mine.remove(before[0])
    assert sandbox.uris(SHARED) == [*mine, *new]


def test_a_restore_settles_a_conflict_and_keeps_the_edits_as_a_draft(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    taken = Visitor(world.app).log_in().post(f"/playlist/{TWELVE}/snapshots")
    assert taken.status_code == 201
    workshop = Workshop(page).open()
    workshop.choose(0, "Remove")
    edited = workshop.names()
    sandbox.edit(TWELVE, "remove_at", positions=[5])
    workshop.save()
    section = page.locator("#workshop-conflict")
    expect(section).to_be_visible()
    page.get_by_role("button", name="Snapshots").click()
    drawer = page.get_by_role("dialog", name="Snapshots")
    drawer.get_by_role("button", name="Taken by hand").click()
    drawer.get_by_role("button", name="Restore").click()
    asked = page.get_by_role("dialog", name="Restore this snapshot?")
    asked.get_by_role("button", name="Restore").click()
    expect(workshop.notice("stands as in the snapshot")).to_be_visible()
    expect(section).to_be_hidden()
    workshop.expect_state("Nothing to save")
    page.get_by_role("button", name="Bring them back").click()
    workshop.expect_names(edited)
    workshop.save()
    expect(workshop.notice("The playlist was saved: 1 removed")).to_be_visible()
    assert sandbox.uris(TWELVE) == before[1:]


def test_another_version_of_the_same_list_is_no_conflict(page: Page, sandbox: Sandbox) -> None:
    workshop = Workshop(page).open()
    before = sandbox.uris(TWELVE)
    sandbox.edit(TWELVE, "move", range_start=0, insert_before=5)
    sandbox.edit(TWELVE, "move", range_start=4, insert_before=0)
    assert sandbox.uris(TWELVE) == before
    workshop.choose(0, "Move to the bottom")
    workshop.save()
    expect(workshop.notice("The playlist was saved: 1 moved")).to_be_visible()
    assert sandbox.uris(TWELVE) == [*before[1:], before[0]]


def test_unsaved_work_outlives_a_reload_and_is_offered(page: Page, sandbox: Sandbox) -> None:
    workshop = Workshop(page).open()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    workshop.choose(0, "Move to the bottom")
    workshop.choose(3, "Remove")
    names = workshop.names()
    page.reload()
    assert asked == ["beforeunload"]
    workshop.until_read()
    assert len(workshop.names()) == 12, "never applied silently"
    expect(page.get_by_role("region", name="Unsaved changes")).to_contain_text(
        "1 removed and 1 moved"
    )
    page.get_by_role("button", name="Bring them back").click()
    workshop.expect_names(names)
    page.get_by_role("button", name="Undo bring back unsaved changes").click()
    assert len(workshop.names()) == 12
    page.get_by_role("button", name="Redo bring back").click()
    page.reload()
    workshop.until_read()
    page.get_by_role("button", name="Discard them").click()
    expect(page.get_by_role("region", name="Unsaved changes")).to_be_hidden()
    page.reload()
    workshop.until_read()
    expect(page.get_by_role("region", name="Unsaved changes")).to_be_hidden()
    assert asked == ["beforeunload"] * 2, "nobody is asked where there is nothing to lose"


def test_a_write_whose_end_is_not_heard_is_looked_after(page: Page, sandbox: Sandbox) -> None:
    workshop = Workshop(page).open()
    before = sandbox.uris(TWELVE)

    def cut(route: Route) -> None:
        route.fetch()
        route.fulfill(body='{"progress": {"done": 1, "total": 9}}\n',
                      content_type="application/x-ndjson")

    page.route("**/commit", cut)
    workshop.choose(0, "Move to the bottom")
    workshop.save()
    notice = workshop.notice("The playlist holds your list now.")
    expect(notice).to_be_visible()
    assert sandbox.uris(TWELVE) == [*before[1:], before[0]]
    workshop.expect_state("Nothing to save")

    page.unroute("**/commit")
    page.route("**/commit", lambda route: route.abort())
    workshop.choose(0, "Remove")
    workshop.save()
    expect(workshop.dialog).to_contain_text("The connection was lost.")
    expect(workshop.dialog).to_contain_text("Nothing was written so far", timeout=15_000)
    page.unroute("**/commit")
    workshop.dialog.get_by_role("button", name="Save again").click()
    expect(workshop.notice("The playlist was saved: 1 removed")).to_be_visible()
    assert len(sandbox.uris(TWELVE)) == 11
