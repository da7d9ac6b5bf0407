"""A row of the log in other systems' words: CloudEvents 1.0, Elastic Common Schema, CSV. Pure.

A row here is a mapping with the log's columns, times as ISO 8601 text and the metadata, under
``metadata``, as a mapping. docs/audit/export.md tells what becomes of each column.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]

ECS_VERSION: Final = "8.17.0"

_ECS_TYPES: Final[Mapping[str, str]] = {
    "create": "creation", "add": "creation", "save": "change", "update": "change",
    "toggle": "change", "change": "change", "restore": "change", "shuffle": "change",
    "commit": "change", "delete": "deletion", "prune": "deletion", "erase": "deletion",
    "login": "start", "logout": "end",
}
"""What ECS calls the last word of an activity's type; `info` where it is none of these."""

_ECS_CATEGORIES: Final[Mapping[str, str]] = {
    "login": "authentication", "logout": "authentication", "user": "iam",
}
"""By the type itself or its first word; `configuration` for all else."""

_ECS_OUTCOMES: Final[Mapping[Any, str]] = {
    "failed": "failure", "interrupted": "failure", "skipped": "unknown",
}
"""By the metadata's `outcome`; what stands in the log without one did happen."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, but part of Persian words and of emoji."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cloud_event(row: Row, *, source: str, prefix: str) -> dict[str, Any]:
    """Return a row as a CloudEvent in JSON format.

    ``source`` is a URI-reference of this log; ``prefix`` the reversed domain of the types' names,
    as in ``io.shuffify``.
    """
    subject = row.get("entity_type")
    if subject and row.get("entity_id"):
        subject = f"{subject}/{row['entity_id']}"
    event = {
        "specversion": "1.0",
        "id": row["event_id"],
        "source": source,
        "type": f"{prefix}.{row['activity_type']}.v1",
        "subject": subject or None,
        "time": row["created_at"],
        "datacontenttype": "application/json",
        "data": {name: value for name, value in row.items() if name != "event_id"},
    }
    return {name: value for name, value in event.items() if value is not None}


def ecs(row: Row, *, namespace: str) -> dict[str, Any]:
    """Return a row as an ECS document; what ECS has no field for stands under ``namespace``."""
    kind = row["activity_type"]
    metadata = row.get("metadata")
    known, client = _mapping(metadata), _mapping(_mapping(metadata).get("client"))
    own = {
        name: row.get(name)
        for name in ("id", "entity_type", "entity_id", "playlist_id", "playlist_name", "source")
    }
    return _given({
        "@timestamp": row["created_at"],
        "ecs": {"version": ECS_VERSION},
        "message": row["description"],
        "event": _given({
            "id": row["event_id"],
            "kind": "event",
            "action": kind,
            "category": [_category(kind)],
            "type": [_ECS_TYPES.get(kind.rpartition("_")[2], "info")],
            "outcome": _ECS_OUTCOMES.get(_text(known.get("outcome")), "success"),
            "dataset": f"{namespace}.activity",
            "provider": row.get("source"),
            "reason": _text(known.get("reason")),
        }),
        "user": _given({"id": None if row.get("user_id") is None else str(row["user_id"])}),
        "http": _given({"request": _given({"id": row.get("request_id")})}),
        "source": _given({"ip": row.get("remote_addr") or _text(client.get("remote_addr"))}),
        "user_agent": _given({
            "original": row.get("user_agent") or _text(client.get("user_agent"))
        }),
        namespace: _given({**own, "metadata": metadata or None}),
    })


def csv_cells(row: Row) -> list[str]:
    """Return a row's columns as cells; the metadata as JSON.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, and what could
    steer a terminal is spelt out.
    """
    return [_cell(value) for value in row.values()]


def _mapping(value: Any) -> Mapping[str, Any]:
    # What stands in the log may have been put there by hand.
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def spelt_out(text: str) -> str:
    """Return text in which what could steer or mislead a terminal is visible, as ``\\x1b``."""
    if text.isprintable():  # Most are, and it takes no loop to see.
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if _is_hostile(char) else char
        for char in text
    )


def _is_hostile(char: str) -> bool:
    # Control, format (with all bidi controls), surrogate, line and paragraph separator.
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS


def _category(kind: str) -> str:
    for name in (kind, kind.partition("_")[0]):
        if name in _ECS_CATEGORIES:
            return _ECS_CATEGORIES[name]
    return "configuration"


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != {}}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value) if isinstance(value, int) else json.dumps(value, sort_keys=True)
    told = f"'{value}" if value.startswith(_FORMULA) else value
    # A line break is part of the format, in quotes.
    return "\n".join(map(spelt_out, told.split("\n")))
