"""What a report on the trail tells: over time, by kind, by playlist, schedules, failures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, case, func, select, type_coerce

from shuffify.audit import tolerant
from shuffify.enums import ActivityType
from shuffify.extensions import db
from shuffify.models.db import ActivityLog, ActivitySeal
from shuffify.services.activity_query import READABLE, UNREADABLE, ActivityFilter, told
from shuffify.services.activity_stats import ActivityStats, count_activity

MOST_ENTRIES: Final = 15
"""Playlists, schedules and accounts that a report names; the others are counted together."""

MOST_FAILURES: Final = 50

FAILED: Final = ("failed", "interrupted")

MOST_STEPS: Final = 120
"""As many columns as a chart shows well; beyond, they stand for weeks, then for months."""

Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class ScheduleRuns:
    """The runs of one schedule, by outcome."""

    schedule_id: int
    playlist: str
    outcomes: Counter[str]


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the whole trail is sealed, whatever the report's filter."""

    seals: int
    newest: datetime | None
    waiting: int
    """Rows without a seal."""


@dataclass(frozen=True, slots=True)
class ActivityReport:
    """Everything that a report shows of the rows that fit its filter."""

    stats: ActivityStats
    step: Step
    over_time: list[tuple[str, int]]
    """Each step's first day (ISO 8601, UTC) and its rows; steps without rows have 0."""
    playlists: list[tuple[str, int]]
    sources: list[tuple[str, int]]
    users: list[tuple[str, int]]
    schedules: list[ScheduleRuns]
    failures: list[dict[str, Any]]
    """The newest failed or interrupted rows, as `ActivityLog.to_dict` gives them."""
    failure_count: int
    sealed: SealState


def read_report(wanted: ActivityFilter) -> ActivityReport:
    """Read a report on the rows that fit; database errors pass through. A few passes over them."""
    conditions = wanted.conditions()
    stats = count_activity(wanted)
    step, over_time = in_steps({day: counts.total() for day, counts in stats.days.items()})
    failures, failure_count = _failures(conditions)
    return ActivityReport(
        stats=stats,
        step=step,
        over_time=over_time,
        playlists=_playlists(conditions),
        sources=_counted(ActivityLog.source, conditions),
        users=_counted(ActivityLog.user_id, conditions),
        schedules=_schedules(conditions),
        failures=failures,
        failure_count=failure_count,
        sealed=_seal_state(),
    )


def in_steps(days: dict[str, int]) -> tuple[Step, list[tuple[str, int]]]:
    """Return counts by day as an unbroken series of days, weeks (from Monday) or months."""
    counts = {date.fromisoformat(day): count for day, count in days.items() if day != UNREADABLE}
    if not counts:
        return "day", []
    first, last = min(counts), max(counts)
    span = (last - first).days + 1
    step: Step = "day" if span <= MOST_STEPS else "week" if span <= 7 * MOST_STEPS else "month"
    series = dict.fromkeys(_begins(_begin(first, step), last, step), 0)
    for day, count in counts.items():
        series[_begin(day, step)] += count
    return step, [(begin.isoformat(), count) for begin, count in series.items()]


def _begin(day: date, step: Step) -> date:
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def _begins(first: date, last: date, step: Step) -> Iterable[date]:
    while first <= last:
        yield first
        length = {"day": 1, "week": 7, "month": 31}[step]
        first = _begin(first + timedelta(days=length), step)


def _counted(column: Any, conditions: Sequence[ColumnElement[bool]]) -> list[tuple[str, int]]:
    count = func.count()
    statement = select(column, count).where(*conditions).group_by(column)
    rows = db.session.execute(statement.order_by(count.desc(), column)).all()
    return with_the_rest([("none" if key is None else str(key), number) for key, number in rows])


def with_the_rest(counts: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the largest counts, and all others as one."""
    rest = counts[MOST_ENTRIES:]
    if not rest:
        return counts
    return [*counts[:MOST_ENTRIES], (f"{len(rest):,} others", sum(n for _, n in rest))]


def _playlists(conditions: Sequence[ColumnElement[bool]]) -> list[tuple[str, int]]:
    """Return the rows by playlist, each under the name that it had last."""
    row = ActivityLog
    statement = (
        select(row.playlist_id, row.playlist_name, func.count(),
               tolerant(func.max(row.created_at), "newest"))
        .where(*conditions, row.playlist_id.is_not(None))
        .group_by(row.playlist_id, row.playlist_name)
    )
    counts: Counter[str] = Counter()
    newest: dict[str, tuple[Any, str]] = {}
    for id_, name, count, at in db.session.execute(statement):
        assert id_ is not None
        at = at if isinstance(at, datetime) else datetime.min
        counts[id_] += count
        newest[id_] = max(newest.get(id_, (at, "")), (at, name or id_))
    return with_the_rest([(newest[id_][1], count) for id_, count in counts.most_common()])


def _schedules(conditions: Sequence[ColumnElement[bool]]) -> list[ScheduleRuns]:
    schedule_id, outcome = _metadata("schedule_id"), _metadata("outcome")
    statement = (
        select(schedule_id, outcome, func.count(), func.max(ActivityLog.playlist_name))
        .where(*conditions, ActivityLog.activity_type == ActivityType.SCHEDULE_RUN,
               schedule_id.is_not(None))
        .group_by(schedule_id, outcome)
    )
    found: dict[int, ScheduleRuns] = {}
    for key, how, count, name in db.session.execute(statement):
        if not str(key).isdecimal():
            continue  # Somebody put it there by hand.
        id_ = int(key)
        runs = found.setdefault(id_, ScheduleRuns(id_, name or "", Counter()))
        runs.outcomes[str(how or "unknown")] += count
    busiest = sorted(found.values(), key=lambda runs: (-runs.outcomes.total(), runs.schedule_id))
    return busiest[:MOST_ENTRIES]


def _metadata(name: str) -> ColumnElement[Any]:
    """Return a value of the metadata as text; null where somebody left no JSON."""
    column: Any = ActivityLog.metadata_json
    if db.engine.dialect.name == "sqlite":
        column = type_coerce(case((func.json_valid(column) == 1, column)), column.type)
    found: ColumnElement[Any] = column[name].as_string()
    return found


def _seal_state() -> SealState:
    seal = ActivitySeal
    statement = select(func.count(),
                       tolerant(func.max(seal.sealed_at), "newest"), func.max(seal.last_id))
    seals, newest, last_id = db.session.execute(statement).one()
    rest = select(func.count()).select_from(ActivityLog).where(ActivityLog.id > (last_id or 0))
    newest = newest if isinstance(newest, datetime) else None
    return SealState(seals, newest, db.session.scalar(rest) or 0)


def _failures(conditions: Sequence[ColumnElement[bool]]) -> tuple[list[dict[str, Any]], int]:
    row = ActivityLog
    with_outcome = (ActivityType.SCHEDULE_RUN, ActivityType.SHUFFLE, ActivityType.WORKSHOP_COMMIT)
    failed = [
        *conditions,
        # By type first: an index has it, and few rows of other types would have to be looked into.
        row.activity_type.in_(with_outcome),
        _metadata("outcome").in_(FAILED),
    ]
    count = db.session.scalar(select(func.count()).select_from(row).where(*failed)) or 0
    newest = (
        select(*READABLE).where(*failed)
        .order_by(row.created_at.desc(), row.id.desc()).limit(MOST_FAILURES)
    )
    return [told(found) for found in db.session.execute(newest)], count
