"""From a net Change to a row of the log: type, sentence, metadata, limits, masking. Pure.

A policy's function that raises costs its own cell: the default takes its place, and the trail
counts the cell as degraded (rule A2).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table

from .canonical import encode, plain
from .change import FORMER_ID, HEIR, Change
from .context import AuditContext
from .event_ids import new_event_ids
from .links import told
from .masks import masked, may_hold, spelt
from .policy import RESERVED, reserved

Row = dict[str, Any]
Degraded = Callable[[str, Change, Exception], None]

LIMITS: Final[Mapping[str, int]] = {
    "activity_type": 50,
    "description": 500,
    "playlist_id": 255,
    "playlist_name": 255,
    "entity_type": 50,
    "entity_id": 64,
    "source": 20,
    "request_id": 36,
    "event_id": 36,
    "remote_addr": 45,
    "user_agent": 512,
}
"""Characters a field may have where the log's own column does not say it."""

METADATA_BYTES: Final = 8192
"""What one row's metadata may take, encoded; above that, only the changed columns' names stay."""

LONGEST_PART: Final = 1024
"""What the reason or another part of truncated metadata may take, encoded."""

_VERBS: Final = {
    "create": "Created", "update": "Updated", "delete": "Deleted", "restore": "Restored"
}


class Renderer:
    """Renders rows for one log table: fields that the table lacks are left out."""

    def __init__(self, log: Table, degraded: Degraded) -> None:
        self.limits = {
            name: getattr(log.c[name].type, "length", None) or limit
            for name, limit in LIMITS.items() if name in log.c
        }
        self.fields = frozenset(log.c.keys())
        self._degraded = degraded
        self._texts = tuple(self.limits.items())
        self._client = not {"remote_addr", "user_agent"} <= self.fields

    def row(self, change: Change, event_id: str, elsewhere: bool = False,
            heir: str | None = None) -> Row | None:
        """Return the change as a row, or None where its policy wants none.

        What happened ``elsewhere`` than in the log's own transaction says so; ``heir`` is the
        event by which another object took the former key before this row.
        """
        plan, context = change.plan, change.context
        rule = plan.types[change.operation if plan.soft_delete is None else change.action]
        if rule is not None and rule.__class__ is not str:
            rule = self._cell("types", rule, change, f"{plan.entity}_{change.action}")
        if rule is None:
            return None
        user_id, actor = acting(context, change)
        return self.fit({
            "user_id": user_id,
            "activity_type": rule,
            "description": self._sentence(change),
            "playlist_id": change.playlist_id,
            "playlist_name": change.playlist_name,
            "metadata_json": self._metadata(change, actor, elsewhere, heir),
            "created_at": change.at,
            "event_id": event_id,
            "entity_type": plan.entity,
            "entity_id": change.entity_id if change.is_named else None,
            "source": context.source,
            "request_id": context.request_id,
            "remote_addr": context.remote_addr,
            "user_agent": context.user_agent,
        })

    def explicit(self, context: AuditContext, at: datetime, given: Row) -> Row:
        """Return a row about something that changed no object; its metadata stays as given."""
        metadata = given["metadata_json"]
        return self.fit({
            **dict.fromkeys(self.limits),
            **given,
            "activity_type": str(given["activity_type"]),
            "metadata_json": None if metadata is None else bounded(
                masked(metadata), [str(key) for key in metadata]
            ),
            "created_at": at,
            "event_id": given["event_id"] or new_event_ids(1, at, os.urandom(8))[0],
            "source": context.source,
            "request_id": context.request_id,
            "remote_addr": context.remote_addr,
            "user_agent": context.user_agent,
        })

    def fit(self, row: Row) -> Row:
        """Cut every text to its column and clean it of what a database refuses (rule A11)."""
        for name, limit in self._texts:
            value = row[name]
            if value is not None:
                if value.__class__ is not str:
                    value = row[name] = str(plain(value))
                if len(value) > limit or not value.isascii() or "\0" in value:
                    row[name] = text(value, limit)
        return row

    # -- cells ---------------------------------------------------------------------------------

    def _cell(self, name: str, function: Callable[[Change], Any], change: Change, default: Any
              ) -> Any:
        try:
            return function(change)
        except Exception as error:
            self._degraded(name, change, error)
            return default

    def _sentence(self, change: Change) -> str:
        describe = change.plan.describe
        if describe is not None and change.summary is None:
            sentence = self._cell("description", describe, change, None)
            if sentence:
                return str(sentence)
        return sentence_for(change)

    def _metadata(
        self, change: Change, actor: Mapping[str, Any] | None, elsewhere: bool, heir: str | None
    ) -> str:
        plan, context = change.plan, change.context
        metadata: dict[str, Any] = {}
        if change.summary is not None:
            metadata["bulk"] = dict(change.summary)
        else:
            for name, source in plan.extra:
                metadata[name] = change.values.get(source)
            for function in plan.extra_functions:
                given = self._cell("extra", _plain_mapping(function), change, {})
                own = RESERVED & given.keys()
                if own:
                    self._degraded("extra", change, reserved(plan.model, own))
                metadata.update((key, given[key]) for key in given if key not in own)
        changes = differences(change)
        metadata["changes"] = changes
        if actor is not None:
            metadata["actor"] = actor
        if change.cascaded:
            metadata["cascaded"] = dict(change.cascaded)
        if change.former_key is not None:
            metadata[FORMER_ID] = change.former_id
            if heir is not None:
                metadata[HEIR] = heir
        if elsewhere:
            metadata["other_bind"] = True
        self.add_context(metadata, context)
        encoded = bounded(metadata, list(changes))
        if may_hold(encoded):
            exact = {name: spelt(pair) if name in plan.columns else pair
                     for name, pair in changes.items()}
            if exact != changes:
                return bounded({**metadata, "changes": exact}, list(changes))
        return encoded

    def add_context(self, metadata: dict[str, Any], context: AuditContext) -> None:
        """Add why and for whom somebody acted, where the application said so."""
        if context.reason is not None:
            metadata["reason"] = context.reason
        if context.on_behalf_of is not None:
            metadata["on_behalf_of"] = plain(context.on_behalf_of)
        if self._client and (context.remote_addr or context.user_agent):
            metadata["client"] = {
                "remote_addr": context.remote_addr, "user_agent": context.user_agent
            }


