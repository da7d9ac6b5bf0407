"""Crontab's five fields: parsing, matching days and times, and the form that is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
import re

from shuffify.errors import TimingError

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)
HORIZON = timedelta(days=366 * 41)
"""Longer than any wait: 29 February on one weekday can be forty years away."""

_DAY = timedelta(days=1)
_TERM = re.compile(r"(\*|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]+))?")


@dataclass(frozen=True)
class Field:
    """What one of the five fields may hold."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def parse(self, text: str) -> frozenset[int]:
        """Return the numbers that a field's text stands for."""
        return frozenset().union(*(self._term(term) for term in text.split(",")))

    def _term(self, term: str) -> range:
        match = _TERM.fullmatch(term)
        if match is None or (match[1] == "*" and match[2]):
            raise self.error(term, "is not understood")
        first, last, step = match.groups()
        if step is not None and int(step) == 0:
            raise self.error(term, "steps by 0")
        low = self.low if first == "*" else self._number(first)
        if last is not None:
            high = self._number(last)
            # Sunday ends the week as well as it begins one: fri-sun is three days.
            high = 7 if last == "sun" and low > 0 else high
        else:
            high = self.high if first == "*" or step is not None else low
        if high < low:
            raise self.error(term, "runs backwards")
        return range(low, high + 1, int(step or 1))

    def _number(self, text: str) -> int:
        if text in self.names:
            return self.low + self.names.index(text)
        if not text.isdigit() or len(text) > 2 or not self.low <= int(text) <= self.high:
            raise self.error(text, f"is not between {self.low} and {self.high}")
        return int(text)

    def error(self, text: str, problem: str) -> TimingError:
        """Return the error for a part of this field."""
        return TimingError(f"The {self.name} field of the cron expression: '{text}' {problem}.")


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("weekday", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """A parsed expression; days and times are those of a wall clock."""

    text: str
    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both_days: bool

    def matches(self, day: date) -> bool:
        """Return whether there is a run on a day."""
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month and of_week) if self.both_days else (of_month or of_week)

    def walls(self, start: date) -> Iterator[datetime]:
        """Yield the wall times of all runs from a day on, in order, up to the horizon."""
        day, end = start, start + HORIZON
        while day < end:
            if self.matches(day):
                yield from (datetime.combine(day, moment) for moment in self.times)
            day += _DAY

    def closest(self) -> timedelta:
        """Return the shortest time between two runs of one day on the wall clock.

        Midnight needs no look: runs of one minute are hours apart, of several too close anyway.
        """
        walls = [datetime.combine(date.min, moment) for moment in self.times]
        return min((later - earlier for earlier, later in pairwise(walls)), default=_DAY)


@lru_cache(maxsize=1024)
def parse(text: str) -> Cron:
    """Parse an expression; raises TimingError with the field and the part that is wrong."""
    parts = text.lower().split()
    if len(parts) != 5:
        raise TimingError(
            f"A cron expression has five fields, this one has {len(parts)}: "
            "minute, hour, day of month, month, weekday."
        )
    minutes, hours, days, months, weekdays = (
        field.parse(part) for field, part in zip(FIELDS, parts, strict=True)
    )
    week = frozenset(number % 7 for number in weekdays)
    if not parts[4].startswith("*"):
        parts[4] = _weekday_names(week)
    return Cron(
        text=" ".join(parts),
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=week,
        # Crontab's rule: two restricted fields are alternatives, a star restricts nothing.
        both_days=parts[2].startswith("*") or parts[4].startswith("*"),
    )


def _weekday_names(week: frozenset[int]) -> str:
    """Return weekdays by name from Monday on, neighbours joined to ranges."""
    runs: list[list[int]] = []
    for number in (number or 7 for number in sorted(week, key=lambda day: day or 7)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(_run_names([WEEKDAYS[number % 7] for number in run]) for run in runs)


def _run_names(names: list[str]) -> str:
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ",".join(names)
