"""One change of one object: what policies read, the ledger nets and the renderer describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from .canonical import NamedDigest, Secret, Unknown
from .context import AuditContext
from .keys import Untold, entity_id_of
from .links import NO_LINKS, Links, net_links, told

if TYPE_CHECKING:
    from .plan import Plan

Operation: TypeAlias = Literal["create", "update", "delete"]
Action: TypeAlias = Literal["create", "update", "delete", "restore"]
Values: TypeAlias = dict[str, Any]

FORMER_ID: Final = "former_id"
"""The key of a row's metadata that joins it to those from before its object's key changed."""

HEIR: Final = "heir"
"""Beside it: the event, earlier in the log, by which another object took the former key."""

_NO_VALUES: Final[Mapping[str, Any]] = {}


class Change:
    """What one object's row went through; made once per flush, never altered afterwards.

    Values are canonical (`canonical.py`), columns go by their attribute names, and a dotted path
    named by the policy reads like a column. Secrets show as ``[secret]``.

    * ``operation``: create, update or delete; ``key``: the primary key's values.
    * ``values``: the columns after the change (for a delete, before it); an update may know only
      what its policy reads. ``old``, ``new``: for an update, the counted columns that changed.
    * ``former_key``: for an update that changed the primary key, the key before.
    * ``cascaded``: the rows that the database's ON DELETE took along, by entity: for a delete, or
      for an update that was a delete and a re-creation.
    * ``links``: what its many-to-many collections lost and gained, by relationship.
    * ``summary``: for many rows that one statement changed and that are told together, their
      ``count``, the statement's ``criteria`` and the ``sha256`` of their keys.
    * ``context``, ``at``: the binding and the time (naive UTC) at which it was flushed.
    """

    # Not a dataclass: one is made for every row of every flush, and a plain __init__ is twice
    # as fast as a frozen one.
    __slots__ = ("plan", "key", "operation", "values", "context", "at", "old", "new",
                 "former_key", "cascaded", "links", "summary")

    def __init__(
        self,
        plan: Plan,
        key: tuple[Any, ...],
        operation: Operation,
        values: Values,
        context: AuditContext,
        at: datetime,
        old: Mapping[str, Any] = _NO_VALUES,
        new: Mapping[str, Any] = _NO_VALUES,
        former_key: tuple[Any, ...] | None = None,
        cascaded: Mapping[str, int] | None = None,
        links: Links = NO_LINKS,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        if plan.key_form is not None:
            key = plan.key_form(key)
            former_key = None if former_key is None else plan.key_form(former_key)
            former_key = None if former_key == key else former_key
        self.plan = plan
        self.key = key
        self.operation = operation
        self.values = values
        self.context = context
        self.at = at
        self.old = old
        self.new = new
        self.former_key = former_key
        self.cascaded = cascaded
        self.links = links
        self.summary = summary

    @property
    def entity(self) -> str:
        """Return the policy's name for the model, such as ``track_lock``."""
        return self.plan.entity

    @property
    def entity_id(self) -> str:
        """Return the key's parts joined by ``:``; secret or above 64 characters, their SHA-256.

        Empty where the database made the key and did not tell it, and for a summary.
        """
        return entity_id_of(self.plan, self.key)

    @property
    def is_named(self) -> bool:
        """Tell whether the key of the object is known, even if it is an empty text."""
        return self.key[0].__class__ is not Untold

    @property
    def former_id(self) -> str | None:
        """Return the ``entity_id`` before an update that changed the primary key, else None."""
        return None if self.former_key is None else entity_id_of(self.plan, self.former_key)

    @property
    def action(self) -> Action:
        """Return what happened to the object; by ``soft_delete`` an update may mean more."""
        column = self.plan.soft_delete
        if column is None or self.operation != "update" or column not in self.old:
            return self.operation
        was, is_ = _is_set(self.old[column]), _is_set(self.new[column])
        if was is is_:
            return "update"
        return "delete" if is_ else "restore"

    @property
    def changed(self) -> frozenset[str]:
        """Return the counted columns that changed; for a create, those that are not null."""
        if self.operation == "update":
            return frozenset((*self.old, *self.links)) if self.links else frozenset(self.old)
        if self.operation == "delete":
            return frozenset()
        return frozenset(
            name for name in self.plan.counted if self.values.get(name) is not None
        )

    def value(self, name: str) -> Any:
        """Return a column's value after the change (for a delete, before); None when unknown.

        Of a many-to-many collection, the names that came; `before` returns those that went.
        """
        if name in self.links:
            pair = told(self.links[name], self.operation)
            return pair and pair[0 if self.operation == "delete" else 1]
        return _masked(self.values.get(name))

    def before(self, name: str) -> Any:
        """Return a column's value before the change; None for a create."""
        if self.operation == "create":
            return None
        if name in self.links:
            pair = told(self.links[name], self.operation)
            return pair and pair[0]
        return _masked(self.old[name] if name in self.old else self.values.get(name))

    def after(self, name: str) -> Any:
        """Return a column's value after the change; None for a delete."""
        return None if self.operation == "delete" else self.value(name)

    @property
    def label(self) -> str:
        """Return what names the object in a sentence; ``#<key>`` where nothing does."""
        return label_in(self.plan, self.values) or f"#{self.entity_id or '?'}"

    @property
    def playlist_id(self) -> Any:
        """Return the playlist that the object belongs to, or None."""
        return self.value(self.plan.playlist[0]) if self.plan.playlist[0] else None

    @property
    def playlist_name(self) -> Any:
        """Return that playlist's name as the row has it, or None."""
        return self.value(self.plan.playlist[1]) if self.plan.playlist[1] else None

    @property
    def owner(self) -> Any:
        """Return the key of the user whom the object belongs to, or None."""
        return self.value(self.plan.owner) if self.plan.owner else None

    @property
    def reason(self) -> str | None:
        """Return the reason bound when the change was flushed."""
        return self.context.reason

    @property
    def source(self) -> str | None:
        """Return the source bound when the change was flushed: web, scheduler, cli, ..."""
        return self.context.source

    @property
    def created_at(self) -> datetime:
        """Return when the change was flushed: naive UTC."""
        return self.at


