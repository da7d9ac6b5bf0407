"""Rate limits beyond what every route shows."""

from collections.abc import Callable
import threading

from flask import Flask
import pytest

from shuffify.sandbox import library
from tests.visitor import Visitor, on_sqlite

EMPTY = library.PLAYLISTS["empty"]


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config["RATE_LIMITS"] = True
    return app


@on_sqlite
def test_a_playlist_is_written_30_times_a_minute_at_most(mira: Visitor) -> None:
    bad = {"seed": -1}
    codes = [mira.post(f"/shuffle/{EMPTY}", bad).status_code for _ in range(31)]
    assert codes == [400] * 30 + [429]


@on_sqlite
def test_dry_runs_are_limited_and_use_up_no_change(mira: Visitor) -> None:
    # What is wrong with the plan is found after it was counted, and without a look at Spotify.
    bad = {"job_type": "nap"}
    dry = [mira.post("/schedules/create", bad | {"dry_run": True}) for _ in range(61)]
    assert [answer.status_code for answer in dry] == [400] * 60 + [429]
    sent = [mira.post("/schedules/create", bad) for _ in range(61)]
    assert [answer.status_code for answer in sent] == [400] * 60 + [429]


@on_sqlite
def test_the_word_for_a_dry_run_buys_nothing_where_there_is_none(mira: Visitor) -> None:
    deleted = [mira.delete("/schedules/1").status_code for _ in range(60)]
    assert deleted == [404] * 60
    assert mira.send("DELETE", "/schedules/1", {"dry_run": True}).status_code == 429


@on_sqlite
def test_reading_is_not_limited(mira: Visitor) -> None:
    assert {mira.get("/settings").status_code for _ in range(70)} == {200}


@on_sqlite
def test_browsers_get_a_page_that_says_when(visitor: Visitor) -> None:
    for _ in range(11):
        answer = visitor.client.get("/login?legal_consent=given")
    assert answer.status_code == 429
    assert "Slow down" in answer.text and f"{answer.headers['Retry-After']} seconds" in answer.text


@on_sqlite
def test_addresses_are_limited_apart(visitor: Visitor) -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        codes = [
            visitor.client.get("/login", environ_base={"REMOTE_ADDR": address}).status_code
            for _ in range(10)
        ]
        assert codes == [302] * 10


@on_sqlite
def test_another_app_in_the_process_has_limits_of_its_own_choice(
    mira: Visitor, make_app: Callable[..., Flask]
) -> None:
    unlimited = make_app()
    assert unlimited.config["RATE_LIMITS"] is False
    other = Visitor(unlimited)
    assert {other.client.get("/login").status_code for _ in range(15)} == {302}
    assert mira.client.get("/login").status_code == 302


@on_sqlite
def test_memory_takes_over_while_the_store_is_down(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(RATELIMIT_STORAGE_URI="redis://127.0.0.1:1/0")
    app.config["RATE_LIMITS"] = True
    visitor = Visitor(app)
    codes = [visitor.client.get("/login").status_code for _ in range(11)]
    assert codes == [302] * 10 + [429]
    assert "memory takes over" in caplog.text


@on_sqlite
def test_limits_start_no_thread(make_app: Callable[..., Flask]) -> None:
    before = set(threading.enumerate())
    app = make_app()
    app.config["RATE_LIMITS"] = True
    Visitor(app).client.get("/login")
    assert set(threading.enumerate()) <= before
