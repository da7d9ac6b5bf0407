"""When schedules run: cron, intervals, and the days on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
import subprocess
import sys
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
import pytest

from shuffify import cron
from shuffify.errors import TimingError
from shuffify.timing import check_timing, is_known_zone, next_run, next_runs, zone_names

ANCHOR = datetime(2026, 1, 5, 8, 15)
BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def walls(
    value: str, zone: str, after: str, count: int, *, kind: str = "cron", anchor: str = ""
) -> list[str]:
    """Return the next runs as the wall clock of the zone shows them, with its offset."""
    start = utc(anchor, zone) if anchor else ANCHOR
    runs = next_runs(kind, value, start, zone, utc(after, zone), count)
    shown = (run.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for run in runs)
    return [f"{moment:%m-%d %H:%M %z}" for moment in shown]


def utc(wall: str, zone: str) -> datetime:
    moment = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("value", "after", "expected"),
    [
        ("0 9 * * *", "2026-11-23 09:00", ["11-24 09:00", "11-25 09:00"]),
        ("0 9 * * *", "2026-11-23 08:59", ["11-23 09:00", "11-24 09:00"]),
        ("30 6 * * 1-5", "2026-11-20 07:00", ["11-23 06:30", "11-24 06:30"]),
        ("0 0 * * 0", "2026-11-23 00:00", ["11-29 00:00", "12-06 00:00"]),
        ("0 0 * * 7", "2026-11-23 00:00", ["11-29 00:00", "12-06 00:00"]),
        ("0 0 * * sun", "2026-11-23 00:00", ["11-29 00:00", "12-06 00:00"]),
        ("0 0 * * fri-sun", "2026-11-23 00:00", ["11-27 00:00", "11-28 00:00", "11-29 00:00"]),
        ("0 0 * * 5-7", "2026-11-23 00:00", ["11-27 00:00", "11-28 00:00", "11-29 00:00"]),
        ("0 0 1 * mon", "2026-11-24 00:00", ["11-30 00:00", "12-01 00:00", "12-07 00:00"]),
        ("0 0 1 * *", "2026-11-24 00:00", ["12-01 00:00", "01-01 00:00"]),
        ("0 0 */2 * mon", "2026-11-24 00:00", ["12-07 00:00", "12-21 00:00"]),
        ("0 0 29 feb *", "2026-11-24 00:00", ["02-29 00:00"]),
        ("0 */8 * * *", "2026-11-23 01:00", ["11-23 08:00", "11-23 16:00", "11-24 00:00"]),
        ("0 1-9/4 * * *", "2026-11-23 01:00", ["11-23 05:00", "11-23 09:00", "11-24 01:00"]),
        ("0 20/2 * * *", "2026-11-23 19:00", ["11-23 20:00", "11-23 22:00", "11-24 20:00"]),
        ("5 4 * jan,jul *", "2026-11-23 19:00", ["01-01 04:05", "01-02 04:05"]),
    ],
)
def test_cron_runs_when_crontab_would(value: str, after: str, expected: list[str]) -> None:
    shown = walls(value, "UTC", after, len(expected))
    assert shown == [f"{wall} +0000" for wall in expected]


def test_a_leap_day_is_waited_for_over_a_century_without_one() -> None:
    after = datetime(2097, 1, 1)
    assert next_run("cron", "0 0 29 2 *", ANCHOR, "UTC", after) == datetime(2104, 2, 29)


def test_a_leap_day_on_one_weekday_is_waited_for_as_long_as_it_takes() -> None:
    after = datetime(2088, 3, 1)
    assert next_run("cron", "0 0 29 2 */7", ANCHOR, "UTC", after) == datetime(2128, 2, 29)


@pytest.mark.parametrize(
    ("value", "after", "expected"),
    [
        # Skipped: clocks go from 02:00 to 03:00.
        ("30 2 * * *", "2026-03-28 12:00", ["03-29 03:00 +0200", "03-30 02:30 +0200"]),
        ("0 2 * * *", "2026-03-28 12:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        ("0 2,3 * * *", "2026-03-28 12:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        # Put off, it would come half an hour after the run before it, or before the next.
        ("30 1,2 * * *", "2026-03-28 12:00", ["03-29 01:30 +0100", "03-30 01:30 +0200"]),
        ("30 2,3 * * *", "2026-03-28 12:00", ["03-29 03:00 +0200", "03-30 02:30 +0200"]),
        ("0 3 * * *", "2026-03-28 12:00", ["03-29 03:00 +0200", "03-30 03:00 +0200"]),
        # Repeated: clocks go from 03:00 back to 02:00.
        ("30 2 * * *", "2026-10-24 12:00", ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
        ("0 * * * *", "2026-10-25 01:30", ["10-25 02:00 +0200", "10-25 03:00 +0100"]),
        ("0 3 * * *", "2026-10-24 12:00", ["10-25 03:00 +0100", "10-26 03:00 +0100"]),
    ],
)
def test_cron_keeps_the_wall_clock_when_clocks_change(
    value: str, after: str, expected: list[str]
) -> None:
    assert walls(value, BERLIN, after, 2) == expected


def test_the_second_pass_of_a_repeated_hour_has_no_run_left() -> None:
    second = datetime(2026, 10, 25, 1, 10)
    assert next_run("cron", "30 2 * * *", ANCHOR, BERLIN, second) == datetime(2026, 10, 26, 1, 30)


def test_a_gap_of_half_an_hour_ends_at_its_own_moment() -> None:
    shown = walls("15 2 * * *", LORD_HOWE, "2026-10-03 12:00", 2)
    assert shown == ["10-04 02:30 +1100", "10-05 02:15 +1100"]


def test_the_zone_data_are_those_of_the_package_whatever_the_system_has() -> None:
    # Clocks in British Columbia stay on summer time from 2026 on; older data put them back.
    shown = walls("0 7 * * *", "America/Vancouver", "2026-12-01 08:00", 1)
    assert shown == ["12-02 07:00 -0700"]


def test_each_zone_on_offer_has_the_data_of_the_package() -> None:
    days = [datetime(2026, 1, 1) + timedelta(days=number) for number in range(0, 730, 7)]
    for name in zone_names():
        with files("tzdata").joinpath("zoneinfo", name).open("rb") as data:
            packaged = ZoneInfo.from_file(data)
        assert [*map(packaged.utcoffset, days)] == [*map(ZoneInfo(name).utcoffset, days)], name


def test_a_zone_that_was_read_before_the_app_came_is_read_again() -> None:
    program = (
        "import zoneinfo; early = zoneinfo.ZoneInfo('America/Vancouver'); import shuffify;"
        "assert zoneinfo.TZPATH == () and zoneinfo.ZoneInfo('America/Vancouver') is not early"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_gap_of_half_an_hour_leaves_out_what_it_brings_too_close() -> None:
    shown = walls("45 1-3 * * *", LORD_HOWE, "2026-10-03 12:00", 3)
    assert shown == ["10-04 01:45 +1030", "10-04 03:45 +1100", "10-05 01:45 +1100"]


def test_a_zone_that_skips_midnight_starts_its_day_late() -> None:
    shown = walls("0 0 * * *", "Africa/Cairo", "2026-04-23 12:00", 2)
    assert shown == ["04-24 01:00 +0300", "04-25 00:00 +0300"]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE])
def test_a_daily_cron_runs_once_on_every_day_of_a_year(zone: str) -> None:
    for value in ("0 0 * * *", "30 1 * * *", "15 2 * * *", "30 2 * * *", "0 12 * * *"):
        runs = next_runs("cron", value, ANCHOR, zone, utc("2025-12-31 23:59", zone), 365)
        days = [run.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for run in runs]
        assert days == [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE])
def test_a_daily_interval_keeps_the_wall_clock_through_a_year(zone: str) -> None:
    anchor = utc("2025-12-31 07:30", zone)
    runs = next_runs("interval", "daily", anchor, zone, anchor, 365)
    shown = [run.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for run in runs]
    assert {f"{moment:%H:%M}" for moment in shown} == {"07:30"}
    assert [moment.date() for moment in shown] == [
        date(2026, 1, 1) + timedelta(days=number) for number in range(365)
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("every_6h", ["03-29 04:00 +0200", "03-29 10:00 +0200", "03-29 16:00 +0200"]),
        ("every_12h", ["03-29 10:00 +0200", "03-29 22:00 +0200", "03-30 10:00 +0200"]),
        ("daily", ["03-29 21:00 +0200", "03-30 21:00 +0200", "03-31 21:00 +0200"]),
        ("every_3d", ["03-31 21:00 +0200", "04-03 21:00 +0200", "04-06 21:00 +0200"]),
        ("weekly", ["04-04 21:00 +0200", "04-11 21:00 +0200", "04-18 21:00 +0200"]),
    ],
)
def test_hours_elapse_and_days_keep_the_wall_clock(value: str, expected: list[str]) -> None:
    anchor = "2026-03-28 21:00"
    assert walls(value, BERLIN, anchor, 3, kind="interval", anchor=anchor) == expected


def test_intervals_count_from_the_anchor_however_late_one_asks() -> None:
    late = ANCHOR + timedelta(days=1000, hours=1)
    assert next_run("interval", "weekly", ANCHOR, "UTC", late) == ANCHOR + timedelta(days=1001)
    assert next_run("interval", "every_6h", ANCHOR, "UTC", late) == ANCHOR + timedelta(
        days=1000, hours=6
    )


def test_the_first_run_is_one_interval_after_the_anchor_also_when_asked_earlier() -> None:
    early = ANCHOR - timedelta(days=3)
    for value, wait in (("every_6h", timedelta(hours=6)), ("daily", timedelta(days=1))):
        assert next_run("interval", value, ANCHOR, "UTC", early) == ANCHOR + wait


@pytest.mark.parametrize(
    ("given_value", "stored"),
    [
        ("0 9 * * 1-5", "0 9 * * mon-fri"),
        ("0 9 * * 0", "0 9 * * sun"),
        ("0 9 * * 7", "0 9 * * sun"),
        ("0 9 * * 6,7", "0 9 * * sat,sun"),
        ("0 9 * * 0-7", "0 9 * * mon-sun"),
        ("0 9 * * 0,1,3,4,5", "0 9 * * mon,wed-fri,sun"),
        ("0  9 *  JAN  MON ", "0 9 * jan mon"),
        ("0 9 * * */2", "0 9 * * */2"),
        ("0 9 1 * 1-6/2", "0 9 1 * mon,wed,fri"),
    ],
)
def test_cron_is_stored_with_weekday_names(given_value: str, stored: str) -> None:
    assert check_timing("cron", given_value) == stored
    assert check_timing("cron", stored) == stored


@pytest.mark.parametrize("value", ["0 9 * * fri-sun", "0 9 * * 0-7", "0 9 1 * 6-7", "0 0 * * 1/2"])
def test_the_stored_form_means_the_same(value: str) -> None:
    stored = check_timing("cron", value)
    assert next_runs("cron", stored, ANCHOR, BERLIN, ANCHOR, 40) == next_runs(
        "cron", value, ANCHOR, BERLIN, ANCHOR, 40
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "has five fields, this one has 0"),
        ("* * * *", "has five fields, this one has 4"),
        ("0 0 0 * * *", "has five fields, this one has 6"),
        ("@daily", "has five fields, this one has 1"),
        ("60 * * * *", "minute field .* '60' is not between 0 and 59"),
        ("0 24 * * *", "hour field .* '24' is not between 0 and 23"),
        ("0 0 0 * *", "day of month field .* '0' is not between 1 and 31"),
        ("0 0 * 13 *", "month field .* '13' is not between 1 and 12"),
        ("0 0 * * 8", "weekday field .* '8' is not between 0 and 7"),
        ("0 0 * * mo", "weekday field .* 'mo' is not between 0 and 7"),
        ("0 0 L * *", "day of month field .* 'l' is not between"),
        ("0 0 * * mon#2", "weekday field .* 'mon#2' is not understood"),
        ("0 5-3 * * *", "hour field .* '5-3' runs backwards"),
        ("0 */0 * * *", "hour field .* steps by 0"),
        ("0 1, * * *", "hour field .* '' is not understood"),
        ("-5 0 * * *", "minute field .* '-5' is not understood"),
        ("0 *-5 * * *", "hour field .* not understood"),
        ("0 0 30 2 *", "never comes due"),
        ("* * * * *", "60 minutes or more apart, these lie 1 apart"),
        ("*/30 * * * *", "these lie 30 apart"),
        ("0,59 3 * * *", "these lie 59 apart"),
        ("0,30 0 * * *", "these lie 30 apart"),
        ("٣ 0 * * *", "not understood"),
    ],
)
def test_a_cron_expression_is_refused_with_the_reason(value: str, message: str) -> None:
    with pytest.raises(TimingError, match=message):
        check_timing("cron", value)


@pytest.mark.parametrize("value", ["0 * * * *", "30 0,23 * * *", "59 */23 * * *"])
def test_runs_an_hour_apart_are_accepted_also_over_midnight(value: str) -> None:
    assert check_timing("cron", value) == value


@pytest.mark.parametrize("value", ["every_6h", "every_12h", "daily", "every_3d", "weekly"])
def test_intervals_are_stored_as_they_are(value: str) -> None:
    assert check_timing("interval", value) == value


@pytest.mark.parametrize("value", ["hourly", "", "DAILY", "0 9 * * *"])
def test_an_unknown_interval_is_refused(value: str) -> None:
    with pytest.raises(TimingError, match="is no interval; use one of every_6h, every_12h"):
        check_timing("interval", value)


def test_an_unknown_type_or_zone_is_refused() -> None:
    with pytest.raises(TimingError, match="'yearly' is no type of schedule"):
        check_timing("yearly", "daily")
    with pytest.raises(TimingError, match="'Mars/Base' is not a known time zone"):
        next_run("interval", "daily", ANCHOR, "Mars/Base", ANCHOR)


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../../etc/passwd", "europe/berlin", "\0", "localtime"]
)
def test_only_names_of_zones_are_known(name: str) -> None:
    assert not is_known_zone(name)
    assert is_known_zone("Asia/Kolkata")


ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "UTC", "Asia/Kolkata", "Africa/Cairo"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1))
CRONS = st.builds(
    "{} {} {} {} {}".format,
    st.integers(0, 59),
    st.sampled_from(["*", "*/2", "0", "2", "3", "1,2", "23", "0-5"]),
    st.sampled_from(["*", "*", "1", "29-31", "*/10"]),
    st.sampled_from(["*", "*", "3", "oct-nov", "2"]),
    st.sampled_from(["*", "*", "0", "mon-fri", "7", "*/3"]),
)
TIMINGS = st.one_of(
    st.tuples(st.just("cron"), CRONS),
    st.tuples(
        st.just("interval"),
        st.sampled_from(["every_6h", "every_12h", "daily", "every_3d", "weekly"]),
    ),
)


@given(TIMINGS, MOMENTS, ZONES, MOMENTS)
def test_runs_are_later_in_order_and_one_by_one_the_same(
    timing: tuple[str, str], anchor: datetime, zone: str, after: datetime
) -> None:
    runs = next_runs(*timing, anchor, zone, after, 3)
    assert len(runs) == 3
    assert runs[0] > after
    assert all(earlier + timedelta(hours=1) <= later for earlier, later in pairwise(runs))
    for earlier, later in pairwise(runs):
        assert next_run(*timing, anchor, zone, earlier) == later
        # Nothing lies between: asking just before a run finds that run.
        assert next_run(*timing, anchor, zone, later - timedelta(seconds=1)) == later


@given(CRONS)
def test_what_is_stored_is_stable_and_means_the_same(value: str) -> None:
    stored = check_timing("cron", value)
    assert check_timing("cron", stored) == stored
    assert cron.parse(stored).weekdays == cron.parse(value).weekdays
    assert cron.parse(stored).both_days == cron.parse(value).both_days


@given(st.text(max_size=30))
def test_any_text_is_a_timing_or_a_timing_error(value: str) -> None:
    try:
        check_timing("cron", value)
    except TimingError as error:
        assert str(error)


@given(CRONS, ZONES, MOMENTS)
def test_a_run_shows_its_wall_time_or_ends_a_gap(
    value: str, zone: str, after: datetime
) -> None:
    clock, expression = ZoneInfo(zone), cron.parse(value)
    for run in next_runs("cron", value, ANCHOR, zone, after, 4):
        shown = run.replace(tzinfo=UTC).astimezone(clock)
        before = (run - timedelta(seconds=1)).replace(tzinfo=UTC).astimezone(clock)
        ends_gap = shown.utcoffset() > before.utcoffset()
        on_time = shown.replace(tzinfo=None).time() in expression.times
        assert shown.fold == 0
        assert ends_gap or (on_time and expression.matches(shown.date()))
