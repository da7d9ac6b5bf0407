"""Who acts, through what, and why: one context variable, bound at the edges.

A plain thread, a pool's thread and a scheduler's job start empty, so nothing is inherited by
accident; `contextvars.copy_context().run` carries the binding where that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["user", "system", "job", "cli", "anonymous", "unknown"]

KINDS: Final = frozenset(get_args(Kind))


class _Unset:
    """Tells an argument that was left out from one that was given as None."""

    def __repr__(self) -> str:
        return "<outer value>"


_UNSET: Final[Any] = _Unset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Labels name no person: ``user:7``, ``cli:ops``, ``job:schedule:3``."""

    kind: Kind = "unknown"
    user_id: Any = None
    label: str = "unknown"


@dataclass(frozen=True, slots=True)
class AuditContext:
    """What `bind` put in force; frozen into every change at the moment of its flush."""

    actor: Actor = Actor()
    source: str | None = None
    request_id: str | None = None
    reason: str | None = None
    on_behalf_of: Any = None
    remote_addr: str | None = None
    user_agent: str | None = None

    @property
    def user_id(self) -> Any:
        """Return the acting user's key, or None."""
        return self.actor.user_id


_NOTHING_BOUND: Final = AuditContext()
_context: ContextVar[AuditContext] = ContextVar("shuffify_audit_context", default=_NOTHING_BOUND)


def current() -> AuditContext:
    """Return the context in force; outside any `bind` its actor is unknown. Never raises."""
    return _context.get()


@contextmanager
def bind(
    *,
    user_id: Any = _UNSET,
    kind: Kind = _UNSET,
    label: str = _UNSET,
    source: str | None = _UNSET,
    request_id: str | None = _UNSET,
    reason: str | None = _UNSET,
    on_behalf_of: Any = _UNSET,
    remote_addr: str | None = _UNSET,
    user_agent: str | None = _UNSET,
) -> Iterator[AuditContext]:
    """Put a context in force for a block; what is left out keeps its outer value.

    A block that names a ``user_id`` or a ``kind`` acts as somebody else, so the outer actor's
    other parts do not show through. Flush before the block ends if its changes are to carry it:
    an actor is frozen when a change is flushed, not when an attribute is set.
    Raises ValueError for a kind that does not exist.
    """
    outer = _context.get()
    given = {
        name: value
        for name, value in (
            ("source", source),
            ("request_id", request_id),
            ("reason", reason),
            ("on_behalf_of", on_behalf_of),
            ("remote_addr", remote_addr),
            ("user_agent", user_agent),
        )
        if value is not _UNSET
    }
    inner = replace(outer, actor=_actor(outer.actor, user_id, kind, label), **given)
    token = _context.set(inner)
    try:
        yield inner
    finally:
        _context.reset(token)


def _actor(outer: Actor, user_id: Any, kind: Any, label: Any) -> Actor:
    if user_id is _UNSET and kind is _UNSET:
        return outer if label is _UNSET else replace(outer, label=label)
    who = None if user_id is _UNSET else user_id
    if kind is _UNSET:
        kind = "unknown" if who is None else "user"
    if kind not in KINDS:
        raise ValueError(f"bind(kind={kind!r}): use one of {', '.join(sorted(KINDS))}.")
    if label is _UNSET:
        label = kind if who is None else f"user:{who}"
    return Actor(kind=kind, user_id=who, label=label)
