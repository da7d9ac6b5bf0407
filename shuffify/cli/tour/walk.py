"""The tour: every step through the app's real routes, and exactly the rows that it must leave."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests
from sqlalchemy import select

from shuffify.audit_trail import trail
from shuffify.cli.demo_world import Demo
from shuffify.cli.tour.browser import Browser, Outcome
from shuffify.cli.tour.rows import Comparison, Facts, Row
from shuffify.models.db import ActivityLog, User, db
from shuffify.models.sqlite import read_transactions

HARMLESS_COUNTERS = frozenset({"rows", "bypasses.allowed"})


class Walk:
    """The tour under way: its browsers and what it has learned."""

    def __init__(self, world: Demo) -> None:
        self.world = world
        self.facts: Facts = {"start": datetime.now(UTC)}
        self._browsers: dict[str, Browser] = {}

    def browser(self, name: str) -> Browser:
        """Return the browser of this name; a new one has no cookies."""
        if name not in self._browsers:
            self._browsers[name] = Browser(self.world.url)
        return self._browsers[name]

    def close(self) -> None:
        for browser in self._browsers.values():
            browser.close()


@dataclass(frozen=True)
class Step:
    """Something that a user does, and what it must leave in the trail."""

    name: str
    request: Callable[[Walk], Outcome]
    rows: Sequence[Row] = ()
    status: int = 200
    learns: Mapping[str, str] = field(default_factory=dict)
    """Facts to take from the answer: name -> dotted path, where `*` means of each."""


@dataclass(frozen=True)
class Report:
    """How a tour went; `rows` are all that the trail holds, oldest first."""

    rows: list[dict[str, Any]]
    differences: list[str]
    summary: str


def take_tour(world: Demo, steps: Sequence[Step], types: Iterable[str] = ()) -> Report:
    """Walk the steps; whatever differs from what they say is in the report.

    So is each of the `types` that no row is of.
    """
    walk = Walk(world)
    counted = trail.counters()
    seen: list[dict[str, Any]] = []
    differences: list[str] = []
    try:
        for number, step in enumerate(steps, start=1):
            problems = _take(walk, step, seen)
            differences += [f"Step {number}, {step.name}: {text}" for text in problems]
        late = _rows_after(walk, _last_id(seen))
    finally:
        walk.close()
    seen += late
    differences += [f"After the last step: {row['description']!r}" for row in late]
    differences += _losses(counted)
    found = {row["activity_type"] for row in seen}
    differences += [f"No step leaves a row of type {kind}." for kind in types if kind not in found]
    ending = "exactly as expected" if not differences else f"{len(differences)} differences"
    return Report(seen, differences, f"{len(steps)} steps, {len(seen)} rows: {ending}.")


def _take(walk: Walk, step: Step, seen: list[dict[str, Any]]) -> list[str]:
    try:
        outcome = step.request(walk)
    except (requests.RequestException, KeyError) as error:
        # A KeyError is a fact that an earlier step failed to learn.
        return [f"it could not be done ({error!r})"]
    problems = list(outcome.problems)
    if outcome.status != step.status:
        message = outcome.body.get("message", "")
        problems.append(f"the answer was {outcome.status} instead of {step.status} {message}")
    for name, path in step.learns.items():
        walk.facts[name] = _at(outcome.body, path)
    rows = _rows_after(walk, _last_id(seen))
    comparison = Comparison(walk.facts)
    comparison.rows(step.rows, rows, outcome.request_id)
    seen += rows
    return problems + comparison.differences


def _at(body: Any, path: str) -> Any:
    name, _, rest = path.partition(".")
    if name == "*":
        return [_at(item, rest) for item in body] if isinstance(body, list) else None
    value = body.get(name) if isinstance(body, dict) else None
    return _at(value, rest) if rest else value


def _last_id(seen: Sequence[Mapping[str, Any]]) -> int:
    return int(seen[-1]["id"]) if seen else 0


def _rows_after(walk: Walk, last_id: int) -> list[dict[str, Any]]:
    with walk.world.app.app_context(), read_transactions():
        for number, spotify_id in db.session.execute(select(User.id, User.spotify_id)):
            walk.facts[f"user:{spotify_id}"] = number
        newer = select(ActivityLog).where(ActivityLog.id > last_id).order_by(ActivityLog.id)
        return [row.to_dict() for row in db.session.scalars(newer)]


def _losses(before: Mapping[str, int]) -> list[str]:
    return [
        f"The trail counted {name}: {number - before.get(name, 0)}."
        for name, number in trail.counters().items()
        if number != before.get(name, 0) and name not in HARMLESS_COUNTERS
    ]
