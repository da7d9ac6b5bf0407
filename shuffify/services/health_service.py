"""What the app needs to work, looked at without calling Spotify."""

from collections.abc import Callable
from datetime import timedelta
import logging

from cryptography.fernet import Fernet
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from shuffify import schema
from shuffify.errors import ShuffifyError
from shuffify.extensions import app_settings, db
from shuffify.models.base import utcnow
from shuffify.models.scheduler_state import SchedulerState
from shuffify.services.settings import token_keys
from shuffify.services.transaction import end_reads

logger = logging.getLogger(__name__)

HEARTBEAT_LIMIT = timedelta(minutes=1)
"""A leading scheduler that was silent for longer is not there any more."""


class HealthService:
    """Answers readiness checks."""

    @staticmethod
    def checks() -> dict[str, str]:
        """Tell for each part whether it is `ok`, `failed` or `off`; the log holds the reason."""
        return {
            "database": _outcome("database", _database),
            "migrations": _outcome("migrations", _migrations),
            "token_keys": _outcome("token_keys", _token_keys),
            "scheduler": _outcome("scheduler", _scheduler),
        }


def _outcome(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except (SQLAlchemyError, ShuffifyError, ValueError) as error:
        db.session.rollback()
        logger.warning("The check of %s failed: %s", name, error)
        return "failed"


def _database() -> str:
    db.session.scalar(select(1))
    end_reads()
    return "ok"


def _migrations() -> str:
    schema.require_newest(db.engine)
    return "ok"


def _token_keys() -> str:
    ciphers = [Fernet(key) for key in token_keys()]
    return "ok" if ciphers else "failed"


def _scheduler() -> str:
    """Judge the leader's heartbeat; `off` where no scheduler has ever led."""
    if app_settings().scheduler == "off":
        return "off"
    last = db.session.scalar(select(func.max(SchedulerState.heartbeat_at)))
    end_reads()
    if last is None:
        return "off"
    return "ok" if utcnow() - last <= HEARTBEAT_LIMIT else "failed"
