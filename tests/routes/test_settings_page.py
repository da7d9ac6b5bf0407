"""The page of settings: what is set, what a new zone moves, and who is logged in."""

from collections.abc import Callable

from shuffify.enums import IntervalValue
from shuffify.sandbox import library
from tests.routes.test_schedules import NAME, create
from tests.visitor import Visitor, on_sqlite

pytestmark = on_sqlite


def page_of(visitor: Visitor) -> str:
    answer = visitor.client.get("/settings")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.text


def next_runs(visitor: Visitor) -> dict[int, str | None]:
    return {row["id"]: row["next_run_at"] for row in visitor.get("/schedules").json["schedules"]}


def test_strangers_are_led_to_the_start_page(visitor: Visitor) -> None:
    answer = visitor.client.get("/settings")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_the_page_shows_what_is_set(mira: Visitor) -> None:
    mira.post("/settings", {
        "default_algorithm": "StratifiedShuffle", "theme": "dark", "timezone": "Asia/Tokyo",
        "auto_snapshot_enabled": False, "max_snapshots_per_playlist": 7,
    })
    page = page_of(mira)
    assert '<option value="StratifiedShuffle" selected>' in page
    assert 'value="dark" checked' in page
    assert 'value="7"' in page
    assert 'value="Asia/Tokyo" required' in page
    assert 'aria-describedby="auto-snapshot-help">' in page, "not checked"


def test_open_logins_are_listed_with_this_one_marked(
    mira: Visitor, visit: Callable[[], Visitor]
) -> None:
    other = visit()
    other.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
    other.log_in(library.MIRA)

    seen_here = mira.get("/settings").json["logins"]
    seen_there = other.get("/settings").json["logins"]
    assert [login["is_current"] for login in seen_here] == [False, True]
    assert [login["is_current"] for login in seen_there] == [True, False]
    assert seen_there[0]["device"] == "Firefox on Linux"
    assert seen_there[0]["ip_address"] == "127.0.0.1"
    assert set(seen_here[0]) == {"device", "ip_address", "logged_in_at", "is_current"}
    assert page_of(mira).count("This one") == 1


def test_signing_out_everywhere_empties_the_list(
    mira: Visitor, visit: Callable[[], Visitor]
) -> None:
    other = visit().log_in(library.MIRA)
    other.client.post("/logout", data={"everywhere": "yes", "csrf_token": other.token()})
    assert mira.get("/settings").status_code == 401
    again = visit().log_in(library.MIRA)
    assert [login["is_current"] for login in again.get("/settings").json["logins"]] == [True]


def test_the_schedules_that_another_zone_can_move_are_named_and_they_alone(mira: Visitor) -> None:
    assert mira.get("/settings").json["clocked"] == []
    clock = {"schedule_type": "cron", "schedule_value": "0 7 * * *"}
    moved = create(mira, **clock)
    create(mira, is_enabled=False, **clock)
    for interval in IntervalValue:
        create(mira, schedule_value=interval)

    named = mira.get("/settings").json["clocked"]
    assert {schedule["name"] for schedule in named} == {NAME}
    often = [schedule["when"].rsplit(" at ")[0] for schedule in named]
    assert often[:3] == ["Every day", "Every day", "Every 3 days"]
    assert len(often) == 4, "the weekly one names its day"
    assert "Another time zone can move 4 schedules." in page_of(mira)
    before = next_runs(mira)
    # One without summer time, like UTC: otherwise a change of clocks might lie ahead.
    assert mira.post("/settings", {"timezone": "Asia/Tokyo"}).status_code == 200
    after = next_runs(mira)
    assert [id_ for id_ in before if before[id_] != after[id_]] == [moved]
