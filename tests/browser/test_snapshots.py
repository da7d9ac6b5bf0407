"""The snapshots drawer in a browser: taken, looked at, restored, deleted, by mouse and by key."""

from datetime import timedelta
import re

from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from shuffify.cli.demo_world import Demo
from shuffify.models.base import utcnow
from shuffify.models.db import PlaylistSnapshot, db
from shuffify.sandbox import Sandbox, library
from tests.browser.conftest import NewPage
from tests.browser.stage import until_ready
from tests.browser.test_dashboard import NAME, TWELVE, card, press, toast
from tests.browser.trail import rows, sentences
from tests.visitor import Visitor

LOCAL = library.PLAYLISTS["local_files"]
OLD_LAPTOP = library.PLAYLIST_NAMES["local_files"]


def drawer(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Snapshots")


def open_drawer(page: Page, name: str = NAME) -> Locator:
    press(page, "Snapshots", name)
    expect(drawer(page)).to_be_visible()
    return drawer(page)


def confirm(page: Page, title: str, button: str) -> Locator:
    asked = page.get_by_role("dialog", name=title)
    expect(asked).to_be_visible()
    asked.get_by_role("button", name=button).click()
    return asked


def store(world: Demo, *snapshots: PlaylistSnapshot) -> list[int]:
    """Put snapshots of Mira's into the database, as other processes would have left them."""
    with world.app.app_context():
        engine = db.engine.execution_options(audit="behind the app's back")
    with Session(engine) as session:
        session.add_all(snapshots)
        session.commit()
        return [snapshot.id for snapshot in snapshots]


def snapshot(uris: list[str | None], **columns: object) -> PlaylistSnapshot:
    known = {"user_id": 1, "playlist_id": TWELVE, "playlist_name": NAME, **columns}
    return PlaylistSnapshot(track_uris=uris, track_count=len(uris), **known)


def test_a_snapshot_is_taken_looked_at_restored_and_deleted(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    shown = open_drawer(page)
    expect(shown).to_contain_text("No snapshots yet")
    why = shown.get_by_label("What for?")
    why.fill("x" * 501)
    shown.get_by_role("button", name="Take a snapshot").click()
    expect(why).to_have_accessible_description(re.compile("500"))
    expect(why).to_have_value("x" * 501)
    why.fill("<i>before the party</i>")
    shown.get_by_role("button", name="Take a snapshot").click()
    item = shown.get_by_role("button", name="Taken by hand")
    expect(item).to_contain_text("<i>before the party</i>")
    expect(shown.get_by_role("heading", name="Today")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"Snapshots {NAME}")).to_be_focused()

    # Somebody takes two tracks out, puts one in, and turns the rest around.
    other = sandbox.uris(library.PLAYLISTS["one"])[0]
    changed = [other, *before[2:][::-1]]
    sandbox.edit(TWELVE, "replace", uris=changed)
    open_drawer(page)
    item.click()
    expect(shown).to_contain_text("A restore adds 2 tracks, removes 1 track and moves 9 tracks.")
    names = shown.locator("ol .snapshot-row")
    expect(names).to_have_count(12)
    expect(names.nth(0)).to_contain_text("comes back")
    expect(names.nth(0).get_by_role("link")).to_have_attribute(
        "href", f"https://open.spotify.com/track/{(before[0] or '').split(':')[2]}"
    )
    expect(names.nth(2)).to_contain_text("now 11")
    expect(shown.locator("ul.snapshot-rows .snapshot-row")).to_contain_text("now 1")
    shown.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("dialog", name="Restore this")).to_contain_text("adds 2 tracks")
    confirm(page, "Restore this snapshot?", "Restore")
    said = toast(page, "stands as in the snapshot")
    expect(shown).to_be_hidden()
    assert sandbox.uris(TWELVE) == before
    expect(card(page, NAME)).to_contain_text("12 tracks")
    said.get_by_role("button", name="Undo").click()
    said = toast(page, "1 removed track did not come back")
    said.get_by_role("button", name="Restore exactly").click()
    toast(page, "stands as in the snapshot")
    assert sandbox.uris(TWELVE) == changed

    open_drawer(page)
    item.click()
    shown.get_by_role("button", name="Delete").click()
    confirm(page, "Delete this snapshot?", "Delete")
    expect(shown).to_contain_text("The snapshot was deleted.")
    expect(item).to_have_count(0)
    assert [sentence.split(" of 2026")[0].split(" from ")[0] for sentence in sentences(world)] == [
        f"Created snapshot of '{NAME}' (12 tracks)",
        f"Saved '{NAME}' before restore",
        f"Restored '{NAME}' to the snapshot",
        f"Saved '{NAME}' before restore",
        f"Undid the last change to '{NAME}'",
        f"Saved '{NAME}' before restore",
        f"Restored '{NAME}' to the snapshot",
        f"Deleted snapshot of '{NAME}'",
    ]


