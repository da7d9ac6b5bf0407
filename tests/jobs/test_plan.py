"""What is due and which triggers change, as pure functions."""

from datetime import datetime, timedelta

import pytest

from shuffify.jobs.plan import changed, dropped, newest_due

START = datetime(2026, 1, 5, 8, 0)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (START, START),
        (START + timedelta(hours=23, minutes=59), START),
        (START + timedelta(days=1), START + timedelta(days=1)),
        (START + timedelta(days=3, hours=5), START + timedelta(days=3)),
        (START + timedelta(days=400, minutes=1), START + timedelta(days=400)),
    ],
)
def test_missed_due_times_collapse_into_the_newest(now: datetime, expected: datetime) -> None:
    due_at = newest_due("interval", "daily", START, "UTC", due_at=START, now=now)
    assert due_at == expected


def test_a_whole_batch_of_missed_times_is_no_end() -> None:
    now = START + timedelta(hours=100)
    assert newest_due("cron", "0 * * * *", START, "UTC", due_at=START, now=now) == now


def test_cron_that_never_comes_again_is_due_for_the_last_time() -> None:
    leap = datetime(2096, 2, 29)
    due_at = newest_due("cron", "0 0 29 2 *", START, "UTC", due_at=leap, now=leap)
    assert due_at == leap


def test_triggers_change_only_where_the_table_did() -> None:
    later = START + timedelta(days=1)
    wanted = {1: START, 2: later, 3: START}
    planned = {1: START, 2: START, 4: START}
    assert changed(wanted, planned) == {2: later, 3: START}
    assert dropped(wanted, planned) == {4}
