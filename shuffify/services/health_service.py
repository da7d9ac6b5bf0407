"""What the app needs to work: in a word for machines, in sentences for its operator."""

from collections.abc import Callable
import logging

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shuffify import schema
from shuffify.errors import ShuffifyError
from shuffify.extensions import app_settings, db
from shuffify.services.diagnosis import Finding, diagnose
from shuffify.services.heartbeat import is_alive, last_heartbeat
from shuffify.services.settings import token_keys
from shuffify.services.transaction import end_reads

logger = logging.getLogger(__name__)


class HealthService:
    """Answers readiness checks, and tells an operator what is wrong."""

    @staticmethod
    def checks() -> dict[str, str]:
        """Tell for each part whether it is `ok`, `failed` or `off`; the log holds the reason.

        Spotify is not called.
        """
        return {
            "database": _outcome("database", _database),
            "migrations": _outcome("migrations", _migrations),
            "token_keys": _outcome("token_keys", _token_keys),
            "scheduler": HealthService.scheduler(),
        }

    @staticmethod
    def diagnose() -> list[Finding]:
        """Look at everything, Spotify included, and name a remedy for what is not right."""
        return diagnose()

    @staticmethod
    def scheduler() -> str:
        """Tell whether schedules run by themselves here: `ok`, `failed` or `off`."""
        return _outcome("scheduler", _scheduler)


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
    last = last_heartbeat()
    if last is None:
        return "off"
    return "ok" if is_alive(last) else "failed"