def test_without_a_snapshot_of_its_own_no_change_offers_undo(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    press(page, "Shuffle")
    undo = toast(page, "of 12 tracks moved").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    Visitor(world.app).log_in().post("/settings", {"auto_snapshot_enabled": False})
    page.reload()
    until_ready(page)
    press(page, "Shuffle")
    toast(page, "of 12 tracks moved")
    expect(undo).to_be_hidden()
    shown = open_drawer(page)
    shown.get_by_role("button", name="Before a shuffle").click()
    shown.get_by_role("button", name="Restore").click()
    asked = page.get_by_role("dialog", name="Restore this snapshot?")
    expect(asked).to_contain_text("a short change cannot be undone")
    asked.get_by_role("button", name="Restore").click()
    toast(page, "stands as in the snapshot")
    expect(page.locator(".toast").get_by_role("button", name="Undo")).to_be_hidden()
    assert sandbox.uris(TWELVE) == before


def test_what_cannot_come_back_is_asked_for(page: Page, world: Demo, sandbox: Sandbox) -> None:
    before = sandbox.uris(LOCAL)
    writable = [uri for uri in before if uri and ":local:" not in uri]
    laptop = {"playlist_id": LOCAL, "playlist_name": OLD_LAPTOP}
    kept, bare = store(world, snapshot(before, **laptop), snapshot(writable, **laptop))
    shown = open_drawer(page, OLD_LAPTOP)
    shown.locator(f"[data-snapshot='{bare}']").click()
    expect(shown).to_contain_text("A restore removes 3 tracks. 3 rows would leave for good.")
    shown.get_by_role("button", name="All snapshots").click()
    sandbox.edit(LOCAL, "replace", uris=writable[::-1])
    shown.locator(f"[data-snapshot='{kept}']").click()
    expect(shown).to_contain_text("A restore moves 17 tracks. 3 rows cannot come back.")
    expect(shown.locator("ol .snapshot-row").nth(1)).to_contain_text("cannot come back")
    expect(shown).to_contain_text("Probe: Take 3")
    shown.get_by_role("button", name="Restore").click()
    confirm(page, "Restore this snapshot?", "Restore")
    asked = page.get_by_role("dialog", name="Restore without what cannot come back?")
    expect(asked).to_contain_text("3 local files cannot return to the playlist: no app")
    asked.get_by_role("button", name="Cancel").click()
    assert sandbox.uris(LOCAL) == writable[::-1]
    assert rows(world) == []
    shown.get_by_role("button", name="Restore").click()
    confirm(page, "Restore this snapshot?", "Restore")
    confirm(page, "Restore without what cannot come back?", "Restore the rest")
    toast(page, "save 3 rows that cannot come back")
    assert sandbox.uris(LOCAL) == writable
    assert [row.activity_type for row in rows(world)] == ["snapshot_create", "snapshot_restore"]


def test_what_no_app_can_take_out_is_said_to_stay_and_stays(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before, more = sandbox.uris(LOCAL), "spotify:local:Ana:Casa:Mar:187"
    laptop = {"playlist_id": LOCAL, "playlist_name": OLD_LAPTOP}
    (kept,) = store(world, snapshot(before[::-1], **laptop))
    sandbox.edit(LOCAL, "add", uris=[more], position=0)
    shown = open_drawer(page, OLD_LAPTOP)
    shown.locator(f"[data-snapshot='{kept}']").click()
    expect(shown).to_contain_text("A restore moves 20 tracks. 1 row would stay, at the end.")
    shown.get_by_role("button", name="Restore").click()
    confirm(page, "Restore this snapshot?", "Restore")
    asked = page.get_by_role("dialog", name="Restore without what cannot come back?")
    expect(asked).to_contain_text("1 local file would stay, at the end: no app can")
    asked.get_by_role("button", name="Restore the rest").click()
    toast(page, "save 1 row that no app can take out")
    assert sandbox.uris(LOCAL) == [*before[::-1], more]


def test_what_spotify_no_longer_knows_is_left_out_on_request(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    stands, gone = sandbox.uris(TWELVE), "spotify:track:" + "0" * 22
    (kept,) = store(world, snapshot([*stands[::-1], gone]))
    shown = open_drawer(page)
    shown.locator(f"[data-snapshot='{kept}']").click()
    shown.get_by_role("button", name="Restore").click()
    confirm(page, "Restore this snapshot?", "Restore")
    asked = page.get_by_role("dialog", name="Restore without what Spotify no longer knows?")
    expect(asked).to_contain_text(f"Spotify does not know {gone} any more")
    assert sandbox.uris(TWELVE) == stands
    asked.get_by_role("button", name="Restore the rest").click()
    said = toast(page, "save 1 row that Spotify no longer knows")
    said.get_by_role("button", name="Undo").click()
    toast(page, "was undone")
    assert sandbox.uris(TWELVE) == stands


def test_the_fifty_first_names_the_one_to_delete_and_faults_lead_on(
    page: Page, world: Demo
) -> None:
    now = utcnow()
    taken = [snapshot([], created_at=now - timedelta(days=day)) for day in range(50)]
    *_, gone, oldest = store(world, *taken)
    page.context.set_offline(True)
    shown = open_drawer(page)
    trouble = shown.get_by_role("alert").filter(has_text="cannot be reached")
    expect(trouble).to_be_visible()
    page.context.set_offline(False)
    trouble.get_by_role("button", name="Try again").click()
    expect(shown).to_contain_text("50 snapshots")
    expect(shown.get_by_role("heading", name="Yesterday")).to_be_visible()
    why = shown.get_by_label("What for?")
    why.fill("one more")
    shown.get_by_role("button", name="Take a snapshot").click()
    expect(why).to_have_accessible_description(re.compile(r"already 50 .* oldest is of \d+ "))
    expect(why).to_have_value("one more")
    shown.get_by_role("button", name="Show the oldest").click()
    shown.get_by_role("button", name="Delete").click()
    confirm(page, "Delete this snapshot?", "Delete")
    expect(shown).to_contain_text("49 snapshots")
    expect(shown.locator(f"[data-snapshot='{oldest}']")).to_have_count(0)
    expect(why).to_have_value("one more")
    assert [row.activity_type for row in rows(world)] == ["snapshot_delete"]

    Visitor(world.app).log_in().delete(f"/snapshots/{gone}")
    shown.locator(f"[data-snapshot='{gone}']").click()
    expect(shown.get_by_role("alert")).to_contain_text("There is no such snapshot")
    shown.get_by_role("button", name="All snapshots").click()
    expect(shown).to_contain_text("48 snapshots")


def test_what_an_interrupted_change_left_is_offered_until_it_is_settled(
    page: Page, world: Demo, sandbox: Sandbox
) -> None:
    before = sandbox.uris(TWELVE)
    half = {"snapshot_type": "auto_pre_shuffle", "write_state": "interrupted"}
    store(world, snapshot(before, **half), snapshot(before[:3], **half))
    sandbox.edit(TWELVE, "replace", uris=before[:5])
    page.get_by_role("button", name="Refresh").click()
    offers = page.get_by_role("heading", name=f"A change of “{NAME}” ended half-way")
    expect(offers).to_have_count(2)
    page.reload()
    until_ready(page)
    page.get_by_role("button", name="Leave it as it is").first.click()
    confirm(page, "Leave the playlist as it is?", "Delete the saved order")
    expect(offers).to_have_count(1)
    sandbox.fault("error_before", path="/v1/playlists/*", count=None)
    page.get_by_role("button", name="Look and restore").click()
    shown = drawer(page)
    expect(shown).to_contain_text("Change ended half-way")
    expect(shown).to_contain_text("What a restore would change cannot be told")
    sandbox.clear_faults()
    shown.get_by_role("button", name="Restore").click()
    confirm(page, "Restore this snapshot?", "Restore")
    toast(page, "stands as in the snapshot")
    expect(offers).to_have_count(0)
    assert sandbox.uris(TWELVE) == before
    types = [row.activity_type for row in rows(world)]
    assert types == ["snapshot_delete", "snapshot_create", "snapshot_restore"]


def test_a_phone_and_a_keyboard_are_enough_for_the_drawer(
    log_in: NewPage, world: Demo, sandbox: Sandbox
) -> None:
    sandbox.edit(LOCAL, "null", positions=[0])
    page = log_in(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    opener = page.get_by_role("button", name=f"Snapshots {OLD_LAPTOP}")
    opener.focus()
    page.keyboard.press("Enter")
    shown = drawer(page)
    expect(shown.get_by_role("heading", name="Snapshots")).to_be_focused()
    box = shown.bounding_box()
    assert box is not None and (box["width"], box["height"]) == (390, 844)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("by key")
    page.keyboard.press("Enter")
    item = shown.get_by_role("button", name="Taken by hand")
    expect(item).to_contain_text("by key")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(item).to_be_focused()
    page.keyboard.press("Enter")
    expect(shown.get_by_role("heading", name="Taken by hand")).to_be_focused()
    expect(shown).to_contain_text("The playlist stands like this now.")
    expect(shown).to_contain_text("A track that Spotify removed")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(item).to_be_focused()
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(opener).to_be_focused()
    assert sentences(world) == [f"Created snapshot of '{OLD_LAPTOP}' (21 tracks)"]
