"""The half year for which Spotify lets a consent stand."""

from datetime import datetime, timedelta

import pytest

from shuffify.services.consent import ConsentEnd, consent_ending

GIVEN = datetime(2026, 1, 15, 12, 0)
NOTICE = datetime(2026, 6, 15, 12, 0)
END = datetime(2026, 7, 15, 12, 0)


@pytest.mark.parametrize(
    ("now", "days_left"),
    [
        (GIVEN, None),
        (NOTICE - timedelta(seconds=1), None),
        (NOTICE, 30),
        (END - timedelta(days=1), 1),
        (END - timedelta(hours=23), 0),
        (END, 0),
        (END + timedelta(days=40), 0),
    ],
)
def test_people_are_told_from_five_months_on(now: datetime, days_left: int | None) -> None:
    expected = None if days_left is None else ConsentEnd(END, days_left)
    assert consent_ending(GIVEN, now) == expected


@pytest.mark.parametrize(
    ("given", "end"),
    [
        (datetime(2026, 8, 31), datetime(2027, 2, 28)),
        (datetime(2027, 8, 31), datetime(2028, 2, 29)),
        (datetime(2026, 12, 31), datetime(2027, 6, 30)),
        (datetime(2026, 6, 1), datetime(2026, 12, 1)),
        (datetime(2026, 7, 1), datetime(2027, 1, 1)),
    ],
)
def test_months_are_those_of_the_calendar(given: datetime, end: datetime) -> None:
    ending = consent_ending(given, end)
    assert ending is not None and ending.ends_at == end


def test_an_account_that_never_consented_is_told_nothing() -> None:
    assert consent_ending(None, END) is None
