"""Logins: opened by the callback, closed by the user or by time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from sqlalchemy import ColumnElement, select, update

from shuffify.enums import ActivityType, LoginEnd, LoginType
from shuffify.extensions import db
from shuffify.models.base import utcnow
from shuffify.models.user import LoginHistory, User
from shuffify.services.activity_log_service import ActivityLogService
from shuffify.services.admission import is_admitted, require_admission
from shuffify.services.errors import LoginHistoryError, UserNotFoundError
from shuffify.services.fields import storable
from shuffify.services.transaction import end_reads, lock_user, one_commit, reading

LIFETIME = timedelta(days=14)
"""How long a login lasts after its last use."""

RENEWAL = timedelta(hours=1)
"""A login's expiry moves at most this often: not every request is worth a write."""


class LoginHistoryService:
    """Opens, checks and closes logins; the cookie's `sid` is stored as a digest only."""

    @staticmethod
    def record_login(
        user_id: int, sid: str, *, ip_address: str | None = None, user_agent: str | None = None
    ) -> LoginHistory:
        """Open a login and log `login`. Commits. Raises UserNotFoundError."""
        with one_commit(LoginHistoryError, "The login could not be saved."):
            user = db.session.get(User, user_id)
            if user is None:
                raise UserNotFoundError
            return open_login(user, sid, ip_address=ip_address, user_agent=user_agent)

    @staticmethod
    def is_open(
        user_id: int, sid: str, *, renewed: Callable[[], None] | None = None
    ) -> bool:
        """Tell whether a login stands, of an account that may be here.

        Moves its expiry to 14 days from now, once an hour at most; then it commits and calls
        `renewed`.
        """
        now = utcnow()
        with reading(LoginHistoryError, "The login could not be checked."):
            login = db.session.execute(
                select(LoginHistory.id, LoginHistory.expires_at, User.spotify_id, User.is_active)
                .join(User, User.id == LoginHistory.user_id)
                .where(*_still_open(user_id, now, sid))
            ).one_or_none()
            end_reads()
        if login is None or not is_admitted(login.spotify_id, is_active=login.is_active):
            return False
        if login.expires_at < now + LIFETIME - RENEWAL:
            _renew(login.id, now)
            if renewed is not None:
                renewed()
        return True

    @staticmethod
    def shut_out(user_id: int, sid: str) -> None:
        """Close the logins of an account that may not be here any more. Commits.

        Raises UserNotAllowedError then, and does nothing when the login was closed anyway.
        """
        with one_commit(LoginHistoryError, "The login could not be closed."):
            user = db.session.scalar(
                select(User)
                .join(LoginHistory, LoginHistory.user_id == User.id)
                .where(*_still_open(user_id, utcnow(), sid))
            )
            if user is None:
                return
            spotify_id, is_active = user.spotify_id, user.is_active
            if not is_admitted(spotify_id, is_active=is_active):
                # Nobody acted: their time here is over.
                _close(user_id, LoginEnd.EXPIRED)
        require_admission(spotify_id, is_active=is_active)

    @staticmethod
    def record_logout(user_id: int, sid: str) -> bool:
        """Close a login and log `logout`; False where none was open. Commits."""
        with one_commit(LoginHistoryError, "The login could not be closed."):
            closed = _close(user_id, LoginEnd.LOGOUT, sid=sid)
            if closed:
                _log_logout(user_id, "Logged out", closed, everywhere=False)
        return closed > 0

    @staticmethod
    def sign_out_everywhere(user_id: int) -> int:
        """Close all open logins of the user, log one `logout`, count them. Commits."""
        with one_commit(LoginHistoryError, "The logins could not be closed."):
            closed = _close(user_id, LoginEnd.EVERYWHERE)
            if closed:
                _log_logout(user_id, "Logged out everywhere", closed, everywhere=True)
        return closed

    @staticmethod
    def list_open(user_id: int) -> list[LoginHistory]:
        """Return the user's open logins, newest first."""
        with reading(LoginHistoryError, "The logins could not be read."):
            return list(
                db.session.scalars(
                    select(LoginHistory)
                    .where(*_still_open(user_id, utcnow()))
                    .order_by(LoginHistory.logged_in_at.desc(), LoginHistory.id.desc())
                )
            )

    @staticmethod
    def is_of(login: LoginHistory, sid: str) -> bool:
        """Tell whether a login is the one of this cookie."""
        return compare_digest(login.session_id, _digest(sid))

    @staticmethod
    def close_expired(now: datetime | None = None) -> int:
        """Close the logins whose time is over and count them; nobody acts. Commits."""
        moment = now or utcnow()
        with one_commit(LoginHistoryError, "Expired logins could not be closed."):
            expired = db.session.scalars(
                select(LoginHistory).where(
                    LoginHistory.logged_out_at.is_(None), LoginHistory.expires_at <= moment
                )
            ).all()
            for login in expired:
                login.logged_out_at = moment
                login.ended_by = LoginEnd.EXPIRED
        return len(expired)


