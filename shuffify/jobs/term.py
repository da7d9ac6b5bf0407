"""One leadership, from taking the lock to losing it: its triggers and its workers."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
import logging
from threading import Event

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from shuffify.jobs import plan, runner
from shuffify.jobs.leadership import Leadership
from shuffify.jobs.runner import App

logger = logging.getLogger(__name__)

WORKERS = 4
"""Runs at a time."""

UPKEEP: tuple[tuple[Callable[[App], None], int], ...] = (
    (runner.fail_stale, 60),
    (runner.recover_writes, 60),
    (runner.seal_trail, 60),
    (runner.close_logins, 3600),
)
"""What is done beside the runs, and every how many seconds."""


class Term:
    """Fires each schedule when it is due, for as long as this process leads."""

    def __init__(self, app: App, leadership: Leadership) -> None:
        self._app = app
        self._leadership = leadership
        self._over = Event()
        # Also what waits for a worker, and what runs.
        self._planned: dict[int, datetime] = {}
        self._triggers = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(WORKERS),
                "upkeep": ThreadPoolExecutor(1),
            },
            # How late a run may be is decided by the run itself, from the table.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    @property
    def planned(self) -> dict[int, datetime]:
        """Each schedule that was handed over and is not done with, and its due time."""
        return dict(self._planned)

    def begin(self) -> None:
        """Start the workers; what dead processes left running is closed before."""
        runner.fail_stale(self._app)
        for upkeep, seconds in UPKEEP:
            self._triggers.add_job(
                upkeep,
                "interval",
                seconds=seconds,
                args=[self._app],
                executor="upkeep",
                next_run_time=datetime.now(UTC),
            )
        self._triggers.start()

    def plan(self, wanted: Mapping[int, datetime]) -> None:
        """Set one trigger per schedule, at its due time; none for the others."""
        handed_over = self.planned
        for schedule_id in plan.dropped(wanted, handed_over):
            self._planned.pop(schedule_id, None)
            with suppress(JobLookupError):
                self._triggers.remove_job(_key(schedule_id))
        for schedule_id, due_at in plan.changed(wanted, handed_over).items():
            self._planned[schedule_id] = due_at
            logger.info("Schedule %s is planned for %s.", schedule_id, due_at)
            self._triggers.add_job(
                self._fire,
                "date",
                run_date=due_at.replace(tzinfo=UTC),
                args=[schedule_id, due_at],
                id=_key(schedule_id),
                replace_existing=True,
                # One run a schedule is the claim's doing, which also leaves a row about it.
                max_instances=WORKERS,
            )

    def end(self, *, wait: bool) -> None:
        """Fire nothing any more; runs under way go on, and are waited for if so wished."""
        self._over.set()
        self._triggers.shutdown(wait=wait)

    def _fire(self, schedule_id: int, due_at: datetime) -> None:
        try:
            if not self._over.is_set() and self._leadership.holds():
                runner.run_due(self._app, schedule_id)
        finally:
            # A run that could not even be claimed is planned again at the next reading.
            if self._planned.get(schedule_id) == due_at:
                self._planned.pop(schedule_id, None)


def _key(schedule_id: int) -> str:
    return f"schedule:{schedule_id}"
