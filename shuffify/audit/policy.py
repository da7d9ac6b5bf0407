"""How a model is audited: a declaration beside its columns, or the default that needs none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import PolicyError

if TYPE_CHECKING:
    from .change import Change

OPERATIONS = ("create", "update", "delete")

RESERVED = frozenset({
    "actor", "bulk", "cascaded", "changes", "client", "former_id", "heir", "on_behalf_of",
    "other_bind", "reason", "truncated",
})
"""Keys of a row's metadata that the trail alone fills: readers and seals go by them."""

Rule = TypeVar("Rule", bound=Callable[..., Any])


def reserved(model: str, names: Iterable[str]) -> PolicyError:
    """Return the refusal of extra metadata under these of the trail's own keys."""
    listed = ", ".join(sorted(names))
    return PolicyError(model, f"extra gives {listed}, which the trail fills itself",
                       "Use other keys: extra={'its_reason': 'reason'}")


def choosing(*types: str) -> Callable[[Rule], Rule]:
    """Say which types a rule chooses from, so that filters and checks know them all."""

    def declare(rule: Rule) -> Rule:
        rule.__audit_types__ = types  # type: ignore[attr-defined]
        return rule

    return declare


@dataclass(frozen=True)
class Audited:
    """Say how a model's changes are recorded; every argument overrides one cell of the default.

    Columns may be dotted paths over many-to-one relationships (``schedule.user_id``) in
    ``owner``, ``playlist`` and ``extra``.

    * ``entity``: the name in ``entity_type`` and in default types; the class name in snake_case.
    * ``types``: ``{"create" | "update" | "delete": type, None or function(change)}``; a function
      says with `choosing` what it may answer.
    * ``label``: the column that names the object in sentences.
    * ``owner``: the user a change belongs to when nobody is bound.
    * ``playlist``: the columns that hold the playlist's id and name.
    * ``describe``: ``function(change) -> str``, the sentence.
    * ``ignore``: columns, or many-to-many relationships, that never count as a change;
      ``secret``: recorded as changed, never shown; ``shown``: columns recorded in full that the
      default would reduce to a digest.
    * ``extra``: more metadata: columns, ``{key: column}``, ``function(change) -> dict``, or a
      tuple of these.
    * ``soft_delete``: a column that marks the object as deleted; setting it is recorded as a
      delete, clearing it as ``<entity>_restore``. None and False are "not deleted".
    """

    entity: str | None = None
    types: Mapping[str, Any] | None = None
    label: str | None = None
    owner: str | None = None
    playlist: tuple[str, str] | None = None
    describe: Callable[[Change], str] | None = None
    ignore: Iterable[str] = ()
    secret: Iterable[str] = ()
    shown: Iterable[str] = ()
    extra: Any = None
    soft_delete: str | None = None

    def __post_init__(self) -> None:
        # A declaration is shared by every flush: callers' lists and dicts are copied, frozen.
        for name in ("ignore", "secret", "shown"):
            object.__setattr__(self, name, _names(getattr(self, name)))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types or {})))
        if self.playlist is not None:
            object.__setattr__(self, "playlist", tuple(self.playlist))
        if self.extra is not None and not callable(self.extra):
            one = isinstance(self.extra, (str, Mapping))
            object.__setattr__(self, "extra", (self.extra,) if one else tuple(self.extra))


@dataclass(frozen=True)
class NotAudited:
    """Keep a model out of the trail; the reason is for the reader of the model and the auditor.

    One without a reason is refused with PolicyError where its class is mapped or watched.
    """

    reason: str


def declared(model: type) -> Audited:
    """Return what a model declares of its columns; one that is not audited declares nothing."""
    policy = getattr(model, "__audit__", None)
    return policy if isinstance(policy, Audited) else Audited()


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset((names,) if isinstance(names, str) else names)