def _plain_mapping(function: Callable[[Change], Any]) -> Callable[[Change], Any]:
    return lambda change: plain(dict(function(change) or {}))


def acting(context: AuditContext, change: Change) -> tuple[Any, dict[str, Any] | None]:
    """Return the row's user and, where the acting user is not simply that, who acted."""
    actor = context.actor
    if actor.kind == "user" and actor.user_id is not None:
        return actor.user_id, None
    user_id = actor.user_id if actor.user_id is not None else change.owner
    return user_id, actor_of(context)


def actor_of(context: AuditContext) -> dict[str, Any]:
    """Return who acted as metadata tell it."""
    actor = context.actor
    return {"kind": actor.kind, "id": actor.user_id, "label": actor.label}


def sentence_for(change: Change) -> str:
    """Say what happened in the default words: ``Updated track lock 'Intro' (position)``."""
    action, noun = change.action, change.plan.noun
    if change.summary is None:
        sentence = f"{_VERBS[action]} {noun} '{change.label}'"
    else:
        count = change.summary["count"]
        many = "rows" if count is None else "1 row" if count == 1 else f"{count} rows"
        sentence = f"{_VERBS[action]} {noun} in bulk: {many}"
    if action == "update" and (change.old or change.links):
        names = (*change.old, *change.links) if change.links else change.old
        sentence += f" ({', '.join(names)})"
    return sentence


def differences(change: Change) -> dict[str, list[Any]]:
    """Map each recorded column to its value before and after; null on both sides is left out.

    Of a many-to-many collection only the difference: the names removed and the names added.
    """
    if change.operation == "update":
        new = change.new
        found = {name: [before, new[name]] for name, before in change.old.items()}
    else:
        values, created = change.values, change.operation == "create"
        found = {
            name: [None, values[name]] if created else [values[name], None]
            for name in change.plan.counted if values.get(name) is not None
        }
    if change.links:
        for name, difference in change.links.items():
            pair = told(difference, change.operation)
            if pair is not None:
                found[name] = pair
    return found


# -- limits ------------------------------------------------------------------------------------


def text(value: str, limit: int) -> str:
    """Return text that every database takes: no NUL, no lone surrogate, at most ``limit`` long."""
    if "\0" in value:
        value = value.replace("\0", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        # Halves that belong together become the character they mean; lone ones U+FFFD.
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value[:limit]


def bounded(metadata: Mapping[str, Any], changed: list[str]) -> str:
    """Encode metadata as JSON that every database takes, in at most `METADATA_BYTES`."""
    encoded = encode(metadata)
    if "\\u0000" in encoded or "\\ud" in encoded or "NaN" in encoded or "Infinity" in encoded:
        encoded = encode(clean(metadata))
    if len(encoded) <= METADATA_BYTES:
        return encoded
    # Without these, rows that were pruned or under a former key would be taken for another's.
    end = {name: value for name, value in metadata.items()
           if name == "up_to_id" and type(value) is int and value.bit_length() < 64
           or name in (FORMER_ID, HEIR) and type(value) is str
           and len(value) <= LIMITS["entity_id"]}
    short: dict[str, Any] = {"truncated": True, **end, "changes": changed}
    for name in ("actor", "reason", "on_behalf_of", "cascaded", "bulk"):
        if name in metadata:
            value = clean(metadata[name])
            short[name] = value if len(encode(value)) <= LONGEST_PART else str(value)[:500]
    while len(encoded := encode(clean(short))) > METADATA_BYTES and short.get("changes"):
        short["changes"] = short["changes"][: len(short["changes"]) // 2]
    return encoded if len(encoded) <= METADATA_BYTES else encode(clean({"truncated": True, **end}))


def clean(value: Any) -> Any:
    """Return a value with all of its texts such that every database takes them."""
    if isinstance(value, str):
        return text(value, len(value))
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return plain(value)
