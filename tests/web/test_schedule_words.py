"""Schedules in words, as tables."""

from datetime import datetime

import pytest

from shuffify.enums import IntervalValue, JobType, RunStatus
from shuffify.models.db import Schedule
from shuffify.timing import next_run
from shuffify.web import schedule_words

TUESDAY = datetime(2026, 11, 24, 6, 30)


def schedule(**columns: object) -> Schedule:
    defaults = {
        "job_type": "shuffle", "source_playlist_ids": [], "algorithm_name": "BalancedShuffle",
        "schedule_type": "interval", "schedule_value": "daily", "is_enabled": True,
        "anchor_at": TUESDAY, "last_status": None,
    }
    return Schedule(**defaults | columns)


@pytest.mark.parametrize(
    "value, words",
    [
        ("every_6h", "Every 6 hours"),
        ("every_12h", "Every 12 hours"),
        ("daily", "Every day at 15:30"),
        ("every_3d", "Every 3 days at 15:30"),
        ("weekly", "Every Tuesday at 15:30"),
    ],
)
def test_intervals_name_the_hour_of_the_users_clock(value: str, words: str) -> None:
    assert schedule_words.when(schedule(schedule_value=value), "Asia/Tokyo") == words


def test_weeks_begin_on_the_day_that_it_is_where_the_user_is() -> None:
    late = schedule(schedule_value="weekly", anchor_at=datetime(2026, 11, 24, 18, 0))
    assert schedule_words.when(late, "Asia/Tokyo") == "Every Wednesday at 03:00"


@pytest.mark.parametrize(
    "text, words",
    [
        ("0 7 * * *", "Every day at 07:00"),
        ("5 7,19 * * *", "Every day at 07:05 and 19:05"),
        ("0 7 * * mon-fri", "Monday to Friday at 07:00"),
        ("0 7 * * sat,sun", "Every Saturday and Sunday at 07:00"),
        ("0 7 * * 0", "Every Sunday at 07:00"),
        ("0 7 * * mon,wed,fri", "Every Monday, Wednesday and Friday at 07:00"),
        ("0 7 * * 0-6", "Every day at 07:00"),
        ("0 7 1,15 * *", "Day 1 and 15 of every month at 07:00"),
        ("0 */6 * * *", "By crontab: 0 */6 * * *"),
        ("0 7 1 jan *", "By crontab: 0 7 1 jan *"),
        ("0 7 1 * mon", "By crontab: 0 7 1 * mon"),
        ("0 7 1-9 * *", "By crontab: 0 7 1-9 * *"),
    ],
)
def test_cron_is_put_into_words_where_those_are_short(text: str, words: str) -> None:
    clock = schedule(schedule_type="cron", schedule_value=text)
    assert schedule_words.when(clock, "Europe/Berlin") == words


@pytest.mark.parametrize(
    "job_type, sources, words",
    [
        ("shuffle", [], "Shuffle with Balanced"),
        ("raid", ["a"], "Raid 1 playlist"),
        ("raid_and_shuffle", ["a", "b"], "Raid 2 playlists, then shuffle with Balanced"),
    ],
)
def test_jobs_and_sources_are_named(job_type: str, sources: list[str], words: str) -> None:
    job = schedule(job_type=job_type, source_playlist_ids=sources, last_status="failed")
    told = schedule_words.words(job, "UTC", {"a": "Morning run"})
    assert told["job"] == words
    assert told["sources"] == ["Morning run", "b"][: len(sources)]
    assert (told["zone"], told["outcome"]) == ("UTC", "Failed")


def test_an_algorithm_that_is_gone_keeps_its_name() -> None:
    told = schedule_words.words(schedule(algorithm_name="OldShuffle"), "UTC", {})
    assert told["job"] == "Shuffle with OldShuffle"


@pytest.mark.parametrize(
    "columns, follows",
    [
        ({"schedule_type": "cron", "schedule_value": "0 7 * * *"}, True),
        ({"schedule_type": "cron", "schedule_value": "0 7 * * *", "is_enabled": False}, False),
        ({"schedule_value": "every_6h"}, False),
        ({"schedule_value": "every_12h"}, False),
        ({"schedule_value": "daily"}, True),
        ({"schedule_value": "every_3d"}, True),
        ({"schedule_value": "weekly"}, True),
        ({"schedule_value": "weekly", "is_enabled": False}, False),
    ],
)
def test_another_zone_moves_what_is_on_and_goes_by_the_clock(
    columns: dict[str, object], follows: bool
) -> None:
    assert schedule_words.follows_the_clock(schedule(**columns)) is follows


@pytest.mark.parametrize("value", IntervalValue)
def test_an_interval_follows_the_clock_if_summer_time_moves_it(value: str) -> None:
    july, december = datetime(2026, 7, 1, 10), datetime(2026, 12, 1)
    utc, berlin = (
        next_run("interval", value, july, zone, december) for zone in ("UTC", "Europe/Berlin")
    )
    interval = schedule(schedule_value=value, anchor_at=july)
    assert schedule_words.follows_the_clock(interval) is (utc != berlin)


def test_every_value_has_words() -> None:
    assert set(schedule_words.INTERVALS) == set(IntervalValue)
    assert set(schedule_words.JOBS) == set(JobType)
    assert set(schedule_words.OUTCOMES) == set(RunStatus)
