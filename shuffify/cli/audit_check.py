"""`shuffify audit check`: every model and type has a policy and a producer; none has drifted."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

import click

from shuffify.audit import describe, drift
from shuffify.audit_trail import trail
from shuffify.cli import terminal
from shuffify.enums import EXPLICIT_TYPES, ActivityType
from shuffify.extensions import Model
from shuffify.models.db import db

ACCEPTED = Path(__file__).parent.parent / "audit_policy.json"
"""How each column is recorded, as somebody has accepted it; under version control."""


@click.command("check")
@click.option("--accept", is_flag=True, help="Take what the policies come to for decided.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
def check(accept: bool, as_json: bool) -> None:
    """Check the policies of all models; needs no database.

    Names types that nothing leaves, new columns that look secret or large and that nobody has
    decided about, and columns of which less is recorded than was accepted. Ends with 1 when
    something needs a decision.
    """
    trail.watch(db.session, base=db.Model)
    Model.registry.configure()
    if accept:
        _write(describe(trail.registry))
    problems = [*_types(), *drift(trail.registry, _read())]
    if as_json:
        terminal.echo_json({"problems": problems, "entities": describe(trail.registry)})
    else:
        terminal.echo(problems or [_summary()])
    if problems:
        raise SystemExit(1)


def _types() -> Iterator[str]:
    derived = trail.registry.known_types()
    for kind in ActivityType:
        is_explicit = kind in EXPLICIT_TYPES
        if kind.value not in derived and not is_explicit:
            yield f"{kind.value}: is an ActivityType, and no change leaves it. Give it a policy."
        if kind.value in derived and is_explicit:
            yield (
                f"{kind.value}: is logged by a service, and changes of "
                f"{', '.join(sorted(derived[kind.value]))} leave it as well. Keep one of the two."
            )


def _read() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(ACCEPTED.read_text())
    except FileNotFoundError:
        return {}
    return found


def _write(description: dict[str, Any]) -> None:
    ACCEPTED.write_text(json.dumps(description, indent=2) + "\n")


def _summary() -> str:
    entities = describe(trail.registry)
    columns = sum(len(entity["columns"]) for entity in entities.values())
    types = len({*trail.registry.known_types(), *EXPLICIT_TYPES})
    return f"{len(entities)} models, {columns} columns and {types} types: all decided."
