"""`shuffify audit reconcile`: the live tables against the trail."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click
from flask.cli import with_appcontext

from shuffify.audit import Finding, Reconciliation
from shuffify.audit_trail import trail
from shuffify.cli import terminal
from shuffify.cli.audit_reading import reading
from shuffify.cli.terminal import Column
from shuffify.extensions import db
from shuffify.models.base import iso_utc
from shuffify.web.negotiation import counted

MEANINGS = {
    "altered": "is not what the trail says it is",
    "appeared": "exists, and the trail does not tell of its creation",
    "vanished": "is gone, and the trail does not tell of its deletion",
}


@click.command("reconcile")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@with_appcontext
def reconcile(as_json: bool) -> None:
    """Name every row whose present state the trail does not explain.

    Somebody changed it past the app, with the database's own shell for instance, after the time
    given. What the trail does not hold by design is listed as not covered. Ends with 1 when
    something is unexplained.
    """
    with reading():
        reconciler = trail.reconcile()
        findings, result = reconciler.run(db.engine), reconciler.result
        if as_json:
            terminal.echo_json(_as_json(list(findings), result))
        else:
            for line in _lines(findings, result):
                terminal.echo([line])  # As it is found: there may be more than memory holds.
    if result.unexplained:
        raise SystemExit(1)


def _as_json(findings: list[Finding], result: Reconciliation) -> dict[str, Any]:
    return {
        "objects": result.objects,
        "events": result.events,
        "unexplained": [
            {
                "kind": one.kind,
                "entity_type": one.entity,
                "entity_id": one.entity_id,
                "columns": list(one.columns),
                "since": None if one.since is None else iso_utc(one.since),
            }
            for one in findings
        ],
        "not_covered": [
            {"entity_type": entity, "column": column or None, "reason": reason, "objects": number}
            for (entity, column, reason), number in sorted(result.not_covered.items())
        ],
    }


def _lines(findings: Iterator[Finding], result: Reconciliation) -> Iterator[str]:
    for one in findings:
        yield terminal.harmless(_told(one))
    if result.unexplained:
        yield ""
    yield (
        f"{counted(result.objects, 'object')} compared with {counted(result.events, 'event')}: "
        f"{result.unexplained:,} unexplained."
    )
    if result.not_covered:
        yield ""
        yield from _not_covered(result.not_covered)


def _told(one: Finding) -> str:
    what = f"{one.entity} {one.entity_id} {MEANINGS[one.kind]}"
    if one.columns:
        what += f": {', '.join(one.columns)}"
    return f"{what} (since {iso_utc(one.since)})" if one.since else what


def _not_covered(reasons: Counter[tuple[str, str, str]]) -> Iterator[str]:
    records = [
        {"NOT COVERED": f"{entity}.{column}" if column else entity, "REASON": reason,
         "OBJECTS": f"{number:,}"}
        for (entity, column, reason), number in sorted(reasons.items())
    ]
    longest = max(len(record["NOT COVERED"]) for record in records)
    names = Column("NOT COVERED", max(longest, len("NOT COVERED")))
    numbers = Column("OBJECTS", 9, right=True)
    gaps = 2 * len(terminal.GAP)
    reason = Column("REASON", max(24, terminal.width() - names.width - numbers.width - gaps))
    return terminal.table([[names, reason, numbers]], records)
