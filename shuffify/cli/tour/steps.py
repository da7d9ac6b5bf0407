"""The tour's table: every path that exists, and beside it what must leave no row."""

from shuffify.cli.tour.account_steps import LOGINS, LOGOUTS, SETTINGS
from shuffify.cli.tour.schedule_steps import SCHEDULES
from shuffify.cli.tour.shuffle_steps import SHUFFLES
from shuffify.cli.tour.snapshot_steps import SNAPSHOTS
from shuffify.cli.tour.source_steps import SOURCES_ADDED, SOURCES_DELETED
from shuffify.cli.tour.workshop_steps import COMMITS, WORKSHOP_SESSIONS

STEPS = (
    *LOGINS,
    *SHUFFLES,
    *WORKSHOP_SESSIONS,
    *COMMITS,
    *SOURCES_ADDED,
    *SCHEDULES,
    *SOURCES_DELETED,
    *SNAPSHOTS,
    *SETTINGS,
    *LOGOUTS,
)