def _is_set(value: Any) -> bool:
    """Tell whether a soft delete's column says so, be it a time or a flag."""
    return value is not None and value is not False


def label_in(plan: Plan, values: Mapping[str, Any]) -> str:
    """Return the text by which canonical values name their object, or an empty one."""
    for name in plan.label:
        value = values.get(name)
        if value is not None and value != "":
            if value.__class__ is str:
                return value
            return value.name if isinstance(value, NamedDigest) else str(_masked(value))
    return ""


def _masked(value: Any) -> Any:
    return repr(value) if isinstance(value, (Secret, Unknown)) else value


def replace(change: Change, **other: Any) -> Change:
    """Return a copy with some fields exchanged."""
    fields = {name: getattr(change, name) for name in Change.__slots__}
    return Change(**{**fields, **other})


def combine(first: Change, second: Change) -> Change | None:
    """Return the net of two changes of one object, in this order; None when nothing remains.

    The net keeps the time and the actor of the first (rule A4). Where the key changed, it has the
    time at which the object took its last one: who bore a key when is told by that order.
    """
    links = net_links(first.links, second.links)
    if first.operation == "create":
        if second.operation == "delete":
            return None
        # What counts and did not change may be stale in the object that told of the update, after
        # a statement that synchronized no session; what does not count is never in `new`.
        known = first.values.keys() & first.plan.counted_set
        loose = {name: value for name, value in second.values.items() if name not in known}
        values = {**first.values, **loose, **second.new}
        return replace(first, key=second.key, values=values, links=links,
                       at=_moved_at(first, second))
    if first.operation == "update":
        if second.operation == "update":
            return _both_updates(first, second, links)
        if second.operation == "delete":
            return replace(
                second,
                key=first.former_key or second.key,
                values={**second.values, **first.old},
                context=first.context,
                at=first.at,
                cascaded=total(first.cascaded, second.cascaded),
                links=links,
            )
        return replace(first, values={**first.values, **second.values}, links=links)
    return switched(first, second)


def _both_updates(first: Change, second: Change, links: Links) -> Change | None:
    old = {**second.old, **first.old}
    new = {**first.new, **second.new}
    values = {**first.values, **second.values, **new}
    same = [name for name in old if old[name] == new[name]]
    for name in same:
        del old[name], new[name]
    cascaded = total(first.cascaded, second.cascaded)
    if not old and not links and not cascaded:
        return None
    former = first.former_key or second.former_key
    return replace(
        first,
        key=second.key,
        at=_moved_at(first, second),
        former_key=None if former == second.key else former,
        values=values,
        old=old,
        new=new,
        cascaded=cascaded,
        links=links,
    )


def _moved_at(first: Change, second: Change) -> datetime:
    return first.at if second.former_key is None else second.at


def total(one: Mapping[str, int] | None, two: Mapping[str, int] | None
          ) -> Mapping[str, int] | None:
    """Return how many rows went with an object in two changes of it, by entity."""
    return Counter(one) + Counter(two) if one and two else one or two


def switched(gone: Change, made: Change) -> Change | None:
    """Return the update that a delete and a re-creation of one key amount to; None if equal.

    For the reader of the table it is one row that was altered. What the database took along with
    the first is gone all the same.
    """
    old, new = {}, {}
    for name in made.plan.counted:
        before, after = gone.values.get(name), made.values.get(name)
        if before != after:
            old[name], new[name] = before, after
    links = net_links(gone.links, made.links)
    if not old and not links and not gone.cascaded:
        return None
    return replace(gone, plan=made.plan, operation="update", values=made.values, old=old, new=new,
                   links=links)
