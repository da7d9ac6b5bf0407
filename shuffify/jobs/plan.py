"""What is due, and which triggers have to change: pure functions."""

from collections.abc import Mapping
from datetime import datetime

from shuffify.timing import next_runs

_BATCH = 100


def newest_due(
    schedule_type: str,
    schedule_value: str,
    anchor_at: datetime,
    zone: str,
    *,
    due_at: datetime,
    now: datetime,
) -> datetime:
    """Return the last due time up to now, the first being `due_at`."""
    while True:
        later = next_runs(schedule_type, schedule_value, anchor_at, zone, due_at, _BATCH)
        missed = [moment for moment in later if moment <= now]
        if missed:
            due_at = missed[-1]
        if len(missed) < _BATCH:
            return due_at


def changed(
    wanted: Mapping[int, datetime], planned: Mapping[int, datetime]
) -> dict[int, datetime]:
    """Return the schedules whose trigger has to be set, and when it fires."""
    return {key: due for key, due in wanted.items() if planned.get(key) != due}


def dropped(wanted: Mapping[int, datetime], planned: Mapping[int, datetime]) -> set[int]:
    """Return the schedules whose trigger has to go."""
    return {*planned} - {*wanted}