def open_login(
    user: User, sid: str, *, ip_address: str | None, user_agent: str | None
) -> LoginHistory:
    """Open a login of an account that has its id, and log `login`; does not commit."""
    lock_user(user.id)
    first = _is_first(user.id)
    now = utcnow()
    login = LoginHistory(
        user_id=user.id,
        session_id=_digest(sid),
        logged_in_at=now,
        expires_at=now + LIFETIME,
        ip_address=storable(ip_address, 45) if ip_address else None,
        user_agent=storable(user_agent, 512) if user_agent else None,
        login_type=LoginType.OAUTH_INITIAL if first else LoginType.OAUTH_REFRESH,
    )
    db.session.add(login)
    ActivityLogService.log(
        user.id,
        ActivityType.LOGIN,
        "Logged in via Spotify OAuth",
        metadata={"first_login": first},
    )
    return login


def close_replaced(sid: str) -> None:
    """Close the login that a browser gives up for a new one; does not commit.

    The trail has the new login's row and no other: nobody logged out.
    """
    login = db.session.scalar(
        select(LoginHistory)
        .where(LoginHistory.session_id == _digest(sid), LoginHistory.logged_out_at.is_(None))
        .with_for_update()
    )
    if login is not None:
        login.logged_out_at, login.ended_by = utcnow(), LoginEnd.EXPIRED


def _is_first(user_id: int) -> bool:
    # Not told by login_count: upsert_from_spotify counts there without opening a login.
    earlier = select(LoginHistory.id).where(LoginHistory.user_id == user_id).limit(1)
    return db.session.scalar(earlier) is None


def _still_open(
    user_id: int, now: datetime, sid: str | None = None
) -> list[ColumnElement[bool]]:
    conditions = [
        LoginHistory.user_id == user_id,
        LoginHistory.logged_out_at.is_(None),
        LoginHistory.expires_at > now,
    ]
    return conditions if sid is None else [*conditions, LoginHistory.session_id == _digest(sid)]


def _digest(sid: str) -> str:
    return sha256(sid.encode()).hexdigest()


def _renew(login_id: int, now: datetime) -> None:
    # A losing race is harmless: whoever wins moves the same expiry.
    with one_commit(LoginHistoryError, "The login could not be renewed."):
        db.session.execute(
            update(LoginHistory)
            .where(LoginHistory.id == login_id, LoginHistory.logged_out_at.is_(None))
            .values(expires_at=now + LIFETIME)
        )


def _close(user_id: int, ended_by: LoginEnd, sid: str | None = None) -> int:
    now = utcnow()
    still_open = select(LoginHistory).where(*_still_open(user_id, now, sid))
    logins = db.session.scalars(still_open.with_for_update()).all()
    for login in logins:
        login.logged_out_at = now
        login.ended_by = ended_by
    return len(logins)


def _log_logout(user_id: int, description: str, closed: int, *, everywhere: bool) -> None:
    ActivityLogService.log(
        user_id,
        ActivityType.LOGOUT,
        description,
        metadata={"everywhere": everywhere, "logins_closed": closed},
    )
