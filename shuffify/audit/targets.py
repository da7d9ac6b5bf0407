"""What can be watched: session factories of all kinds, each by the class of its sessions."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session, scoped_session, sessionmaker

from .errors import WatchError


def session_class_of(target: Any) -> type[Session]:
    """Return the class whose events tell of a target's sessions; raises WatchError for others."""
    if isinstance(target, scoped_session) or _is_async(target, "async_scoped_session"):
        target = target.session_factory
    if _is_async(target, "async_sessionmaker"):
        return _sync_class_of(target)
    if isinstance(target, sessionmaker):
        target = target.class_
    if isinstance(target, type) and hasattr(target, "sync_session_class"):
        target = target.sync_session_class
    if isinstance(target, type) and issubclass(target, Session):
        return target
    raise WatchError(
        f"watch({target!r}): give a scoped_session, a sessionmaker or a Session class."
    )


def _is_async(target: Any, name: str) -> bool:
    # By name: importing SQLAlchemy's asyncio needs greenlet, which an application may not have.
    return any(kind.__name__ == name for kind in type(target).__mro__)


def _sync_class_of(factory: Any) -> type[Session]:
    """Return the class of an async_sessionmaker's inner sessions, which is made its own.

    A sessionmaker has one by itself; this one's would be `Session`, and with it everybody's.
    """
    chosen = factory.kw.get("sync_session_class") or factory.class_.sync_session_class
    if chosen is Session:
        chosen = type("AsyncInnerSession", (Session,), {})
        factory.configure(sync_session_class=chosen)
    return chosen  # type: ignore[no-any-return]
