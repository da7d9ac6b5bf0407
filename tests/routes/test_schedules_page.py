"""The page of schedules, and what its answers in JSON say beyond the schedules themselves."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
import pytest
from sqlalchemy.orm import Session

from shuffify.models.base import utcnow
from shuffify.models.db import SchedulerState
from shuffify.sandbox import Sandbox, library
from shuffify.spotify.listing import LISTINGS
from tests.routes.test_schedules import NAME, SHUFFLE, TARGET, create
from tests.visitor import Visitor, on_sqlite

SOURCE = library.PLAYLISTS["hundred_twenty"]
SOURCE_NAME = library.PLAYLIST_NAMES["hundred_twenty"]

pytestmark = on_sqlite


def page_of(visitor: Visitor) -> str:
    answer = visitor.client.get("/schedules")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.text


def test_strangers_are_led_to_the_start_page(visitor: Visitor) -> None:
    answer = visitor.client.get("/schedules")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_the_page_says_what_happens_where_and_when(mira: Visitor) -> None:
    mira.post("/settings", {"timezone": "Asia/Tokyo"})
    mira.post(f"/playlist/{TARGET}/upstream-sources", {"source_playlist_id": SOURCE})
    create(
        mira, job_type="raid_and_shuffle", source_playlist_ids=[SOURCE],
        schedule_type="cron", schedule_value="0 7 * * 1-5",
    )
    (listed,) = mira.get("/schedules").json["schedules"]
    assert listed["words"] == {
        "job": "Raid 1 playlist, then shuffle with Balanced",
        "sources": [SOURCE_NAME],
        "when": "Monday to Friday at 07:00",
        "zone": "Asia/Tokyo",
        "outcome": None,
    }
    page = page_of(mira)
    for said in (NAME, SOURCE_NAME, "Monday to Friday at 07:00", "Asia/Tokyo", "Not yet"):
        assert said in page
    assert "needs JavaScript" in page
    # The next run stands there exactly as well, whatever the reader's zone.
    assert f'datetime="{listed["next_runs"][0]}"' in page


def test_a_dry_run_describes_what_is_not_stored(mira: Visitor) -> None:
    weekly = SHUFFLE | {"schedule_value": "weekly", "dry_run": True}
    answer = mira.post("/schedules/create", weekly)
    assert answer.json["schedule"]["words"]["job"] == "Shuffle with Balanced"
    assert answer.json["schedule"]["words"]["when"].startswith("Every ")
    assert mira.get("/schedules").json["schedules"] == []


def test_names_of_playlists_stay_text(mira: Visitor, sandbox: Sandbox) -> None:
    name = "<script>alert(1)</script>\"'&\u202e"
    sandbox.edit(TARGET, "details", name=name)
    LISTINGS.drop(sandbox.url, library.MIRA)
    create(mira)
    page = page_of(mira)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_without_spotify_the_schedules_are_shown_all_the_same(
    mira: Visitor, sandbox: Sandbox
) -> None:
    create(mira)
    LISTINGS.drop(sandbox.url, library.MIRA)
    sandbox.fault("error_before", method="GET", path="/v1/me/playlists", count=9)
    page = page_of(mira)
    assert NAME in page
    assert "Your playlists cannot be read right now" in page


def test_a_lost_connection_is_told_with_the_way_back(mira: Visitor, sandbox: Sandbox) -> None:
    create(mira)
    assert "All schedules are paused" not in page_of(mira)
    sandbox.revoke(library.MIRA)
    sandbox.expire_access_tokens(library.MIRA)
    mira.post("/refresh-playlists")
    page = page_of(mira)
    assert "All schedules are paused" in page
    assert "Reconnect Spotify" in page


@pytest.mark.parametrize(
    "scheduler, silent_for, state, said",
    [
        ("off", 0, "off", "No scheduler is running"),
        ("embedded", None, "off", "No scheduler is running"),
        ("embedded", 0, "ok", None),
        ("embedded", 120, "failed", "The scheduler is silent"),
    ],
)
def test_a_scheduler_that_does_not_run_is_told(
    make_app: Callable[..., Flask],
    outside: Session,
    scheduler: str,
    silent_for: int | None,
    state: str,
    said: str | None,
) -> None:
    if silent_for is not None:
        heard = utcnow() - timedelta(seconds=silent_for)
        outside.add(SchedulerState(leader="host:1", heartbeat_at=heard, started_at=heard))
        outside.commit()
    mira = Visitor(make_app(SCHEDULER=scheduler)).log_in(library.MIRA)
    assert mira.get("/schedules").json["scheduler"] == state
    page = page_of(mira)
    for title in ("No scheduler is running", "The scheduler is silent"):
        assert (title in page) == (title == said)


def test_the_twentieth_schedule_is_the_last(mira: Visitor) -> None:
    for _ in range(19):
        create(mira)
    assert 'id="schedules-full" hidden' in page_of(mira)
    create(mira)
    page = page_of(mira)
    assert 'id="schedules-full" hidden' not in page
    assert 'disabled aria-describedby="schedules-full"' in page


def test_undo_is_offered_for_what_the_run_itself_changed(mira: Visitor) -> None:
    schedule_id = create(mira, algorithm_name="BasicShuffle", algorithm_params={})
    assert mira.post(f"/schedules/{schedule_id}/run").json["undoable"] is True
    # Nothing moves this time: what could be undone is the run before.
    still = {"algorithm_name": "BasicShuffle", "algorithm_params": {"keep_first": 10_000}}
    assert mira.put(f"/schedules/{schedule_id}", still).status_code == 200
    answer = mira.post(f"/schedules/{schedule_id}/run").json
    assert (answer["undoable"], answer["result"]["status"]) == (False, "success")
