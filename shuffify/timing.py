"""When schedules run: pure functions of a schedule's timing, a zone and a moment.

All moments are naive UTC. A wall time that a change of the clocks repeats counts once, the
first time; one that it skips counts at the first moment after the gap. A run that a gap brings
within an hour of the run before it is left out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count as numbers
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

from shuffify import cron
from shuffify.enums import IntervalValue, ScheduleType
from shuffify.errors import TimingError

# Zones come from the package `tzdata` alone, for the whole process: it is pinned and the same
# everywhere, while the system's own, which Python prefers, may be years behind or missing.
reset_tzpath(())
ZoneInfo.clear_cache()

SHORTEST = timedelta(minutes=60)
"""Two runs of a schedule lie at least this far apart."""

MAX_VALUE_LENGTH = 100
"""What fits the column that keeps a schedule's value."""

_NO_PLACES = {"localtime", "Factory"}
"""Files beside the zones: what they say depends on the machine that is asked."""

_ELAPSED = {
    IntervalValue.EVERY_6H: timedelta(hours=6),
    IntervalValue.EVERY_12H: timedelta(hours=12),
}
_WALL_DAYS = {IntervalValue.DAILY: 1, IntervalValue.EVERY_3D: 3, IntervalValue.WEEKLY: 7}


def next_run(
    schedule_type: str, schedule_value: str, anchor_at: datetime, zone: str, after: datetime
) -> datetime | None:
    """Return the first run later than `after`, or None if there is none for years.

    Intervals count from `anchor_at`, one interval after which the first run is due. Raises
    TimingError for a timing or a zone that is not known.
    """
    runs = next_runs(schedule_type, schedule_value, anchor_at, zone, after, count=1)
    return runs[0] if runs else None


def next_runs(
    schedule_type: str,
    schedule_value: str,
    anchor_at: datetime,
    zone: str,
    after: datetime,
    count: int = 5,
) -> list[datetime]:
    """Return the first `count` runs later than `after`, in order."""
    clock = _clock(zone)
    if schedule_type == ScheduleType.CRON:
        start = _wall(after, clock).date() - timedelta(days=2)
        moments = _apart(_utc(wall, clock) for wall in cron.parse(schedule_value).walls(start))
    else:
        moments = _interval_runs(_interval(schedule_type, schedule_value), anchor_at, clock, after)
    return list(islice((moment for moment in moments if moment > after), count))


def check_timing(schedule_type: str, schedule_value: str) -> str:
    """Return a schedule's value as it is stored, cron with weekdays by name.

    Raises TimingError, with a message for the user, for what cannot be run.
    """
    if schedule_type != ScheduleType.CRON:
        return _interval(schedule_type, schedule_value).value
    expression = cron.parse(schedule_value)
    if next(expression.walls(datetime(2026, 1, 1).date()), None) is None:
        raise TimingError("This cron expression never comes due: no month has that day.")
    closest = expression.closest()
    if closest < SHORTEST:
        minutes = closest // timedelta(minutes=1)
        raise TimingError(f"Runs must lie 60 minutes or more apart, these lie {minutes} apart.")
    if len(expression.text) > MAX_VALUE_LENGTH:
        raise TimingError(f"A cron expression has at most {MAX_VALUE_LENGTH} characters.")
    return expression.text


def is_known_zone(name: str) -> bool:
    """Return whether a name is one of the IANA time zones."""
    return name in zone_names()


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all IANA time zones."""
    return frozenset(available_timezones() - _NO_PLACES)


def _clock(zone: str) -> ZoneInfo:
    if not is_known_zone(zone):
        raise TimingError(f"'{zone}' is not a known time zone.")
    return ZoneInfo(zone)


def _interval(schedule_type: str, schedule_value: str) -> IntervalValue:
    if schedule_type != ScheduleType.INTERVAL:
        raise TimingError(f"'{schedule_type}' is no type of schedule; use interval or cron.")
    try:
        return IntervalValue(schedule_value)
    except ValueError:
        known = ", ".join(IntervalValue)
        raise TimingError(f"'{schedule_value}' is no interval; use one of {known}.") from None


def _interval_runs(
    interval: IntervalValue, anchor_at: datetime, clock: ZoneInfo, after: datetime
) -> Iterator[datetime]:
    if interval in _ELAPSED:
        step = _ELAPSED[interval]
        first = max(1, (after - anchor_at) // step)
        return (anchor_at + step * number for number in numbers(first))
    days = _WALL_DAYS[interval]
    wall = _wall(anchor_at, clock)
    # One too early rather than one too late: a change of the clocks may lie between.
    first = max(1, (_wall(after, clock) - wall).days // days - 1)
    return (_utc(wall + timedelta(days=days * number), clock) for number in numbers(first))


def _apart(moments: Iterator[datetime]) -> Iterator[datetime]:
    # An hour apart on the wall may be less when clocks go forward, or the same moment.
    last = datetime.min
    for moment in moments:
        if moment - last >= SHORTEST:
            yield moment
            last = moment


def _wall(moment: datetime, clock: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(clock).replace(tzinfo=None)


def _utc(wall: datetime, clock: ZoneInfo) -> datetime:
    """Return the first moment at which the clock shows a wall time, or has passed it."""
    # fold 0: the first of two moments; in a gap, the offset of before the change.
    early = wall.replace(tzinfo=clock, fold=0)
    moment = early.astimezone(UTC).replace(tzinfo=None)
    if _wall(moment, clock) == wall:
        return moment
    late = wall.replace(tzinfo=clock, fold=1).astimezone(UTC).replace(tzinfo=None)
    return _change_between(late, moment, clock)


def _change_between(before: datetime, after: datetime, clock: ZoneInfo) -> datetime:
    """Return the second in which the clock's offset changes between two moments."""
    offset = _wall(before, clock) - before
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _wall(middle, clock) - middle == offset:
            before = middle
        else:
            after = middle
    return after
