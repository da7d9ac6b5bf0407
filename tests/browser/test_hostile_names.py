"""Names that people choose, on every page: shown as text, nothing runs, the layout holds."""

from collections.abc import Iterator
from contextlib import closing
import sqlite3

from playwright.sync_api import Browser
import pytest

from shuffify.sandbox import library
from tests.browser import proofs
from tests.browser.complaints import Complaints
from tests.browser.places import PLACES, Place
from tests.browser.stage import Stage, set_up, until_ready

RUNS = "globalThis.ran = true"
MARKUP = (
    f"<script>{RUNS}</script><img src=x onerror='{RUNS}'>\" onclick=\"{RUNS}\" "
    "{{ 7 * 7 }}"
)
STRANGE = {
    "twelve": MARKUP,
    "hundred_twenty": "W" * 280,
    "shared": "\u202eevil\u2066 \u05e9\u05dc\u05d5\u05dd NUL \0 end",
    "one": "\U0001f469\u200d\U0001f680" * 30,
}
"""By role, what is put behind the usual names, by which the places are found: to the lists that
the stage gives snapshots, sources, schedules and a session."""


@pytest.fixture(scope="module")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    names = {role: f"{library.PLAYLIST_NAMES[role]} {end}" for role, end in STRANGE.items()}
    folder = tmp_path_factory.mktemp("hostile")
    with set_up(folder, browser, names=names, said=MARKUP[:200]) as stage:
        with closing(sqlite3.connect(stage.demo.database)) as database:
            database.execute("UPDATE users SET display_name = ?", [MARKUP[:255]])
            database.commit()
        yield stage


@pytest.mark.parametrize("place", [place for place in PLACES if place.signed_in], ids=str)
def test_a_name_is_text_wherever_it_stands(
    place: Place, stage: Stage, complaints: Complaints
) -> None:
    page = stage.mira
    complaints.listen_to(page.context)
    place.reach(page)
    until_ready(page)
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert proofs.sideways(page) == []
    assert page.get_by_text(MARKUP[:40]).first.is_visible()
    assert page.evaluate("globalThis.ran === undefined")
    assert page.locator("img[src='x']").count() == 0
    complaints.leave(page.context)
